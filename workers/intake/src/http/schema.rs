//! How a JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) is put together: small parts with plain names.
//!
//! Knows the grammar of schemas. Must not know what any of them is about.

use serde_json::{Map, Value, json};

/// A member of an object.
pub(crate) struct Member {
    name: &'static str,
    schema: Value,
    required: bool,
}

/// A member that is always there.
pub(crate) fn must(name: &'static str, schema: Value) -> Member {
    Member { name, schema, required: true }
}

/// A member that may be left out.
pub(crate) fn may(name: &'static str, schema: Value) -> Member {
    Member { name, schema, required: false }
}

/// An object that we give: more members may come with a later version.
pub(crate) fn object(members: impl IntoIterator<Item = Member>) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for Member { name, schema, required: is_required } in members {
        properties.insert(name.to_owned(), schema);
        required.extend(is_required.then_some(name));
    }
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// An object that we take: nothing else is admitted in it.
pub(crate) fn closed(members: impl IntoIterator<Item = Member>) -> Value {
    with(object(members), "additionalProperties", json!(false))
}

/// A list.
pub(crate) fn list(rows: Value) -> Value {
    json!({ "type": "array", "items": rows })
}

/// One of these names.
pub(crate) fn one_of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": names.into_iter().collect::<Vec<_>>() })
}

/// This name and no other.
pub(crate) fn name(name: &str) -> Value {
    json!({ "type": "string", "const": name })
}

/// Any text.
pub(crate) fn text() -> Value {
    json!({ "type": "string" })
}

/// A text of so many characters at most, and not empty.
pub(crate) fn text_up_to(chars: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": chars })
}

/// A text of this format.
pub(crate) fn format(format: &str) -> Value {
    json!({ "type": "string", "format": format })
}

/// A whole number within these bounds.
pub(crate) fn number(least: i64, most: Option<i64>) -> Value {
    let number = json!({ "type": "integer", "minimum": least });
    match most {
        Some(most) => with(number, "maximum", json!(most)),
        None => number,
    }
}

/// True or false.
pub(crate) fn boolean() -> Value {
    json!({ "type": "boolean" })
}

/// Always there, perhaps as `null`.
pub(crate) fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A schema that has a name.
pub(crate) fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// With a sentence about it.
pub(crate) fn about(schema: Value, sentence: &str) -> Value {
    with(schema, "description", json!(sentence))
}

/// With one more keyword.
pub(crate) fn with(mut schema: Value, keyword: &str, value: Value) -> Value {
    schema[keyword] = value;
    schema
}
