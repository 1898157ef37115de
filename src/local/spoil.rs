//! The ways in which producers spoil an event, each with the reason for which it is refused.

use super::dice::Dice;
use super::orders::{Line, object, quoted};
use crate::judge::Reason;

/// A spoilt event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoilt {
    /// What its producer sends.
    pub body: Vec<u8>,
    /// Its application properties, a JSON object.
    pub properties: &'static str,
    /// Why it has to be refused.
    pub reason: Reason,
}

/// The ways, the common ones more than once.
const WAYS: [Way; 22] = [
    Way::PriceAsString,
    Way::PriceAsString,
    Way::QuantityAsString,
    Way::QuantityAsString,
    Way::IsoDate,
    Way::IsoDate,
    Way::CustomerAsFloat,
    Way::CustomerAsFloat,
    Way::NaN,
    Way::NaN,
    Way::LowerCaseKeys,
    Way::ByteOrderMark,
    Way::ArrayOfEvents,
    Way::Truncated,
    Way::Empty,
    Way::Latin1,
    Way::FieldMissing,
    Way::ZeroQuantity,
    Way::WrongSign,
    Way::KeyTwice,
    Way::UnknownSchema,
    Way::TooDeep,
];

#[derive(Debug, Clone, Copy)]
enum Way {
    PriceAsString,
    QuantityAsString,
    IsoDate,
    CustomerAsFloat,
    NaN,
    LowerCaseKeys,
    ByteOrderMark,
    ArrayOfEvents,
    Truncated,
    Empty,
    Latin1,
    FieldMissing,
    ZeroQuantity,
    WrongSign,
    KeyTwice,
    UnknownSchema,
    TooDeep,
}

/// Spoils a line in one of the ways.
pub fn spoil(line: &Line, dice: &mut Dice) -> Spoilt {
    let way = *dice.one(&WAYS);
    let mut fields = line.fields();
    let (reason, properties) = match way {
        Way::NaN | Way::ByteOrderMark | Way::Truncated => (Reason::NotJson, "{}"),
        Way::Empty => (Reason::Empty, "{}"),
        Way::Latin1 => (Reason::NotUtf8, "{}"),
        Way::KeyTwice => (Reason::DuplicateKey, "{}"),
        Way::TooDeep => (Reason::TooDeep, "{}"),
        Way::UnknownSchema => (
            Reason::UnknownSchema,
            r#"{"schema":"order-transaction/9.0.0"}"#,
        ),
        _ => (Reason::Schema, "{}"),
    };
    match way {
        Way::PriceAsString => set(&mut fields, "Price", quoted(&line.price)),
        Way::QuantityAsString => set(&mut fields, "Quantity", quoted(&line.quantity)),
        Way::IsoDate => set(&mut fields, "Date", "\"2019-12-09\"".to_owned()),
        Way::CustomerAsFloat => set(&mut fields, "CustomerNo", "17490.0".to_owned()),
        Way::NaN => set(&mut fields, "CustomerNo", "NaN".to_owned()),
        Way::FieldMissing => fields.retain(|(name, _)| *name != "ProductNo"),
        Way::ZeroQuantity => set(&mut fields, "Quantity", "0".to_owned()),
        Way::WrongSign => {
            let turned = match line.quantity.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None => format!("-{}", line.quantity),
            };
            set(&mut fields, "Quantity", turned);
        }
        Way::KeyTwice => fields.push(("Price", "1.0".to_owned())),
        Way::TooDeep => {
            let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
            fields.push(("Trace", deep));
        }
        _ => {}
    }
    let json = object(&fields);
    let body = match way {
        Way::LowerCaseKeys => {
            let lower: Vec<_> = fields
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.clone()))
                .collect();
            object(&lower).into_bytes()
        }
        Way::ByteOrderMark => [b"\xef\xbb\xbf", json.as_bytes()].concat(),
        Way::ArrayOfEvents => format!("[{json},{json}]").into_bytes(),
        Way::Truncated => json.as_bytes()[..json.len() / 2].to_vec(),
        Way::Empty => Vec::new(),
        Way::Latin1 => {
            let mut bytes = json.into_bytes();
            let inside_the_name = bytes.len() - 3;
            bytes[inside_the_name] = 0xe9;
            bytes
        }
        _ => json.into_bytes(),
    };
    Spoilt {
        body,
        properties,
        reason,
    }
}

fn set(fields: &mut Vec<(&'static str, String)>, name: &'static str, value: String) {
    fields.retain(|(other, _)| *other != name);
    fields.push((name, value));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::event::Stream;
    use crate::judge::{Catalog, Judge, Limits, Submission, Verdict};
    use crate::local::orders::Orders;

    #[test]
    fn every_way_is_refused_for_its_reason() {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let catalog = Arc::new(Catalog::load(&schemas).unwrap());
        let mut judge = Judge::new(&catalog, Limits::default());
        let (mut dice, mut seen) = (Dice::new(7, 3), BTreeMap::new());
        for order in Orders::new(7).take(3_000) {
            let spoilt = spoil(&order.line, &mut dice);
            let verdict = judge.judge(
                &Stream::new("local/orders"),
                &Submission {
                    body: &spoilt.body,
                    properties: Some(spoilt.properties),
                    content_type: None,
                },
            );
            let Verdict::Rejected(rejection) = verdict else {
                panic!("accepted: {}", String::from_utf8_lossy(&spoilt.body));
            };
            assert_eq!(rejection.reason, spoilt.reason, "{rejection:?}");
            *seen.entry(rejection.reason).or_insert(0) += 1;
        }
        assert_eq!(seen.len(), 7, "{seen:?}");
    }

    #[test]
    fn what_is_not_spoilt_is_accepted() {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let catalog = Arc::new(Catalog::load(&schemas).unwrap());
        let mut judge = Judge::new(&catalog, Limits::default());
        for order in Orders::new(7).take(20_000) {
            let json = order.line.json();
            let submission = Submission {
                body: json.as_bytes(),
                properties: None,
                content_type: None,
            };
            let verdict = judge.judge(&Stream::new("local/orders"), &submission);
            assert!(
                matches!(verdict, Verdict::Accepted(_)),
                "{json}: {verdict:?}"
            );
        }
    }
}
