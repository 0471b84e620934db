//! The part of an address that varies. One that is no UTF-8 names nothing that exists.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::door_problem::DoorProblem;

/// The one part of the path that varies, decoded.
pub(crate) struct OnePart(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for OnePart {
    type Rejection = DoorProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, DoorProblem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(part)) => Ok(Self(part)),
            Err(_not_utf8) => Err(DoorProblem::NotFound),
        }
    }
}
