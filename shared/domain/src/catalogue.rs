//! The catalogue: Enti, Macrostrutture, Servizi, groups, operators and the sheets of the knowledge base.
//!
//! A [`Catalogue`] is a whole value, read at one revision. Whatever a case may refer to is retired, never
//! removed, so a look-up by code finds retired things too; `active` says which may be used for new work.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ids::{DocumentoId, EnteId, GruppoId, Login, MacrostrutturaId, SchedaId, Tripletta};

/// The catalogue at one revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Rises by one with every import that changed something; 0 is the empty catalogue.
    pub revision: i64,
    /// The bodies.
    pub enti: BTreeMap<EnteId, Ente>,
    /// Units, by Ente and code.
    pub macrostrutture: BTreeMap<(EnteId, MacrostrutturaId), Macrostruttura>,
    /// Services, by Tripletta.
    pub servizi: BTreeMap<Tripletta, Servizio>,
    /// Second-level groups.
    pub gruppi: BTreeMap<GruppoId, Gruppo>,
    /// Everybody with a login (clause 2-1).
    pub operatori: BTreeMap<Login, Operatore>,
    /// Sheets of the knowledge base.
    pub schede: BTreeMap<SchedaId, Scheda>,
    /// Documents that the knowledge base holds.
    pub documenti: BTreeMap<DocumentoId, Documento>,
}

/// A public body served by the centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ente {
    /// Its code.
    pub id: EnteId,
    /// Its name, as said to a citizen.
    pub nome: String,
    /// The group that Gestione Rigetti may use when nobody else is competent (R21). Mandatory when the Ente has
    /// a service on avanzato.
    pub gruppo_di_ripiego: Option<GruppoId>,
    /// No longer served.
    pub retired: bool,
}

/// An organisational unit of an Ente, at any depth (clause 3-3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Macrostruttura {
    /// Its Ente.
    pub ente: EnteId,
    /// Its code within the Ente.
    pub id: MacrostrutturaId,
    /// Its name.
    pub nome: String,
    /// The unit it belongs to, in the same Ente.
    pub parent: Option<MacrostrutturaId>,
    /// No longer in use.
    pub retired: bool,
}

/// Whether the first level may involve the second for a service (clause 3.2-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profilo {
    /// No interaction with the second level (3.2-2).
    Base,
    /// The second level accepts specialist requests and reclami (3.2-3).
    Avanzato,
}

/// A service. With its [`Tripletta`], `contact_back` makes the Quadrupletta (clause 4.2-9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Servizio {
    /// Ente, Macrostruttura and code.
    pub tripletta: Tripletta,
    /// Its name, as said to a citizen.
    pub nome: String,
    /// Chosen by the Ente (clause 3.2-1).
    pub profilo: Profilo,
    /// Whether the second level may ask the first to tell the citizen (clause 4.2-8).
    pub contact_back: bool,
    /// The group that receives its cases; without one they go to Gestione Rigetti (R9).
    pub gruppo: Option<GruppoId>,
    /// The number for a contextual transfer.
    pub numero_trasferimento: Option<String>,
    /// Whether appointments can be booked (clause 3.1-8).
    pub agenda: bool,
    /// The sheet that the Tripletta leads to (clause 3-3).
    pub scheda: Option<SchedaId>,
    /// No longer offered.
    pub retired: bool,
}

/// A group of second-level referents of one Ente, with an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gruppo {
    /// Its code.
    pub id: GruppoId,
    /// Its Ente.
    pub ente: EnteId,
    /// Its name.
    pub nome: String,
    /// Where the group is told of new cases.
    pub email: Option<String>,
    /// The referents.
    pub membri: BTreeSet<Login>,
    /// Retired: receives nothing, and what it has is rejected by the system (row 20a).
    pub retired: bool,
}

/// What an operator is, and so what they may do (R14).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ruolo", rename_all = "snake_case")]
pub enum Ruolo {
    /// Contact-centre operator.
    PrimoLivello,
    /// Referent of an office of this Ente; the groups are those that list the login as a member.
    SecondoLivello {
        /// The Ente whose cases the referent sees.
        ente: EnteId,
    },
    /// Specialist of this Ente: sees and contributes to the cases it was involved in.
    Specialista {
        /// The Ente the specialist belongs to.
        ente: EnteId,
    },
    /// Member of the group that re-examines rejected cases.
    GestioneRigetti,
    /// Member of the Ufficio esigenze informative.
    Ufficio,
    /// Runs the system; sees no anagrafica.
    Operazioni,
    /// A named actor of the system itself.
    Sistema,
}

