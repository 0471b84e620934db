//! The OpenAPI 3.1 document, made of the table of routes, the schemas, the problem types and the examples.
//!
//! Which members of a body a motivo asks for is the domain's to say: its refusals name the field and the clause.

use serde_json::{Map, Value, json};

use super::route::{Access, Example, Route, Verb};
use super::schema::{format, named, number, text, text_up_to};
use super::{paging, problem_types, schemas};

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
                Refusals are problem documents (RFC 9457), in Italian or, by Accept-Language, in English. A \
                command that has an Idempotency-Key is safe to repeat: its answer, refusals included, is kept for \
                seven days and given again with Idempotent-Replayed: true. A version conflict (412) is not kept: read \
                the case and try again with its ETag, under the same key.",
            "license": { "name": "EUPL-1.2", "identifier": "EUPL-1.2" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas::components(),
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
    if let Some(description) = description(route) {
        operation["description"] = json!(description);
    }
    if let Access::Roles(roles) = route.access {
        operation["x-roles"] = json!(roles);
    }
    if !route.requests.is_empty() {
        operation["requestBody"] = request_body(route);
    }
    operation
}

/// The first step of the path after the version.
fn tag(path: &str) -> &str {
    path.trim_start_matches("/v1").split('/').nth(1).unwrap_or("smista")
}

/// What a summary has no room for.
fn description(route: &Route) -> Option<&'static str> {
    Some(match route.name.as_str() {
        "openContact" => {
            "The ETag of a new case is soon old: routing gives an assigned case its second version within moments. \
            Read the case before the first command. With an Idempotency-Key the same contact opens one case for ever: \
            while the answer is kept it is given again; later the answer is 200 with the case as it stands then."
        }
        "searchCases" => "A POST, for what is looked for may be personal data, which no address may hold.",
        "readTriage" => "404 until triage has looked at the rejection, which takes moments.",
        _ => return None,
    })
}

fn parameters(route: &Route) -> Value {
    let parameter = |place: &str, name: &str, required: bool, about: &str, schema: Value| json!({ "in": place, "name": name, "required": required, "description": about, "schema": schema });
    let varies = route.path.split('/').filter_map(|step| step.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> =
        varies.map(|name| parameter("path", name, true, "", in_path(route, name))).collect();
    if route.access != Access::Public {
        let about = "The login of the operator whom the request is for.";
        parameters.push(parameter("header", "Smista-Operatore", false, about, named("Login")));
    }
    if route.changes_something() {
        let about =
            "1 to 128 printable characters. The same request with the same key is answered, not done, again.";
        parameters.push(parameter("header", "Idempotency-Key", false, about, text_up_to(128)));
    }
    if route.command.is_some_and(|kind| kind != smista_domain::command::CommandKind::Open) {
        let about = "The ETag of the case as it was seen: the version in quotes.";
        parameters.push(parameter("header", "If-Match", route.needs_version(), about, text()));
    }
    let limit = || number(1, Some(paging::MAX_LIMIT));
    match route.name.as_str() {
        "readInbox" | "rejectsDesk" | "callBackList" => {
            let about = "The next of the page before.";
            parameters.push(parameter("query", "cursor", false, about, text()));
            parameters.push(parameter("query", "limit", false, "Rows in a page; 50 if left out.", limit()));
        }
        "readHistory" => {
            let about = "The versione of the last row that is known.";
            parameters.push(parameter("query", "after", false, about, number(0, None)));
            parameters.push(parameter("query", "limit", false, "Rows at most; 50 if left out.", limit()));
        }
        _ => {}
    }
    Value::Array(parameters)
}

/// Codes stand in the catalogue's addresses, identifiers elsewhere.
fn in_path(route: &Route, name: &str) -> Value {
    let of_a_code =
        name == "ente" || route.path.starts_with("/v1/groups") || route.path.starts_with("/v1/sheets");
    if of_a_code { named("Code") } else { format("uuid") }
}

fn request_body(route: &Route) -> Value {
    let example = |example: &Example| (example.name.to_owned(), json!({ "value": example.body }));
    let examples: Map<String, Value> = route.requests.iter().map(example).collect();
    let required = route.requests.iter().all(|example| example.body != json!({}));
    let schema = schemas::request(&route.name).unwrap_or_default();
    json!({ "required": required, "content": { "application/json": { "schema": schema, "examples": examples } } })
}

fn responses(route: &Route) -> Value {
    let mut responses: Map<String, Value> = Map::new();
    responses.insert(route.status.to_string(), success(route, "Done."));
    if route.status == 201 && route.command.is_some() {
        let about = "Opened before under the same Idempotency-Key; the kept answer has had its time.";
        responses.insert("200".to_owned(), success(route, about));
    }
    for (status, codes) in problem_types::of_route(route) {
        responses.insert(status.to_string(), problem(status, codes.into_iter().collect()));
    }
    Value::Object(responses)
}

fn success(route: &Route, about: &str) -> Value {
    let media_type = match route.name.as_str() {
        "docs" => "text/html",
        "metrics" => "text/plain",
        _ => "application/json",
    };
    let mut headers = Map::new();
    if route.command.is_some() || route.name == "readCase" {
        headers.insert("ETag".to_owned(), header(true, "The version of the case, for If-Match.", text()));
    }
    if route.status == 201 {
        headers.insert("Location".to_owned(), header(true, "Where it is read.", format("uri-reference")));
    }
    if route.changes_something() {
        let schema = json!({ "type": "string", "const": "true" });
        headers
            .insert("Idempotent-Replayed".to_owned(), header(false, "The answer was given before.", schema));
    }
    let schema = schemas::answer(&route.name);
    json!({
        "description": about,
        "headers": headers,
        "content": { media_type: { "schema": schema, "example": route.response } },
    })
}

fn header(required: bool, about: &str, schema: Value) -> Value {
    json!({ "required": required, "description": about, "schema": schema })
}

fn problem(status: u16, codes: Vec<&str>) -> Value {
    let types: Vec<String> = codes.iter().map(|code| format!("urn:smista:problem:{code}")).collect();
    let mut schema = named("Problem");
    schema["properties"] = json!({ "type": { "enum": types }, "status": { "const": status } });
    let mut headers = Map::new();
    match status {
        401 => {
            headers.insert("WWW-Authenticate".to_owned(), header(true, "Bearer.", text()));
        }
        429 | 503 => {
            headers.insert("Retry-After".to_owned(), header(true, "Seconds to wait.", number(0, None)));
        }
        _ => {}
    }
    json!({
        "description": format!("Refused: {}.", codes.join(", ")),
        "headers": headers,
        "content": { "application/problem+json": { "schema": schema } },
    })
}
