//! What is told to whoever listens: one message for each fact, and one for each change of state.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use smista_domain::caso::Caso;
use smista_domain::fact::Fact;
use smista_domain::ids::{CasoId, FactId, GruppoId, Login, Protocollo, Tripletta};
use smista_domain::motivo::Motivo;
use smista_domain::stato::Stato;
use uuid::Uuid;

/// The data of every `case.*` fact and of `gap.raised`, version 1. It names the case and says where it stands after
/// the command, so that most listeners need to ask nothing back; it holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFact {
    /// The case.
    pub caso: CasoId,
    /// The number that the citizen knows.
    pub protocollo: Protocollo,
    /// The case's version that the fact belongs to. Order of arrival is not promised: a lower one is older.
    pub sequence: i64,
    /// Why the citizen made contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motivo: Option<Motivo>,
    /// The service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tripletta: Option<Tripletta>,
    /// Where the case stands now.
    #[serde(flatten)]
    pub stato: Stato,
    /// The group that has it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gruppo: Option<GruppoId>,
    /// The case that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padre: Option<CasoId>,
    /// Who did it.
    pub by: Login,
    /// What happened; left out of `case.state_changed`, which only follows states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Fact>,
}

impl CaseFact {
    /// The message about a case as it stands after a command.
    pub fn about(caso: &Caso, by: &Login, detail: Option<&Fact>) -> Self {
        Self {
            caso: caso.id,
            protocollo: caso.protocollo,
            sequence: caso.versione,
            motivo: caso.motivo,
            tripletta: caso.tripletta.clone(),
            stato: caso.stato,
            gruppo: caso.gruppo.clone(),
            padre: caso.padre,
            by: by.clone(),
            detail: detail.cloned(),
        }
    }
}

/// The type of the message that only follows states.
pub const STATE_CHANGED: &str = "case.state_changed";
/// The type of the message that tells a client why its command was refused.
pub const COMMAND_REFUSED: &str = "command.refused";
/// The type of the message that a group no longer receives cases.
pub const GROUP_RETIRED: &str = "group.retired";

/// A group was retired by a catalogue import; the cases that it has go to Gestione Rigetti (row 20a).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRetired {
    /// Which.
    pub gruppo: GruppoId,
}

/// A command from the broker was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRefused {
    /// The command's type.
    pub command: String,
    /// Its source and id, so that the client finds it.
    pub command_source: String,
    /// See `command_source`.
    pub command_id: String,
    /// Why.
    pub problem: crate::problem::Problem,
}

/// The namespace of fact ids.
const FACT_NAMESPACE: Uuid = Uuid::from_u128(0x5a1d_6f0c_2f4e_5b7a_9c3d_0550_5505_5055);
/// Bytes of an instant in milliseconds, with which a time-ordered id begins (RFC 9562, 5.7).
const INSTANT_BYTES: usize = 6;

/// The id of a fact: the same row of a case's history and the same index always give the same, so a repeated publish repeats
/// its id. `at` is the row's instant.
///
/// A UUIDv8 (RFC 9562, 5.8): the instant, then a digest. Whoever keeps ids in order, as every inbox does, writes those of
/// one batch side by side; all at random they cost a full inbox on SQLite a fifth of its rate (`tests/bench/NOTES.md`).
pub fn fact_id(caso: CasoId, versione: i64, at: DateTime<Utc>, index: usize) -> FactId {
    let digest = Uuid::new_v5(&FACT_NAMESPACE, format!("{caso}/{versione}/{index}").as_bytes());
    let (mut bytes, instant) = (digest.into_bytes(), at.timestamp_millis().to_be_bytes());
    bytes[..INSTANT_BYTES].copy_from_slice(&instant[instant.len() - INSTANT_BYTES..]);
    FactId(Uuid::new_v8(bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_fact_has_an_id_of_its_own_that_begins_with_its_instant() {
        let caso = |number: u128| CasoId(Uuid::from_u128(0x01a2_14cc_3840_7306_9780_c3be_162b_0000 + number));
        let at = DateTime::from_timestamp_millis(0x01a2_14cc_3840).expect("an instant");
        let mut ids = BTreeSet::new();
        for (number, versione, index) in [(0, 1, 0), (1, 1, 0), (0, 2, 0), (0, 1, 1)] {
            let id = fact_id(caso(number), versione, at, index);
            assert_eq!(id.0.get_version_num(), 8);
            assert!(id.to_string().starts_with("01a214cc-3840-8"), "{id}");
            assert!(ids.insert(id), "one id for two facts: {id}");
        }
        // As it was when the first of them were published.
        assert_eq!(fact_id(caso(0), 1, at, 0).to_string(), "01a214cc-3840-80b0-9e2c-56584db9a870");
    }
}
