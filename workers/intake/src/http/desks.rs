//! The lists that people work from, and what triage found.

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::ids::GruppoId;
use smista_office::reading;

use super::body::JsonText;
use super::caller::Caller;
use super::cases::caso_id;
use super::door::Door;
use super::door_problem::DoorProblem;
use super::paging::{PageQuery, PageView, page_in_body};
use super::path::OnePart;

/// `GET /v1/groups/{id}/inbox` (4.3-2).
pub(crate) async fn inbox(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    OnePart(id): OnePart,
    PageQuery(page): PageQuery,
) -> Result<Response, DoorProblem> {
    let gruppo = GruppoId::new(id).map_err(|_not_a_code| DoorProblem::NotFound)?;
    // The list is looked up in the catalogue of this process: see that it is not an old one.
    door.catalogue().await?;
    let found = reading::inbox(door.office(), &caller.attore, door.limits(), &gruppo, &page).await?;
    Ok(Json(PageView::from(found.ok_or(DoorProblem::NotFound)?)).into_response())
}

/// `GET /v1/groups/{id}/segnalazioni` (4.1-6).
pub(crate) async fn segnalazioni(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    OnePart(id): OnePart,
    PageQuery(page): PageQuery,
) -> Result<Response, DoorProblem> {
    let gruppo = GruppoId::new(id).map_err(|_not_a_code| DoorProblem::NotFound)?;
    door.catalogue().await?;
    let found = reading::segnalazioni(door.office(), &caller.attore, door.limits(), &gruppo, &page).await?;
    Ok(Json(PageView::from(found.ok_or(DoorProblem::NotFound)?)).into_response())
}

/// `GET /v1/desks/misrouted` (R17).
pub(crate) async fn misrouted(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    PageQuery(page): PageQuery,
) -> Result<Response, DoorProblem> {
    let found = reading::misrouted(door.office(), &caller.attore, door.limits(), &page).await?;
    Ok(Json(PageView::from(found)).into_response())
}

/// `GET /v1/desks/rejects` (4.3-5).
pub(crate) async fn rejects(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    PageQuery(page): PageQuery,
) -> Result<Response, DoorProblem> {
    let found = reading::rejects(door.office(), &caller.attore, door.limits(), &page).await?;
    Ok(Json(PageView::from(found)).into_response())
}

/// `GET /v1/desks/call-back` (6-7).
pub(crate) async fn call_back(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    PageQuery(page): PageQuery,
) -> Result<Response, DoorProblem> {
    let found = reading::call_back(door.office(), &caller.attore, door.limits(), &page).await?;
    Ok(Json(PageView::from(found)).into_response())
}

/// `GET /v1/cases/{id}/triage` (R12).
pub(crate) async fn triage(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    OnePart(id): OnePart,
) -> Result<Response, DoorProblem> {
    let id = caso_id(&id)?;
    reading::case(door.office(), &caller.attore, door.limits(), id).await?.ok_or(DoorProblem::NotFound)?;
    let found = door.office().store.triage(id).await?.ok_or(DoorProblem::NotFound)?;
    let view = serde_json::json!({
        "caso": found.caso,
        "versione": found.versione,
        "at": found.at,
        "findings": found.findings,
    });
    Ok(Json(view).into_response())
}

/// By what a citizen is reached.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reached {
    #[serde(default)]
    pub(crate) telefono: Option<Telefono>,
    #[serde(default)]
    pub(crate) email: Option<Email>,
}

impl Reached {
    pub(crate) fn checked(self) -> Result<Self, DoorProblem> {
        if self.telefono.is_none() && self.email.is_none() {
            return Err(DoorProblem::NothingToSearchBy);
        }
        Ok(self)
    }
}

/// What `POST /v1/contacts/earlier` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EarlierCases {
    #[serde(default)]
    telefono: Option<Telefono>,
    #[serde(default)]
    email: Option<Email>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<i64>,
}

/// `POST /v1/contacts/earlier`: what the first level is shown when a contact arrives (3-1).
pub(crate) async fn earlier(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    body: JsonText,
) -> Result<Response, DoorProblem> {
    let EarlierCases { telefono, email, cursor, limit } = body.read()?;
    let Reached { telefono, email } = Reached { telefono, email }.checked()?;
    let page = page_in_body(cursor.as_deref(), limit)?;
    let (telefono, email) = (telefono.as_ref(), email.as_ref());
    let found =
        reading::earlier_cases(door.office(), &caller.attore, door.limits(), telefono, email, &page).await?;
    Ok(Json(PageView::from(found)).into_response())
}
