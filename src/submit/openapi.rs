//! The API's description: `OpenAPI` 3.1, with the catalog's own schemas.

use serde_json::{Map, Value, json};

use super::request::MOST;
use super::{DESCRIPTION, PATH};
use crate::judge::Catalog;
use crate::settings::SubmitSettings;

/// The description of this API under this catalog.
pub(super) fn document(catalog: &Catalog, settings: &SubmitSettings) -> Value {
    let mut schemas = Map::new();
    let mut events = Vec::new();
    for name in catalog.schemas() {
        let component = name.replace('/', "-");
        if let Some(schema) = catalog.document(name) {
            events.push(json!({"$ref": format!("#/components/schemas/{component}")}));
            schemas.insert(component.clone(), embedded(schema, &component));
        }
    }
    schemas.insert("accepted".to_owned(), accepted());
    schemas.insert("problem".to_owned(), problem());
    let event = json!({"anyOf": events});
    let body = json!({"anyOf": [event, {"type": "array", "items": event, "minItems": 1, "maxItems": MOST}]});
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
        "paths": {
            (PATH): {"post": {
                "operationId": "submitOrder",
                "summary": "Submit one event, or an array of events.",
                "parameters": [
                    {
                        "name": "Idempotency-Key", "in": "header",
                        "description": "Becomes the event's message id, with -0, -1 … behind it in an array; a random one where it is missing. The same request with the same key can be told as such in the lake.",
                        "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
                    },
                    {
                        "name": "schema", "in": "query",
                        "description": "The schema of the events, as in order/1.0.0; the catalog's routes where it is missing.",
                        "schema": {"type": "string"},
                    },
                ],
                "requestBody": {
                    "required": true,
                    "description": format!("At most {} bytes.", settings.limit),
                    "content": {
                        "application/json": {"schema": body},
                        "application/cloudevents+json": {"schema": {"type": "object"}},
                        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": {"type": "object"}}},
                    },
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
            }},
            (DESCRIPTION): {"get": {
                "operationId": "describe",
                "summary": "This description.",
                "responses": {"200": {
                    "description": "OpenAPI 3.1.",
                    "content": {"application/json": {"schema": {"type": "object"}}},
                }},
            }},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
                "functionCode": {"type": "apiKey", "in": "query", "name": "code"},
            },
        },
    })
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
