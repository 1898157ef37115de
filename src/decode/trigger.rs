//! The trigger's binding as `function.json` declares it: it settles how the payload is to be read.

use std::path::Path;

use serde::Deserialize;

/// How many events an invocation carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cardinality {
    /// One: what the host takes where function.json does not say.
    One,
    /// A batch.
    Many,
}

/// As what the host hands an event over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataType {
    /// Its bytes, in base64.
    Binary,
    /// Its text: what was not UTF-8 has become U+FFFD before it comes here.
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

    /// Reads `<app>/<function>/function.json`; where there is none, nothing is declared.
    ///
    /// # Errors
    /// Where the file is there and is not what the host would take, either.
    pub fn load(app: &Path, function: &str) -> Result<Self, TriggerError> {
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
        Self::parse(&text).map_err(error)
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let function: FunctionJson =
            serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let trigger = function
            .bindings
            .into_iter()
            .find(|binding| {
                binding["type"]
                    .as_str()
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("eventHubTrigger"))
            })
            .ok_or("no binding of the type eventHubTrigger")?;
        let binding = Binding::deserialize(trigger)
            .map_err(|error| format!("the binding of the type eventHubTrigger: {error}"))?;
        Ok(Self::declared(
            &binding.name,
            binding.cardinality.unwrap_or(Cardinality::One),
            binding.data_type.unwrap_or(DataType::Value),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(binding: &str) -> Result<Trigger, String> {
        Trigger::parse(
            format!(r#"{{"bindings":[{{"type":"http","name":"x"}},{binding}]}}"#).as_bytes(),
        )
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
    fn the_shipped_trigger_is_many_and_binary() {
        let app = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(
            Trigger::load(app, "IngestOrders").unwrap(),
            Trigger::declared("events", Cardinality::Many, DataType::Binary)
        );
        assert_eq!(
            Trigger::load(app, "NoSuchFunction").unwrap(),
            Trigger::default()
        );
    }
}