/// Somebody with a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operatore {
    /// The login.
    pub login: Login,
    /// The name that colleagues see.
    pub nome: String,
    /// The role, with its Ente where it has one.
    #[serde(flatten)]
    pub ruolo: Ruolo,
    /// May open and answer inbound email (clause 5.1-1).
    pub email_inbound: bool,
    /// No longer at work: may do nothing.
    pub retired: bool,
}

/// A sheet of the knowledge base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheda {
    /// Its code.
    pub id: SchedaId,
    /// The Ente that keeps it.
    pub ente: EnteId,
    /// Its title.
    pub titolo: String,
    /// Who, where, when, how: what the operator reads out, in order.
    pub sezioni: Vec<Sezione>,
    /// Answers prepared for common questions (clause 5.1-2).
    pub risposte_standard: Vec<RispostaStandard>,
    /// The one section that may be sent by SMS (clause 4.5-3).
    pub sms: Option<String>,
    /// Documents that the Ente allows to be sent for this sheet's service (clause 4.4-3).
    pub documenti: Vec<DocumentoId>,
    /// No longer current.
    pub retired: bool,
}

/// A part of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sezione {
    /// What the part is about: `Chi`, `Dove`, `Quando`, `Come`, …
    pub titolo: String,
    /// The text, plain.
    pub testo: String,
}

/// A prepared answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RispostaStandard {
    /// Its code within the sheet.
    pub codice: String,
    /// When it fits.
    pub titolo: String,
    /// The text, plain.
    pub testo: String,
}

/// A document that may be attached to an email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documento {
    /// Its code.
    pub id: DocumentoId,
    /// The Ente that allows it.
    pub ente: EnteId,
    /// Its title.
    pub titolo: String,
    /// The file's name, as the citizen receives it.
    pub file: String,
    /// Its media type, for instance `application/pdf`.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// No longer to be sent.
    pub retired: bool,
}

impl Catalogue {
    /// A service that new work may name: it, its Macrostruttura and its Ente are not retired.
    pub fn active_servizio(&self, tripletta: &Tripletta) -> Option<&Servizio> {
        let unit = (tripletta.ente.clone(), tripletta.macrostruttura.clone());
        let ente_active = self.enti.get(&tripletta.ente).is_some_and(|ente| !ente.retired);
        let unit_active = self.macrostrutture.get(&unit).is_some_and(|unit| !unit.retired);
        self.servizi.get(tripletta).filter(|servizio| ente_active && unit_active && !servizio.retired)
    }

    /// A group that may receive work.
    pub fn active_gruppo(&self, gruppo: &GruppoId) -> Option<&Gruppo> {
        self.gruppi.get(gruppo).filter(|gruppo| !gruppo.retired)
    }

    /// The group that receives the cases of a service, if it has one that is not retired (R9).
    pub fn competent_gruppo(&self, tripletta: &Tripletta) -> Option<&Gruppo> {
        self.servizi.get(tripletta)?.gruppo.as_ref().and_then(|gruppo| self.active_gruppo(gruppo))
    }

    /// The services on avanzato that new work may name, each with its competent group: where a case can be reassigned
    /// to (row 21).
    pub fn avanzato_with_gruppo(&self) -> impl Iterator<Item = (&Servizio, &Gruppo)> {
        self.servizi.keys().filter_map(|tripletta| {
            let servizio = self.active_servizio(tripletta)?;
            let gruppo = self.competent_gruppo(tripletta)?;
            (servizio.profilo == Profilo::Avanzato).then_some((servizio, gruppo))
        })
    }

    /// The sheet of a service (clause 3-3).
    pub fn scheda_of(&self, tripletta: &Tripletta) -> Option<&Scheda> {
        self.servizi.get(tripletta)?.scheda.as_ref().and_then(|scheda| self.schede.get(scheda))
    }

    /// The groups that list this login.
    pub fn gruppi_of(&self, login: &Login) -> BTreeSet<GruppoId> {
        self.gruppi
            .values()
            .filter(|gruppo| gruppo.membri.contains(login))
            .map(|gruppo| gruppo.id.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests;
