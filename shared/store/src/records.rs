//! The rows, as values.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use smista_domain::anagrafica::Anagrafica;
use smista_domain::apply::HistoryRow;
use smista_domain::caso::Caso;
use smista_domain::fact::{Campo, Contenuto};
use smista_domain::ids::{CasoId, CittadinoId, EnteId, GruppoId, Login, Tripletta};
use smista_domain::motivo::{CausaRigetto, GenereEsigenza, ModoIdentificazione};
use smista_domain::stato::Stato;
use uuid::Uuid;

/// A case as it is stored.
pub type CasoRow = Caso;

/// What an opening is known by for ever: its source and id there. Unique over all cases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpeningKey {
    /// The client, file or system that the contact came from.
    pub source: String,
    /// Its id there.
    pub id: String,
}

/// One command's effect on one case (2-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoriaRow {
    /// The case.
    pub caso: CasoId,
    /// Version, time, author and facts.
    pub row: HistoryRow,
    /// The command, as it travels: `case.reject`.
    pub command: String,
    /// Where the case stood; none for an opening.
    pub stato_before: Option<Stato>,
    /// Where it stands after.
    pub stato_after: Stato,
}

/// A text or a part of the personal data, as one command brought it. The current anagrafica is all of its parts
/// laid over each other, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperRow {
    /// The case.
    pub caso: CasoId,
    /// The version that brought it.
    pub versione: i64,
    /// Its place among the papers of that version, from 0.
    pub indice: i64,
    /// Which part of the case it is.
    pub campo: Campo,
    /// What it says.
    pub contenuto: Contenuto,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Login,
}

/// A rejection, from which triage learns (R12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RigettoRow {
    /// The case.
    pub caso: CasoId,
    /// The version of the rejection.
    pub versione: i64,
    /// The service that the case was assigned for.
    pub tripletta: Tripletta,
    /// The group that rejected it; none when the system did without one.
    pub gruppo: Option<GruppoId>,
    /// The cause of 4.3-6.
    pub causa: CausaRigetto,
    /// The service that the group suggested.
    pub suggerita: Option<Tripletta>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A knowledge gap as the act that raises it knows it. The same kind about the same service while one is open is
/// the same need (R11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EsigenzaRow {
    /// The identifier, should it be a new need.
    pub id: Uuid,
    /// What is missing.
    pub genere: GenereEsigenza,
    /// About which service.
    pub tripletta: Tripletta,
    /// The case that raised it.
    pub caso: CasoId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What triage found about a rejected case: kept beside it (R12).
#[derive(Debug, Clone, PartialEq)]
pub struct TriageRow {
    /// The case.
    pub caso: CasoId,
    /// The version of the case that was looked at.
    pub versione: i64,
    /// The findings, as JSON.
    pub findings: serde_json::Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// To which exchange a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exchange {
    /// What happened: whoever listens gets it.
    Facts,
    /// What is asked for: somebody must be listening.
    Commands,
}

/// The row of a message that waits to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutboxId(pub i64);

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Where to.
    pub exchange: Exchange,
    /// Its type, which is its routing key.
    pub message_type: String,
    /// Its sender.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// The whole envelope, encoded once and shared from then on.
    pub body: Arc<[u8]>,
}

/// The answer that an idempotent request got, to be given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotentAnswer {
    /// HTTP status code.
    pub status: u16,
    /// The headers worth repeating, as JSON.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
    /// When it was given.
    pub at: DateTime<Utc>,
}

/// A citizen whom the centre has identified (R24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cittadino {
    /// The identifier.
    pub id: CittadinoId,
    /// The data.
    pub anagrafica: Anagrafica,
    /// How the citizen was identified.
    pub identificazione: ModoIdentificazione,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last changed.
    pub updated_at: DateTime<Utc>,
}

/// For whom a client may speak.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    /// These operators.
    #[serde(default)]
    pub operatori: Vec<Login>,
    /// All operators of these roles, by wire name.
    #[serde(default)]
    pub ruoli: Vec<String>,
    /// If given, only operators bound to these Enti, or to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enti: Option<Vec<EnteId>>,
}

/// A program that calls us: a front end, the phone system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cliente {
    /// Its name; over AMQP the name of its user.
    pub nome: String,
    /// For whom it may speak.
    pub delegation: Delegation,
}

/// A token by which a client is known over HTTP. The token itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The readable part, by which people speak of it.
    pub prefix: String,
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// Whose it is.
    pub cliente: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: Option<DateTime<Utc>>,
    /// Last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Ended before its time.
    pub revoked_at: Option<DateTime<Utc>>,
}
