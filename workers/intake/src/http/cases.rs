//! Opening a case, acting on one, reading one, searching many.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestPartsExt};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::command::CommandKind;
use smista_domain::ids::{
    CasoId, CittadinoId, ContattoId, EnteId, GruppoId, Login, MacrostrutturaId, Protocollo, ServizioId,
};
use smista_domain::motivo::Motivo;
use smista_domain::stato::Stato;
use smista_messages::commands;
use smista_office::reading::{self, HistoryEntry};
use smista_office::{Incoming, Outcome, Request, Who};
use smista_store::{CasoFilter, IdempotencyKey, OpeningKey};

use super::answer::{Telling, location};
use super::body::JsonText;
use super::caller::Caller;
use super::conditions::{etag, expected_version, idempotency_key, traceparent};
use super::door::Door;
use super::door_problem::DoorProblem;
use super::paging::{PageView, Query, can_be_sought, checked_limit, page_in_body};
use super::path::OnePart;

/// `POST /v1/contacts`.
pub(crate) async fn open(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: JsonText,
) -> Result<Response, DoorProblem> {
    let idempotency = idempotency_key(&headers)?.map(|key| keep_under(key, &caller, "/v1/contacts", &body));
    let keyed = idempotency.is_some();
    let request = Request::Open {
        opening: Box::new(body.read()?),
        key: OpeningKey { source: caller.cliente.clone(), id: opening_id(idempotency.as_ref(), &door) },
    };
    let telling = telling(&door, &caller);
    let incoming = incoming(&caller, request, None, idempotency, telling, &headers);
    match door.shared.lanes.apply(incoming).await? {
        // A try of ours that was repeated: to the caller it is the first.
        Outcome::OpenedBefore(caso) if !keyed => opened(&door, &caller, caso, StatusCode::CREATED).await,
        // The kept answer has had its time; the case has not.
        Outcome::OpenedBefore(caso) => opened(&door, &caller, caso, StatusCode::OK).await,
        outcome => telling.response(&outcome),
    }
}

/// What an opening is known by for ever, so that repeating it makes no second case. Answers are kept under a key for
/// some days only: a key that a client takes up again after that, for another contact, is another opening, and so the
/// request is part of the name.
fn opening_id(idempotency: Option<&IdempotencyKey>, door: &Door) -> String {
    let Some(IdempotencyKey { key, request_digest, .. }) = idempotency else {
        return format!("http-once:{}", door.office().surroundings.fresh_uuid());
    };
    let digest: String = request_digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("http:{digest}:{key}")
}

/// A case that was opened before, as it stands now and as far as the caller may see it.
async fn opened(
    door: &Door,
    caller: &Caller,
    caso: CasoId,
    status: StatusCode,
) -> Result<Response, DoorProblem> {
    let found = reading::case(door.office(), &caller.attore, door.limits(), caso).await?;
    let summary = found.ok_or(DoorProblem::NotFound)?.summary;
    let headers = [(header::ETAG, etag(summary.versione)), (header::LOCATION, location(caso))];
    Ok((status, headers, Json(summary)).into_response())
}

/// `POST /v1/cases/{id}/…`, one route for each kind of command.
pub(crate) async fn act(
    kind: CommandKind,
    door: Door,
    caller: Caller,
    id: String,
    headers: HeaderMap,
    body: JsonText,
) -> Result<Response, DoorProblem> {
    let caso = caso_id(&id)?;
    let expected = expected_version(&headers, kind)?;
    let given = idempotency_key(&headers)?;
    let command = commands::parse_body(kind, body.as_str())?;
    // A command without a key of the client's gets one of ours: a commit of unknown outcome may then be repeated.
    let key = given.unwrap_or_else(|| format!("http-once:{}", door.office().surroundings.fresh_uuid()));
    let path = format!("/v1/cases/{caso}/{}", path_of(kind));
    let idempotency = Some(keep_under(key, &caller, &path, &body));
    let telling = telling(&door, &caller);
    let request = Request::Act { caso, command };
    let incoming = incoming(&caller, request, expected, idempotency, telling, &headers);
    telling.response(&door.shared.lanes.apply(incoming).await?)
}

/// The last step of a command's path: `take-over`.
pub(crate) fn path_of(kind: CommandKind) -> String {
    let message_type = kind.message_type();
    message_type.split_once('.').map_or(message_type, |(_, name)| name).replace('_', "-")
}

fn telling(door: &Door, caller: &Caller) -> Telling {
    let now = door.office().surroundings.now();
    Telling { language: caller.language, limits: door.limits(), now }
}

fn incoming(
    caller: &Caller,
    request: Request,
    expected_version: Option<i64>,
    idempotency: Option<IdempotencyKey>,
    telling: Telling,
    headers: &HeaderMap,
) -> Incoming {
    Incoming {
        who: Who::Client {
            named: Some(caller.attore.login.to_string()),
            delegation: Arc::clone(&caller.delegation),
        },
        request,
        expected_version,
        message: None,
        render: idempotency
            .is_some()
            .then(|| -> smista_office::Render { Arc::new(move |outcome| telling.render(outcome)) }),
        idempotency,
        spool_row: None,
        traceparent: traceparent(headers),
    }
}

