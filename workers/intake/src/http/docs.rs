//! `/openapi.json`, and a page that renders it without loading anything from elsewhere.

use std::sync::Arc;

use axum::extract::Extension;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

/// The document, encoded once for every request.
pub(crate) type Document = Arc<str>;

/// What the page may do: run its own script, and fetch from here.
const POLICY: &str =
    "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

/// `GET /openapi.json`.
pub(crate) async fn openapi(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

/// `GET /docs`.
pub(crate) async fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(include_str!("docs.html"))).into_response()
}
