//! The citizens' register (R24): found by telephone or email, never by anything in an address.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use smista_domain::anagrafica::Anagrafica;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_domain::motivo::ModoIdentificazione;
use smista_domain::refusal::Refusal;
use smista_office::reading;
use smista_store::{CasoFilter, Cittadino, PageRequest};
use uuid::Uuid;

use super::body::JsonText;
use super::caller::Caller;
use super::conditions::idempotency_key;
use super::desks::Reached;
use super::door::Door;
use super::door_problem::DoorProblem;
use super::path::OnePart;

/// The namespace of the ids of citizens registered under an idempotency key.
const CITIZEN_NAMESPACE: Uuid = Uuid::from_u128(0x7c02_95aa_1b6d_5e4f_a7d8_0550_5505_5024);
/// How many of a citizen's cases are listed with them.
const CASES_SHOWN: i64 = 50;

/// What `POST /v1/citizens` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    anagrafica: Anagrafica,
    identificazione: ModoIdentificazione,
}

/// `POST /v1/citizens`. Under a key the id follows from the key, so that repeating it registers nobody twice.
pub(crate) async fn register(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: JsonText,
) -> Result<Response, DoorProblem> {
    let Registration { anagrafica, identificazione } = body.read()?;
    let missing = anagrafica.missing_mandatory();
    if !missing.is_empty() {
        return Err(DoorProblem::Refused(Refusal::Anagrafica { missing }));
    }
    let office = door.office();
    let id = match idempotency_key(&headers)? {
        Some(key) => {
            let name = format!("{}\n{key}", caller.cliente);
            CittadinoId(Uuid::new_v5(&CITIZEN_NAMESPACE, name.as_bytes()))
        }
        None => CittadinoId(office.surroundings.fresh_uuid()),
    };
    let now = office.surroundings.now();
    let citizen = Cittadino { id, anagrafica, identificazione, created_at: now, updated_at: now };
    // Added first and compared after: of two calls at once with one key, the store says which was the first.
    if office.store.add_cittadino(&citizen).await? {
        return Ok(registered(&citizen));
    }
    let known = office.store.cittadino(id).await?.ok_or(DoorProblem::Internal)?;
    if known.anagrafica != citizen.anagrafica || known.identificazione != citizen.identificazione {
        return Err(DoorProblem::IdempotencyKeyReused);
    }
    let mut response = registered(&known);
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

fn registered(citizen: &Cittadino) -> Response {
    let location = format!("/v1/citizens/{}", citizen.id);
    (StatusCode::CREATED, [(header::LOCATION, location)], Json(citizen)).into_response()
}

/// `GET /v1/citizens/{id}`.
pub(crate) async fn read(State(door): State<Door>, OnePart(id): OnePart) -> Result<Response, DoorProblem> {
    let id = id.parse().map(CittadinoId).map_err(|_not_an_id| DoorProblem::NotFound)?;
    let citizen = door.office().store.cittadino(id).await?.ok_or(DoorProblem::NotFound)?;
    Ok(Json(citizen).into_response())
}

/// A citizen of the register with the cases that name them.
#[derive(Serialize)]
struct CitizenFound {
    #[serde(flatten)]
    cittadino: Cittadino,
    /// Oldest first.
    casi: Vec<CasoId>,
}

/// `POST /v1/citizens/search`.
pub(crate) async fn search(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    body: JsonText,
) -> Result<Response, DoorProblem> {
    let Reached { telefono, email } = body.read::<Reached>()?.checked()?;
    let office = door.office();
    let mut rows = Vec::new();
    for cittadino in office.store.find_cittadini(telefono.as_ref(), email.as_ref()).await? {
        let filter = CasoFilter { cittadino: Some(cittadino.id), ..CasoFilter::default() };
        let page = PageRequest { after: None, limit: CASES_SHOWN };
        let casi = reading::search(office, &caller.attore, door.limits(), filter, &page).await?;
        rows.push(CitizenFound { cittadino, casi: casi.rows.iter().map(|caso| caso.id).collect() });
    }
    Ok(Json(super::paging::PageView { rows, next: None }).into_response())
}
