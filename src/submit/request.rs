//! What was posted: the events of a request, their properties and their ids.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request as HttpRequest;
use azure_core::Uuid;
use http_body_util::{BodyExt, Limited};
use serde_json::value::RawValue;

use super::Properties;
use super::problem::Problem;

/// The most events of one request.
pub(super) const MOST: usize = 1_000;

/// The longest `Idempotency-Key`.
const LONGEST_KEY: usize = 128;

/// The path of the API; behind it may stand the subject of the events.
pub(super) const PATH: &str = "/api/orders";

/// A request, without how it came.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// Its headers, by their names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    /// The subject that its path names.
    pub(super) subject: Option<String>,
    /// Its body.
    pub(super) body: Vec<u8>,
}

/// The events of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Submitted {
    /// Their payloads, each with its own bytes.
    pub(super) bodies: Vec<Vec<u8>>,
    /// Their message ids.
    pub(super) ids: Vec<String>,
    /// Their properties.
    pub(super) properties: Properties,
    /// Their content type.
    pub(super) content_type: String,
}

impl Request {
    /// Reads a request that the host forwards.
    pub(super) async fn forwarded(
        request: HttpRequest<Body>,
        limit: usize,
    ) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let headers = head.headers.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), text.into_owned())
        });
        Ok(Self {
            headers: headers.collect(),
            subject: subject(head.uri.path()),
            body: read(body, limit).await?,
        })
    }
}

/// Reads a body of at most so many bytes.
pub(super) async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes().into()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Problem::too_large(limit))
        }
        Err(error) => Err(Problem::malformed(&format!(
            "the request broke off: {error}"
        ))),
    }
}

/// The subject that stands behind the API's path, wherever the host puts that.
pub(super) fn subject(path: &str) -> Option<String> {
    let (_, behind) = path.split_once(PATH)?;
    let subject = behind.trim_matches('/');
    (!subject.is_empty()).then(|| subject.to_owned())
}

impl Submitted {
    /// Reads a request; `property` is the event property that names a schema.
    pub(super) fn read(request: Request, property: Option<&str>) -> Result<Self, Problem> {
        let Request {
            headers,
            subject,
            body,
        } = request;
        let header = |name: &str| {
            headers
                .get(name)
                .map(|it| it.trim())
                .filter(|it| !it.is_empty())
        };
        let given = header("content-type").unwrap_or("application/json");
        let media = given
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let batch = media == "application/cloudevents-batch+json";
        let json = media == "application/json" || media.ends_with("+json");
        if !json {
            return Err(Problem::unsupported(given));
        }
        let bodies = if batch || (media == "application/json" && begins_an_array(&body)) {
            elements(&body)?
        } else {
            vec![body]
        };
        let content_type = if batch {
            // each is published as an event of its own
            "application/cloudevents+json".to_owned()
        } else {
            given.to_owned()
        };
        let ids = ids(headers.get("idempotency-key"), bodies.len())?;
        let mut properties = Properties::new();
        if let (Some(property), Some(subject)) = (property, subject) {
            properties.insert(property.to_owned(), subject);
        }
        for (name, value) in &headers {
            // CloudEvents' binary mode: HTTP's spelling in, AMQP's out
            if let Some(attribute) = name.strip_prefix("ce-") {
                properties.insert(format!("cloudEvents:{attribute}"), value.clone());
            }
        }
        properties
            .extend(header("traceparent").map(|it| ("Diagnostic-Id".to_owned(), it.to_owned())));
        Ok(Self {
            bodies,
            ids,
            properties,
            content_type,
        })
    }
}

fn begins_an_array(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    first == Some(&b'[')
}

/// The elements of an array, each with its own bytes. What is no JSON is one event, which is refused
/// with line and column.
fn elements(body: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let Ok(elements) = serde_json::from_slice::<Vec<&RawValue>>(body) else {
        return Ok(vec![body.to_vec()]);
    };
    match elements.len() {
        0 => Err(Problem::malformed("the array holds no event")),
        1..=MOST => Ok(elements
            .into_iter()
            .map(|it| it.get().as_bytes().to_vec())
            .collect()),
        many => Err(Problem::too_many(many, MOST)),
    }
}

