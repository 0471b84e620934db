//! The OpenAPI 3.1 document, made of the table of routes and its examples.
//!
//! The schemas say what the examples show: names and types of members. Which of them a motivo asks for is the
//! domain's to say, and its refusals name the field and the clause.

use serde_json::{Map, Value, json};

use super::examples;
use super::route::{Access, Example, Route, Verb};

/// The document.
pub(crate) fn document(routes: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let verb = match route.verb {
            Verb::Get => "get",
            Verb::Post => "post",
        };
        let operations = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        operations[verb] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "smista",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Contacts of citizens, the cases that they open, and who works on them. Every request \
                bears a token; where its client speaks for several operators, the header Smista-Operatore names one. \
                Refusals are problem documents (RFC 9457), in Italian or, by Accept-Language, in English.",
            "license": { "name": "EUPL-1.2", "identifier": "EUPL-1.2" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Problem": schema_of(&examples::problem()) },
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "tags": [tag(&route.path)],
        "parameters": parameters(route),
        "responses": responses(route),
        "security": if route.access == Access::Public { json!([]) } else { json!([{ "token": [] }]) },
    });
    if let Access::Roles(roles) = route.access {
        operation["x-roles"] = json!(roles);
    }
    if !route.requests.is_empty() {
        operation["requestBody"] = request_body(&route.requests);
    }
    operation
}

/// The first step of the path after the version.
fn tag(path: &str) -> &str {
    path.trim_start_matches("/v1").split('/').nth(1).unwrap_or("smista")
}

fn parameters(route: &Route) -> Value {
    let parameter = |place: &str, name: &str, required: bool, about: &str| {
        json!({
            "in": place, "name": name, "required": required, "description": about, "schema": { "type": "string" },
        })
    };
    let varies = route.path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = varies.map(|name| parameter("path", name, true, "")).collect();
    if route.access != Access::Public {
        let about = "The login of the operator whom the request is for.";
        parameters.push(parameter("header", "Smista-Operatore", false, about));
    }
    if route.changes_something() {
        let about =
            "1 to 128 printable characters. The same request with the same key is answered, not done, again.";
        parameters.push(parameter("header", "Idempotency-Key", false, about));
    }
    if route.command.is_some_and(|kind| kind != smista_domain::command::CommandKind::Open) {
        let about = "The ETag of the case as it was seen.";
        parameters.push(parameter("header", "If-Match", route.needs_version(), about));
    }
    let query: &[&str] = match route.name.as_str() {
        "readInbox" | "rejectsDesk" | "callBackList" => &["cursor", "limit"],
        "readHistory" => &["after", "limit"],
        _ => &[],
    };
    parameters.extend(query.iter().map(|name| parameter("query", name, false, "")));
    Value::Array(parameters)
}

fn request_body(requests: &[Example]) -> Value {
    let schemas: Vec<Value> = requests.iter().map(|example| schema_of(&example.body)).collect();
    let schema = match schemas.as_slice() {
        [only] => only.clone(),
        several => json!({ "anyOf": several }),
    };
    let examples: Map<String, Value> =
        requests.iter().map(|example| (example.name.to_owned(), json!({ "value": example.body }))).collect();
    let required = requests.iter().all(|example| example.body != json!({}));
    json!({ "required": required, "content": { "application/json": { "schema": schema, "examples": examples } } })
}

fn responses(route: &Route) -> Value {
    let media_type = match route.name.as_str() {
        "docs" => "text/html",
        "metrics" => "text/plain",
        _ => "application/json",
    };
    let success = json!({
        "description": "Done.",
        "content": { media_type: { "schema": schema_of(&route.response), "example": route.response } },
    });
    let problem = json!({
        "description": "Refused: see `type`, `detail`, `clause` and `field`.",
        "content": {
            "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": examples::problem(),
            },
        },
    });
    json!({ route.status.to_string(): success, "default": problem })
}

/// The types that an example shows.
fn schema_of(example: &Value) -> Value {
    match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(_) => json!({ "type": "string" }),
        Value::Array(rows) => {
            json!({ "type": "array", "items": rows.first().map(schema_of).unwrap_or_else(|| json!({})) })
        }
        Value::Object(members) => {
            let properties: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), schema_of(value))).collect();
            json!({ "type": "object", "properties": properties })
        }
    }
}
