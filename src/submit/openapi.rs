//! The API's description: `OpenAPI` 3.1, with the catalog's own schemas.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::DESCRIPTION;
use super::request::{MOST, PATH};
use crate::event::Stream;
use crate::judge::Catalog;
use crate::settings::SubmitSettings;

/// The description of this API under this catalog: a path for each subject, with its newest schema,
/// and one for those that the catalog's routes find, with the default's.
pub(super) fn document(catalog: &Catalog, stream: &Stream, settings: &SubmitSettings) -> Value {
    let mut schemas = Map::new();
    let mut newest: BTreeMap<&str, &str> = BTreeMap::new();
    for name in catalog.schemas() {
        if let Some(schema) = catalog.document(name) {
            schemas.insert(component(name), embedded(schema, &component(name)));
        }
        if let Some((subject, _)) = name.split_once('/') {
            // the catalog has a subject's versions in their order
            newest.insert(subject, name);
        }
    }
    schemas.insert("accepted".to_owned(), accepted());
    schemas.insert("problem".to_owned(), problem());
    let mut paths = Map::new();
    let default = catalog.default_of(stream);
    let routed = "Submit one event, or an array of events, under the schema that the catalog's routes find: by CloudEvents' type, else the default.";
    paths.insert(
        PATH.to_owned(),
        operation("submit", routed, default, settings),
    );
    for (subject, name) in newest {
        let summary = format!("Submit one event, or an array of events, of the subject {subject}.");
        let id = format!("submit-{subject}");
        let path = format!("{PATH}/{subject}");
        paths.insert(path, operation(&id, &summary, name, settings));
    }
    paths.insert(
        DESCRIPTION.to_owned(),
        json!({"get": {
            "operationId": "describe",
            "summary": "This description.",
            "responses": {"200": {
                "description": "OpenAPI 3.1.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }},
        }}),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Orders",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Submits order events. Each is judged as the ingestion judges it, and published to the event hub with its key, so that the changes of one order stay in order. A request is published whole, or not at all where one of its events is refused.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"functionKey": []}, {"functionCode": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
                "functionCode": {"type": "apiKey", "in": "query", "name": "code"},
            },
        },
    })
}

fn component(schema: &str) -> String {
    schema.replace('/', "-")
}

/// Posting events of this schema.
fn operation(id: &str, summary: &str, schema: &str, settings: &SubmitSettings) -> Value {
    let event = json!({"$ref": format!("#/components/schemas/{}", component(schema))});
    let body = json!({"anyOf": [
        event,
        {"type": "array", "items": event, "minItems": 1},
    ]});
    let refused = |text: &str| {
        json!({
            "description": text,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}},
        })
    };
    let mut away =
        refused("The event hub can't be reached; send it again with the same Idempotency-Key.");
    away["headers"] =
        json!({"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}});
    json!({"post": {
        "operationId": id,
        "summary": summary,
        "parameters": [{
            "name": "Idempotency-Key", "in": "header",
            "description": "Becomes the event's message id, with -0, -1 … behind it in an array; a random one where it is missing. The same request with the same key can be told as such in the lake.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
        }],
        "requestBody": {
            "required": true,
            "description": format!("At most {} bytes and {MOST} events. CloudEvents are taken, too: structured, in a batch, or with ce- headers.", settings.limit),
            "content": {"application/json": {"schema": body}},
        },
        "responses": {
            "202": {
                "description": "All events are published.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/accepted"}}},
            },
            "400": refused("The request can't be read."),
            "401": {"description": "The function key is missing or wrong; answered by the host."},
            "413": refused("The request, or one of its events, is too large."),
            "415": refused("The content type is not taken."),
            "422": refused("Events are refused; the problem lists them with their reasons. None was published."),
            "503": away,
        },
    }})
}

/// A schema as a component: without an identity of its own, and with its references within it.
fn embedded(schema: &Value, component: &str) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "$id" | "$schema"))
            .map(|(name, value)| {
                let value = match (name.as_str(), value.as_str()) {
                    ("$ref", Some(inner)) if inner.starts_with('#') => {
                        json!(format!("#/components/schemas/{component}{}", &inner[1..]))
                    }
                    _ => embedded(value, component),
                };
                (name.clone(), value)
            })
            .collect(),
        Value::Array(elements) => elements.iter().map(|it| embedded(it, component)).collect(),
        value => value.clone(),
    }
}

fn accepted() -> Value {
    json!({
        "type": "object",
        "required": ["accepted", "ids"],
        "properties": {
            "accepted": {"type": "integer", "minimum": 1, "description": "How many events were published."},
            "ids": {"type": "array", "items": {"type": "string"}, "description": "Their message ids, in their order."},
        },
    })
}

fn problem() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "description": "Problem Details for HTTP APIs, RFC 9457.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": text, "detail": text,
            "status": {"type": "integer"},
            "rejections": {
                "type": "array",
                "description": "The first hundred events that are refused.",
                "items": {
                    "type": "object",
                    "required": ["event", "reason", "errors"],
                    "properties": {
                        "event": {"type": "integer", "minimum": 0, "description": "Its place in the request, from 0."},
                        "reason": text,
                        "schema": {"type": ["string", "null"]},
                        "errors": {"type": "array", "items": {
                            "type": "object",
                            "required": ["pointer", "keyword", "message"],
                            "properties": {"pointer": text, "keyword": text, "schema_pointer": text, "message": text},
                        }},
                    },
                },
            },
        },
    })
}
