//! A request's body as text, within the limit; what the route makes of it comes after.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use smista_messages::commands;

use super::door::Door;
use super::door_problem::DoorProblem;

/// A body that says it is JSON, or an empty one.
pub(crate) struct JsonText(String);

impl JsonText {
    /// The text, for what is read later or kept as a digest.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads it, naming the field that does not fit and never its value.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, DoorProblem> {
        Ok(commands::body(&self.0)?)
    }
}

impl FromRequest<Door> for JsonText {
    type Rejection = DoorProblem;

    async fn from_request(request: Request, door: &Door) -> Result<Self, DoorProblem> {
        let limit = door.shared.config.max_body_bytes;
        let content_type = request.headers().get(header::CONTENT_TYPE).cloned();
        let is_json = content_type.is_some_and(|value| value.to_str().is_ok_and(is_json));
        let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > limit) {
            return Err(DoorProblem::BodyTooLarge(limit));
        }
        let bytes = to_bytes(request.into_body(), limit).await.map_err(|error| why(&error, limit))?;
        if !bytes.is_empty() && !is_json {
            return Err(DoorProblem::UnsupportedMediaType);
        }
        text(&bytes).map(Self)
    }
}

fn text(bytes: &Bytes) -> Result<String, DoorProblem> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_not_utf8| DoorProblem::BodyUnreadable)
}

/// `application/json` or any `…+json`, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Whether the body went past the limit or the connection broke.
fn why(error: &axum::Error, limit: usize) -> DoorProblem {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return DoorProblem::BodyTooLarge(limit);
        }
        cause = error.source();
    }
    DoorProblem::BodyUnreadable
}
