//! The published contract, held to what the door really answers: every answer of every story is checked against
//! `/openapi.json`. Stricter than a client need be: a member that no schema names is a fault too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(smista_intake::http::openapi);

/// Checks an answer of the door to this call.
///
/// # Panics
/// When the document does not say that the door may answer so.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let status = answer.status;
    let Some(operation) = operation(method, path) else {
        assert!([404, 405].contains(&status), "{method} {path} is no route and answered {status}");
        fits(&json!({ "$ref": "#/components/schemas/Problem" }), &answer.body, path);
        return;
    };
    let name = operation["operationId"].as_str().unwrap_or_default();
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{name} answered {status}, which the document leaves out: {}", answer.body);
    let content = response["content"].as_object().expect("content");
    let (media_type, content) = content.iter().next().expect("a media type");
    let given = answer.header("content-type").unwrap_or_default();
    assert!(given.starts_with(media_type), "{name} answered {status} as {given}");
    if media_type.ends_with("json") {
        fits(&content["schema"], &answer.body, &format!("{name} {status}"));
    }
    for (header, about) in response["headers"].as_object().into_iter().flatten() {
        let there = answer.header(&header.to_lowercase()).is_some();
        assert!(there || about["required"] != json!(true), "{name} {status} lacks {header}");
    }
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let verb = method.to_lowercase();
    let path = path.split('?').next().unwrap_or(path);
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    // An address without anything that varies goes before one that would fit it too.
    let exact = paths.get(path).and_then(|operations| operations.get(&verb));
    exact.or_else(|| paths.iter().find_map(|(known, verbs)| verbs.get(&verb).filter(|_| is_at(known, path))))
}

fn is_at(known: &str, path: &str) -> bool {
    let (known, path): (Vec<_>, Vec<_>) = (known.split('/').collect(), path.split('/').collect());
    let same =
        |(known, given): (&&str, &&str)| known == given || (known.starts_with('{') && !given.is_empty());
    known.len() == path.len() && known.iter().zip(&path).all(same)
}

/// Checks a value against a schema of the document.
///
/// # Panics
/// When it does not fit.
pub fn fits(schema: &Value, value: &Value, place: &str) {
    if let Err(fault) = fault(schema, value, place) {
        panic!("{fault}, against the document: {value}");
    }
}

/// The keywords that the schemas use; another one would go unchecked.
const KEYWORDS: [&str; 17] = [
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxLength",
    "maximum",
    "minLength",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "required",
];

fn fault(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let keywords = schema.as_object().ok_or_else(|| format!("{place}: no schema"))?;
    if let Some(unknown) = keywords.keys().find(|name| *name != "type" && !KEYWORDS.contains(&name.as_str()))
    {
        return Err(format!("{place}: the keyword {unknown} is not checked"));
    }
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        let named = DOCUMENT.pointer(pointer).ok_or_else(|| format!("{place}: there is no {name}"))?;
        fault(named, value, place)?;
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[several].as_array() {
            let faults: Vec<_> = choices.iter().map(|choice| fault(choice, value, place)).collect();
            if faults.iter().all(Result::is_err) {
                return Err(format!("{place}: {faults:?}"));
            }
        }
    }
    let is_type = match schema["type"].as_str() {
        None => true,
        Some("null") => value.is_null(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => return Err(format!("{place}: no type is called {other}")),
    };
    let in_list = schema["enum"].as_array().is_none_or(|names| names.contains(value));
    let is_it = schema.get("const").is_none_or(|only| only == value);
    let number = value.as_f64().unwrap_or_default();
    let in_bounds = schema["minimum"].as_f64().is_none_or(|least| number >= least)
        && schema["maximum"].as_f64().is_none_or(|most| number <= most);
    let chars = value.as_str().map_or(0, |text| text.chars().count() as u64);
    let long_enough = schema["minLength"].as_u64().is_none_or(|least| chars >= least)
        && schema["maxLength"].as_u64().is_none_or(|most| chars <= most);
    if !(is_type && in_list && is_it && in_bounds && long_enough) {
        return Err(format!("{place}: {value} does not fit {schema}"));
    }
    for (index, row) in value.as_array().into_iter().flatten().enumerate() {
        if let Some(items) = schema.get("items") {
            fault(items, row, &format!("{place}[{index}]"))?;
        }
    }
    members(schema, value, place)
}

fn members(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let Some(given) = value.as_object() else { return Ok(()) };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !given.contains_key(name) {
            return Err(format!("{place}.{name} is missing"));
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
    let known: BTreeMap<&String, &Value> = properties.iter().collect();
    for (name, value) in given {
        match known.get(name) {
            Some(schema) => fault(schema, value, &format!("{place}.{name}"))?,
            // What a schema adds to one that it refers to is not the whole of the object.
            None if schema.get("$ref").is_some() || schema["additionalProperties"] == json!(true) => {}
            None => return Err(format!("{place}.{name} is in no schema")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_of_the_document_fits_its_schema() {
        let mut checked = 0;
        for route in smista_intake::http::routes() {
            let verb = format!("{:?}", route.verb).to_lowercase();
            let operation = &DOCUMENT["paths"][&route.path][verb];
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            for example in &route.requests {
                fits(body, &example.body, &format!("{}, {}", route.name, example.name));
                checked += 1;
            }
            let success = &operation["responses"][route.status.to_string()]["content"];
            let content = success.as_object().and_then(|content| content.values().next()).expect("content");
            fits(&content["schema"], &route.response, &route.name);
            checked += 1;
        }
        assert!(checked > 60, "{checked}");
    }

    /// Every `$ref` leads somewhere, no schema stands unused, and no name or operation stands twice.
    #[test]
    fn the_document_hangs_together() {
        fn refs(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        match value.as_str() {
                            Some(text) if name == "$ref" => found.push(text.to_owned()),
                            _ => refs(value, found),
                        }
                    }
                }
                Value::Array(rows) => rows.iter().for_each(|row| refs(row, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let mut found = Vec::new();
        refs(&DOCUMENT, &mut found);
        for name in &found {
            assert!(DOCUMENT.pointer(name.trim_start_matches('#')).is_some(), "{name} leads nowhere");
        }
        for name in DOCUMENT["components"]["schemas"].as_object().expect("schemas").keys() {
            assert!(found.contains(&format!("#/components/schemas/{name}")), "{name} is used nowhere");
        }
        assert_eq!(DOCUMENT["openapi"], "3.1.0");
    }

    #[test]
    fn what_does_not_fit_is_noticed() {
        let case = || json!({ "$ref": "#/components/schemas/Tripletta" });
        let whole = json!({ "ente": "firenze", "macrostruttura": "x", "servizio": "y" });
        assert_eq!(fault(&case(), &whole, "t"), Ok(()));
        for (name, value) in [("ente", json!(5)), ("ente", json!("")), ("altro", json!("x"))] {
            let mut wrong = whole.clone();
            wrong[name] = value;
            assert!(fault(&case(), &wrong, "t").is_err(), "{wrong}");
        }
        assert!(fault(&case(), &json!({ "ente": "firenze" }), "t").is_err());
        assert!(fault(&json!({ "enum": ["a"] }), &json!("b"), "t").is_err());
        assert!(fault(&json!({ "items": { "type": "string" } }), &json!([1]), "t").is_err());
    }
}
