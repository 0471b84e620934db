//! Pages that need no token: whether the process lives, whether it can work, how it is set up.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::door::Door;
use super::door_problem::DoorProblem;

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// `GET /readyz`: the store answers, so that commands can be taken.
pub(crate) async fn readyz(State(door): State<Door>) -> Result<Response, DoorProblem> {
    door.office().store.ping().await?;
    Ok(Json(json!({ "status": "ready" })).into_response())
}

/// `GET /status`: version, load and what the binary adds.
pub(crate) async fn status(State(door): State<Door>) -> Response {
    let mut shown = door.shared.shown.status.as_ref().map(|status| status()).unwrap_or_default();
    shown.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    shown.insert("installation".to_owned(), json!(door.office().source()));
    shown.insert("commands_waiting".to_owned(), json!(door.shared.lanes.waiting()));
    shown.insert("catalogue_revision".to_owned(), json!(door.office().cached_catalogue().revision));
    shown.insert("store".to_owned(), json!(door.office().store.ping().await.is_ok()));
    Json(shown).into_response()
}

/// `GET /metrics`, if the binary gives them.
pub(crate) async fn metrics(State(door): State<Door>) -> Result<Response, DoorProblem> {
    let render = door.shared.shown.metrics.as_ref().ok_or(DoorProblem::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], render()).into_response())
}
