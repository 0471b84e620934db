//! What the system has to do about a case so that it is never left with nobody (rows 4a and 20a).

use crate::caso::Caso;
use crate::catalogue::Catalogue;
use crate::command::{Command, Rejection};
use crate::motivo::CausaRigetto;
use crate::stato::Stato;
use crate::text::{Testo, TextError};
use crate::transitions::WITH_SECOND_LEVEL;

/// The command that finds this case a place, or nothing when it has one.
pub fn routing_command(caso: &Caso, catalogue: &Catalogue) -> Result<Option<Command>, TextError> {
    if !WITH_SECOND_LEVEL.contains(&caso.stato) || caso.is_figlio() {
        return Ok(None);
    }
    let rejection = |reason: &str| {
        let causa = CausaRigetto::ResponsabileNonIndividuabile;
        let note = Testo::new(reason)?;
        Ok(Some(Command::Reject(Rejection { causa, note, tripletta_suggerita: None })))
    };
    match &caso.gruppo {
        None if caso.stato == Stato::Assegnato => Ok(Some(Command::Route)),
        None => rejection("Nessun gruppo è competente per il servizio (rigetto automatico)."),
        Some(gruppo) if catalogue.active_gruppo(gruppo).is_none() => {
            rejection("Il gruppo che aveva il caso non è più attivo (rigetto automatico).")
        }
        Some(_) => Ok(None),
    }
}
