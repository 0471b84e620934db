//! What of a case an actor may see (R14, R23).

use crate::attore::Attore;
use crate::caso::Caso;
use crate::catalogue::Ruolo;

/// How much of a case an actor sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// All of it.
    Full,
    /// The request, the answer and the notes, without the citizen's data: what verifying a knowledge gap asks for.
    WithoutAnagrafica,
    /// All but the citizen's data and anybody's words.
    WithoutPersonalData,
    /// The history up to this version, without the citizen's data: the case has gone to another Ente (R23).
    UpTo {
        /// The last version that the actor sees.
        versione: i64,
    },
    /// Nothing: it answers as a case that does not exist.
    Hidden,
}

/// What this actor sees of this case.
pub fn visibility(attore: &Attore, caso: &Caso) -> Visibility {
    match &attore.ruolo {
        Ruolo::PrimoLivello | Ruolo::GestioneRigetti | Ruolo::Sistema => Visibility::Full,
        Ruolo::Operazioni => Visibility::WithoutPersonalData,
        Ruolo::Ufficio if caso.esigenza => Visibility::WithoutAnagrafica,
        Ruolo::Ufficio => Visibility::Hidden,
        Ruolo::SecondoLivello { ente } | Ruolo::Specialista { ente } => {
            let involved =
                !matches!(attore.ruolo, Ruolo::Specialista { .. }) || caso.coinvolti.contains(&attore.login);
            let former = caso.enti_precedenti.iter().rev().find(|former| former.ente == *ente);
            match former {
                _ if !involved => Visibility::Hidden,
                _ if caso.ente() == Some(ente) => Visibility::Full,
                Some(former) => Visibility::UpTo { versione: former.fino_a_versione },
                None => Visibility::Hidden,
            }
        }
    }
}
