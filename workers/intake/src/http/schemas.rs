//! The schemas of all bodies, by hand beside the types: the domain's types know nothing of schemas.
//!
//! Tests hold them to the code. What serde says that a body may hold is what its schema has, at every level; and every
//! answer that the door gives in a story must fit its schema, with no member that the schema leaves out.

mod answers;
mod requests;
mod words;

use serde_json::{Map, Value};

use super::schema::named;

/// The schemas that have names.
pub(crate) fn components() -> Map<String, Value> {
    words::all().into_iter().chain(requests::all()).chain(answers::all()).map(owned).collect()
}

fn owned((name, schema): (&'static str, Value)) -> (String, Value) {
    (name.to_owned(), schema)
}

/// The schema of the body that a route takes, by the route's name.
pub(crate) fn request(route: &str) -> Option<Value> {
    requests::of_route(route).map(named)
}

/// The schema of what a route answers, by the route's name.
pub(crate) fn answer(route: &str) -> Value {
    answers::of_route(route)
}