/// The message ids of so many events.
fn ids(key: Option<&String>, events: usize) -> Result<Vec<String>, Problem> {
    let key = match key {
        None => Uuid::new_v4().to_string(),
        Some(key)
            if (1..=LONGEST_KEY).contains(&key.len())
                && key.bytes().all(|it| it.is_ascii_graphic()) =>
        {
            key.to_owned()
        }
        Some(_) => {
            return Err(Problem::malformed(&format!(
                "Idempotency-Key: it has 1 to {LONGEST_KEY} printable ASCII characters without a space"
            )));
        }
    };
    Ok(if events == 1 {
        vec![key]
    } else {
        (0..events).map(|index| format!("{key}-{index}")).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)], body: &str) -> Request {
        Request {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            subject: subject("/api/orders/order"),
            body: body.as_bytes().to_vec(),
        }
    }

    fn submitted(request: Request) -> Result<Submitted, Problem> {
        Submitted::read(request, Some("schema"))
    }

    #[test]
    fn a_path_may_name_the_subject() {
        for (path, is) in [
            ("/api/orders", None),
            ("/api/orders/", None),
            ("/api/orders/order", Some("order")),
            ("http://localhost:7071/api/orders/order", Some("order")),
            ("/api/orders/order/1", Some("order/1")),
        ] {
            assert_eq!(subject(path).as_deref(), is, "{path}");
        }
    }

    #[test]
    fn an_array_is_many_events_with_their_own_bytes() {
        let read = submitted(request(
            &[("idempotency-key", "k-1")],
            " [ {\"a\": 1.0}, {\"b\":2} ]",
        ))
        .unwrap();
        assert_eq!(read.bodies, [&b"{\"a\": 1.0}"[..], b"{\"b\":2}"]);
        assert_eq!(read.ids, ["k-1-0", "k-1-1"]);
        assert_eq!(read.properties["schema"], "order");
    }

    #[test]
    fn one_event_keeps_its_bytes_and_the_key_as_id() {
        let read = submitted(request(&[("idempotency-key", "k-1")], "{\"a\": 1 }")).unwrap();
        assert_eq!(
            (read.bodies, read.ids),
            (vec![b"{\"a\": 1 }".to_vec()], vec!["k-1".to_owned()])
        );
    }

    #[test]
    fn what_is_no_json_is_one_event_that_is_judged() {
        let read = submitted(request(&[], "[{\"a\":1},")).unwrap();
        assert_eq!(read.bodies, [b"[{\"a\":1},"]);
    }

    #[test]
    fn the_attributes_of_cloud_events_are_properties() {
        let read = submitted(request(
            &[
                ("ce-type", "bronzegate.order.created"),
                ("content-type", "application/json"),
            ],
            "{}",
        ))
        .unwrap();
        assert_eq!(
            read.properties["cloudEvents:type"],
            "bronzegate.order.created"
        );
        let batch = submitted(request(
            &[(
                "content-type",
                "application/cloudevents-batch+json; charset=utf-8",
            )],
            "[{},{}]",
        ))
        .unwrap();
        assert_eq!(batch.content_type, "application/cloudevents+json");
        assert_eq!(batch.bodies.len(), 2);
    }

    #[test]
    fn what_can_not_be_read_is_a_problem() {
        let status = |headers: &[(&str, &str)], body: &str| {
            submitted(request(headers, body)).unwrap_err().status()
        };
        assert_eq!(status(&[], "[]"), 400);
        for key in ["", "a b", "ä"] {
            assert_eq!(status(&[("idempotency-key", key)], "{}"), 400, "{key:?}");
        }
        assert_eq!(status(&[("content-type", "text/csv")], "a,b"), 415);
        let many = format!("[{}1]", "1,".repeat(MOST));
        assert_eq!(status(&[], &many), 413);
    }
}
