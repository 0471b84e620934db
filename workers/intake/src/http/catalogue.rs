//! The catalogue as front ends need it: what a case may name, and the sheets. Retired things are left out.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use smista_domain::catalogue::{Catalogue, Profilo, Servizio};
use smista_domain::ids::{EnteId, GruppoId, SchedaId, Tripletta};
use smista_domain::motivo::Motivo;
use smista_domain::text::Testo;

use super::body::JsonText;
use super::door::Door;
use super::door_problem::DoorProblem;
use super::paging::PageView;
use super::path::OnePart;

/// `GET /v1/catalogue/enti`.
pub(crate) async fn enti(State(door): State<Door>) -> Result<Response, DoorProblem> {
    let catalogue = door.catalogue().await?;
    let rows: Vec<_> = catalogue.enti.values().filter(|ente| !ente.retired).collect();
    Ok(Json(PageView { rows, next: None }).into_response())
}

/// A service that a case may name.
#[derive(Serialize)]
struct ServizioView<'a> {
    tripletta: &'a Tripletta,
    nome: &'a str,
    macrostruttura_nome: Option<&'a str>,
    profilo: Profilo,
    contact_back: bool,
    gruppo: Option<&'a GruppoId>,
    numero_trasferimento: Option<&'a str>,
    agenda: bool,
    scheda: Option<&'a SchedaId>,
    /// The motivi that its profile admits (3.2-4, 3.2-5).
    motivi: Vec<Motivo>,
}

impl<'a> ServizioView<'a> {
    fn of(servizio: &'a Servizio, catalogue: &'a Catalogue) -> Self {
        let Tripletta { ente, macrostruttura, .. } = &servizio.tripletta;
        let unit = catalogue.macrostrutture.get(&(ente.clone(), macrostruttura.clone()));
        let motivi = Motivo::ALL.iter().copied().filter(|motivo| motivo.admitted_on(servizio.profilo));
        Self {
            tripletta: &servizio.tripletta,
            nome: &servizio.nome,
            macrostruttura_nome: unit.map(|unit| unit.nome.as_str()),
            profilo: servizio.profilo,
            contact_back: servizio.contact_back,
            gruppo: servizio.gruppo.as_ref(),
            numero_trasferimento: servizio.numero_trasferimento.as_deref(),
            agenda: servizio.agenda,
            scheda: servizio.scheda.as_ref(),
            motivi: motivi.collect(),
        }
    }
}

/// `GET /v1/catalogue/enti/{ente}/servizi`.
pub(crate) async fn servizi(
    State(door): State<Door>,
    OnePart(ente): OnePart,
) -> Result<Response, DoorProblem> {
    let ente = EnteId::new(ente).map_err(|_not_a_code| DoorProblem::NotFound)?;
    let catalogue = door.catalogue().await?;
    if catalogue.enti.get(&ente).is_none_or(|ente| ente.retired) {
        return Err(DoorProblem::NotFound);
    }
    let of_ente = catalogue.servizi.keys().filter(|tripletta| tripletta.ente == ente);
    let active = of_ente.filter_map(|tripletta| catalogue.active_servizio(tripletta));
    let rows: Vec<_> = active.map(|servizio| ServizioView::of(servizio, &catalogue)).collect();
    Ok(Json(PageView { rows, next: None }).into_response())
}

/// `GET /v1/catalogue/groups`.
pub(crate) async fn groups(State(door): State<Door>) -> Result<Response, DoorProblem> {
    let catalogue = door.catalogue().await?;
    let rows: Vec<_> = catalogue.gruppi.values().filter(|gruppo| !gruppo.retired).collect();
    Ok(Json(PageView { rows, next: None }).into_response())
}

/// `GET /v1/sheets/{id}`: the sheet that a Tripletta leads to (3-3).
pub(crate) async fn sheet(State(door): State<Door>, OnePart(id): OnePart) -> Result<Response, DoorProblem> {
    let id = SchedaId::new(id).map_err(|_not_a_code| DoorProblem::NotFound)?;
    let catalogue = door.catalogue().await?;
    let scheda = catalogue.schede.get(&id).filter(|scheda| !scheda.retired);
    Ok(Json(scheda.ok_or(DoorProblem::NotFound)?).into_response())
}

/// The most sheets that a search shows.
const MOST_SHEETS: usize = 50;

/// What `POST /v1/sheets/search` looks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SheetQuery {
    text: Testo,
    #[serde(default)]
    ente: Option<EnteId>,
    #[serde(default)]
    limit: Option<usize>,
}

/// `POST /v1/sheets/search` (3-3): a POST, because what the operator types may be the citizen's words.
pub(crate) async fn search_sheets(State(door): State<Door>, body: JsonText) -> Result<Response, DoorProblem> {
    let SheetQuery { text, ente, limit } = body.read()?;
    let limit = limit.unwrap_or(10);
    if !(1..=MOST_SHEETS).contains(&limit) {
        return Err(DoorProblem::BodyField("limit"));
    }
    let catalogue = door.catalogue().await?;
    let sheets = door.shared.sheets.get(&catalogue).await;
    let rows = sheets.find(text.as_str(), ente.as_ref(), limit);
    Ok(Json(PageView { rows, next: None }).into_response())
}
