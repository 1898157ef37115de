//! The trigger's binding as `function.json` declares it: it settles how the payload is to be read.

use std::path::Path;

use serde::Deserialize;

use crate::event::Log;

/// How many events an invocation carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cardinality {
    /// One: what the host takes where function.json does not say.
    #[serde(alias = "ONE", alias = "One")]
    One,
    /// A batch.
    #[serde(alias = "MANY", alias = "Many")]
    Many,
}

/// As what the host hands an event over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// Its bytes, in base64.
    #[serde(alias = "BINARY", alias = "Binary")]
    Binary,
    /// Its text: what was not UTF-8 has become U+FFFD before it comes here.
    #[serde(alias = "STRING", alias = "String")]
    String,
    /// What function.json without `dataType` gives: a JSON value.
    #[serde(skip)]
    Value,
}

/// The trigger's binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// The binding's name, a key of `Data`.
    pub name: String,
    /// Cardinality and data type; `None` where there is no function.json to ask, and the payload
    /// has to speak for itself.
    pub declared: Option<(Cardinality, DataType)>,
}

impl Default for Trigger {
    fn default() -> Self {
        Self {
            name: "events".to_owned(),
            declared: None,
        }
    }
}

/// A function.json that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct TriggerError {
    file: String,
    problem: String,
}

#[derive(Deserialize)]
struct FunctionJson {
    bindings: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    name: String,
    cardinality: Option<Cardinality>,
    data_type: Option<DataType>,
}

impl Trigger {
    /// A trigger that is declared.
    pub fn declared(name: &str, cardinality: Cardinality, data_type: DataType) -> Self {
        Self {
            name: name.to_owned(),
            declared: Some((cardinality, data_type)),
        }
    }

    /// Reads the trigger of a hub or of a topic in `<app>/<function>/function.json`; where there is
    /// none, nothing is declared.
    ///
    /// # Errors
    /// Where the file is there and is not what the host would take, either.
    pub fn load(app: &Path, function: &str, log: Log) -> Result<Self, TriggerError> {
        let file = app.join(function).join("function.json");
        let error = |problem: String| TriggerError {
            file: file.display().to_string(),
            problem,
        };
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(other) => return Err(error(other.to_string())),
        };
        Self::parse(&text, log).map_err(error)
    }

    fn parse(text: &[u8], log: Log) -> Result<Self, String> {
        let wanted = match log {
            Log::Hub => "eventHubTrigger",
            Log::Topic => "kafkaTrigger",
        };
        let function: FunctionJson =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let trigger = function
            .bindings
            .into_iter()
            .find(|binding| {
                binding["type"]
                    .as_str()
                    .is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
            })
            .ok_or_else(|| format!("no binding of the type {wanted}"))?;
        let binding = Binding::deserialize(trigger)
            .map_err(|error| format!("the binding of the type {wanted}: {error}"))?;
        let cardinality = binding.cardinality.unwrap_or(Cardinality::One);
        let data_type = binding.data_type.unwrap_or(DataType::Value);
        if log == Log::Topic && (cardinality == Cardinality::One || data_type == DataType::Value) {
            return Err(format!(
                "the binding of the type {wanted}: cardinality has to be many, and dataType binary or string"
            ));
        }
        Ok(Self::declared(&binding.name, cardinality, data_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(binding: &str) -> Result<Trigger, String> {
        parse_of(Log::Hub, binding)
    }

    fn parse_of(log: Log, binding: &str) -> Result<Trigger, String> {
        let file = format!(r#"{{"bindings":[{{"type":"http","name":"x"}},{binding}]}}"#);
        Trigger::parse(file.as_bytes(), log)
    }

    #[test]
    fn what_is_left_out_is_one_and_a_value() {
        assert_eq!(
            parse(r#"{"type":"eventHubTrigger","name":"e"}"#),
            Ok(Trigger::declared("e", Cardinality::One, DataType::Value))
        );
        assert_eq!(
            parse(
                r#"{"type":"EventHubTrigger","name":"e","cardinality":"many","dataType":"binary"}"#
            ),
            Ok(Trigger::declared("e", Cardinality::Many, DataType::Binary))
        );
    }

    #[test]
    fn what_the_host_would_not_take_is_an_error() {
        assert!(parse(r#"{"type":"kafkaTrigger","name":"e"}"#).is_err());
        assert!(parse(r#"{"type":"eventHubTrigger","name":"e","dataType":"stream"}"#).is_err());
        assert!(parse(r#"{"type":"eventHubTrigger"}"#).is_err());
    }

    #[test]
    fn a_topics_records_come_by_the_many() {
        let parse = |binding| parse_of(Log::Topic, binding);
        assert_eq!(
            parse(r#"{"type":"kafkaTrigger","name":"r","cardinality":"MANY","dataType":"String"}"#),
            Ok(Trigger::declared("r", Cardinality::Many, DataType::String))
        );
        assert!(parse(r#"{"type":"kafkaTrigger","name":"r","dataType":"binary"}"#).is_err());
        assert!(parse(r#"{"type":"kafkaTrigger","name":"r","cardinality":"many"}"#).is_err());
        assert!(
            parse(
                r#"{"type":"eventHubTrigger","name":"r","cardinality":"many","dataType":"binary"}"#
            )
            .is_err()
        );
    }

    #[test]
    fn the_shipped_trigger_is_many_and_binary() {
        let app = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(
            Trigger::load(app, "IngestOrders", Log::Hub).unwrap(),
            Trigger::declared("events", Cardinality::Many, DataType::Binary)
        );
        assert_eq!(
            Trigger::load(app, "IngestOrdersKafka", Log::Topic).unwrap(),
            Trigger::declared("records", Cardinality::Many, DataType::Binary)
        );
        assert_eq!(
            Trigger::load(app, "NoSuchFunction", Log::Hub).unwrap(),
            Trigger::default()
        );
    }
}
