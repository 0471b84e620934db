//! The journey that is measured: what comes in for one case, phase by phase, and what each phase must leave behind.
//!
//! A Reclamo is opened and routed to the inbox of its service; the group rejects it, and it is triaged; Gestione Rigetti
//! reassigns it to another group. The same messages are given to the engine and to the floor.

use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, RESIDENZA, RITA, TARI, TEO, tripletta};
use uuid::Uuid;

/// The client that gives the commands.
pub(crate) const CLIENT: &str = "banco";

/// One part of the journey. A phase starts when the one before it is over for every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `contact.open`, then routing.
    Open,
    /// `case.reject`, then triage.
    Reject,
    /// `case.reassign`.
    Reassign,
}

/// What one case's phase comes to, in messages taken from each queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) intake: u64,
    pub(crate) assignment: u64,
    pub(crate) rejections: u64,
}

impl Phase {
    pub(crate) const ALL: [Phase; 3] = [Phase::Open, Phase::Reject, Phase::Reassign];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Open => "open and route",
            Phase::Reject => "reject and triage",
            Phase::Reassign => "reassign",
        }
    }

    /// The type of the command that starts it.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Phase::Open => "contact.open",
            Phase::Reject => "case.reject",
            Phase::Reassign => "case.reassign",
        }
    }

    /// How many messages each worker takes for one case before the phase is over.
    pub(crate) fn taken(self) -> Taken {
        match self {
            Phase::Open => Taken { intake: 1, assignment: 1, rejections: 0 },
            Phase::Reject => Taken { intake: 1, assignment: 0, rejections: 1 },
            Phase::Reassign => Taken { intake: 1, assignment: 0, rejections: 0 },
        }
    }

    /// The command for the case that is number `number`, and has this id once it is opened.
    pub(crate) fn message(self, number: usize, caso: Option<Uuid>) -> Vec<u8> {
        let (operatore, data) = match self {
            Phase::Open => (ANNA, contact(number)),
            Phase::Reject => (
                TEO,
                json!({ "causa": "errore_operatore", "note": "Non riguarda i tributi: è un cambio di residenza." }),
            ),
            Phase::Reassign => (RITA, json!({ "tripletta": tripletta(RESIDENZA) })),
        };
        let mut message = json!({
            "specversion": "1.0", "id": format!("{}-{number}", self.command()), "source": "//banco.example/prova",
            "type": self.command(), "time": "2026-11-23T08:00:00Z", "datacontenttype": "application/json",
            "operatore": operatore, "cliente": CLIENT, "data": data,
        });
        if let Some(caso) = caso {
            message["subject"] = Value::String(caso.to_string());
        }
        message.to_string().into_bytes()
    }
}

pub(crate) fn contact(number: usize) -> Value {
    json!({
        "motivo": "reclamo", "tripletta": tripletta(TARI), "canale": "telefono",
        "description": format!(
            "Ho presentato la domanda due mesi fa e nessuno mi ha risposto; chiedo a che punto è la pratica {number}."
        ),
        "anagrafica": { "nome": "Gino", "cognome": "Prova", "telefono": format!("055 {:07}", number % 10_000_000) },
    })
}