/// A key with the digest of the whole request: the same key for another operator is another request.
pub(crate) fn keep_under(key: String, caller: &Caller, path: &str, body: &JsonText) -> IdempotencyKey {
    let mut digest = Sha256::new();
    for part in ["POST", path, caller.attore.login.as_str(), body.as_str()] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    IdempotencyKey { cliente: caller.cliente.clone(), key, request_digest: digest.finalize().into() }
}

pub(crate) fn caso_id(id: &str) -> Result<CasoId, DoorProblem> {
    id.parse().map(CasoId).map_err(|_not_an_id| DoorProblem::NotFound)
}

/// `GET /v1/cases/{id}`.
pub(crate) async fn read(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    OnePart(id): OnePart,
) -> Result<Response, DoorProblem> {
    let found = reading::case(door.office(), &caller.attore, door.limits(), caso_id(&id)?).await?;
    let case = found.ok_or(DoorProblem::NotFound)?;
    Ok(([(header::ETAG, etag(case.summary.versione))], Json(case)).into_response())
}

/// A part of a history.
#[derive(Serialize)]
struct HistoryView {
    rows: Vec<HistoryEntry>,
}

/// `GET /v1/cases/{id}/history?after=…&limit=…`.
pub(crate) async fn history(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    request: axum::extract::Request,
) -> Result<Response, DoorProblem> {
    let (mut parts, _body) = request.into_parts();
    let OnePart(id) = parts.extract().await?;
    let query = Query::of(&parts);
    let after = query.number("after")?.unwrap_or(0);
    let limit = checked_limit(query.number("limit")?)?;
    let found = reading::history(door.office(), &caller.attore, caso_id(&id)?, after, limit).await?;
    let rows = found.ok_or(DoorProblem::NotFound)?;
    Ok(Json(HistoryView { rows }).into_response())
}

/// The most groups that a search may name.
const MOST_GROUPS: usize = 100;

/// What `POST /v1/cases/search` looks for: all conditions given must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CaseSearch {
    protocollo: Option<Protocollo>,
    stati: Vec<StatoSought>,
    motivi: Vec<Motivo>,
    ente: Option<EnteId>,
    macrostruttura: Option<MacrostrutturaId>,
    servizio: Option<ServizioId>,
    gruppi: Vec<GruppoId>,
    titolare: Option<Login>,
    padre: Option<CasoId>,
    only_padri: bool,
    opened_from: Option<DateTime<Utc>>,
    opened_before: Option<DateTime<Utc>>,
    telefono: Option<Telefono>,
    email: Option<Email>,
    cittadino: Option<CittadinoId>,
    contatto_id: Option<ContattoId>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// A state; without `attributo`, whatever its attribute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatoSought {
    stato: String,
    #[serde(default)]
    attributo: Option<String>,
}

impl StatoSought {
    fn stati(&self) -> impl Iterator<Item = Stato> {
        Stato::ALL.into_iter().filter(|known| {
            let attributo = known.attributo().map(|attributo| attributo.as_str());
            known.name() == self.stato && (self.attributo.is_none() || attributo == self.attributo.as_deref())
        })
    }
}

impl CaseSearch {
    /// The filter, unless a state in it is none of the process.
    fn filter(&self) -> Result<CasoFilter, DoorProblem> {
        if self.stati.iter().any(|sought| sought.stati().next().is_none()) {
            return Err(DoorProblem::BodyField("stati"));
        }
        // What a store is asked must stay short, however often a caller repeats itself.
        let stati: BTreeSet<Stato> = self.stati.iter().flat_map(StatoSought::stati).collect();
        let motivi: BTreeSet<Motivo> = self.motivi.iter().copied().collect();
        let gruppi: BTreeSet<GruppoId> = self.gruppi.iter().cloned().collect();
        if gruppi.len() > MOST_GROUPS {
            return Err(DoorProblem::BodyField("gruppi"));
        }
        let times = [("opened_from", self.opened_from), ("opened_before", self.opened_before)];
        if let Some((name, _)) = times.into_iter().find(|(_, at)| at.is_some_and(|at| !can_be_sought(at))) {
            return Err(DoorProblem::BodyField(name));
        }
        Ok(CasoFilter {
            protocollo: self.protocollo,
            stati: stati.into_iter().collect(),
            motivi: motivi.into_iter().collect(),
            ente: self.ente.clone(),
            macrostruttura: self.macrostruttura.clone(),
            servizio: self.servizio.clone(),
            gruppi: gruppi.into_iter().collect(),
            titolare: self.titolare.clone(),
            padre: self.padre,
            only_padri: self.only_padri,
            opened_from: self.opened_from,
            opened_before: self.opened_before,
            telefono: self.telefono.clone(),
            email: self.email.clone(),
            cittadino: self.cittadino,
            contatto_id: self.contatto_id,
            ..CasoFilter::default()
        })
    }

    fn is_about_a_citizen(&self) -> bool {
        self.telefono.is_some() || self.email.is_some() || self.cittadino.is_some()
    }
}

/// `POST /v1/cases/search`.
pub(crate) async fn search(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    body: JsonText,
) -> Result<Response, DoorProblem> {
    let search: CaseSearch = body.read()?;
    if search.is_about_a_citizen() && !reading::may_search_by_citizen(&caller.attore) {
        return Err(DoorProblem::Role);
    }
    let page = page_in_body(search.cursor.as_deref(), search.limit)?;
    let found =
        reading::search(door.office(), &caller.attore, door.limits(), search.filter()?, &page).await?;
    Ok(Json(PageView::from(found)).into_response())
}
