//! Who acts: a login with a role, its groups and its Ente (clause 2-1, R14).

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, Operatore, Ruolo};
use crate::ids::{EnteId, GruppoId, Login};

/// The login of the actor that brings contacts in from files.
const IMPORT: &str = "import";

/// The logins of the system's own actors: the import, the workers by the names of their queues, and what the office
/// itself is called. No person can have one, so that history tells for ever which of the two did what (clause 2-1).
pub const RESERVED_LOGINS: [&str; 6] = [IMPORT, "assignment", "intake", "rejections", "sistema", "smista"];

/// The one who gives a command or asks to see a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attore {
    /// Who, as history will name them.
    pub login: Login,
    /// What they are.
    pub ruolo: Ruolo,
    /// The groups they are a referent of; empty but for the second level.
    pub gruppi: BTreeSet<GruppoId>,
    /// May open and answer inbound email (5.1-1).
    pub email_inbound: bool,
}

impl Attore {
    /// The actor behind an operator of the catalogue; none once retired.
    pub fn of_operatore(operatore: &Operatore, catalogue: &Catalogue) -> Option<Self> {
        let gruppi = catalogue.gruppi_of(&operatore.login);
        (!operatore.retired).then(|| Self {
            login: operatore.login.clone(),
            ruolo: operatore.ruolo.clone(),
            gruppi,
            email_inbound: operatore.email_inbound,
        })
    }

    /// A named actor of the system itself, such as the worker that routes.
    pub fn sistema(login: Login) -> Self {
        Self { login, ruolo: Ruolo::Sistema, gruppi: BTreeSet::new(), email_inbound: false }
    }

    /// The named actor that brings contacts in from files, with the rights of the first level.
    pub fn import() -> Self {
        let login = Login::new(IMPORT).expect("a code of lower-case letters");
        Self { login, ruolo: Ruolo::PrimoLivello, gruppi: BTreeSet::new(), email_inbound: true }
    }

    /// Whether it is the actor that brings contacts in from files, a login that no person can have
    /// ([`RESERVED_LOGINS`]).
    pub fn is_import(&self) -> bool {
        self.login.as_str() == IMPORT && self.ruolo == Ruolo::PrimoLivello
    }

    /// The Ente that the role is bound to.
    pub fn ente(&self) -> Option<&EnteId> {
        match &self.ruolo {
            Ruolo::SecondoLivello { ente } | Ruolo::Specialista { ente } => Some(ente),
            Ruolo::PrimoLivello
            | Ruolo::GestioneRigetti
            | Ruolo::Ufficio
            | Ruolo::Operazioni
            | Ruolo::Sistema => None,
        }
    }

    /// Whether they are a referent of this group.
    pub fn is_member_of(&self, gruppo: Option<&GruppoId>) -> bool {
        gruppo.is_some_and(|gruppo| self.gruppi.contains(gruppo))
    }
}

/// Whether this login is one of the system's own actors'.
pub fn is_reserved(login: &Login) -> bool {
    RESERVED_LOGINS.contains(&login.as_str())
}

impl Ruolo {
    /// The role's name on the wire and in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PrimoLivello => "primo_livello",
            Self::SecondoLivello { .. } => "secondo_livello",
            Self::Specialista { .. } => "specialista",
            Self::GestioneRigetti => "gestione_rigetti",
            Self::Ufficio => "ufficio",
            Self::Operazioni => "operazioni",
            Self::Sistema => "sistema",
        }
    }
}

#[cfg(test)]
mod tests;
