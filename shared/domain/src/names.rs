//! What people call things: the Italian names of commands, motivi, roles and profiles, as texts for operators use
//! them. Knows no sentence; the states' names stand with the states.

use crate::catalogue::Profilo;
use crate::command::CommandKind;
use crate::motivo::Motivo;

impl CommandKind {
    /// What the command does, as an infinitive: *prendere in carico*.
    pub fn in_italian(self) -> &'static str {
        match self {
            Self::Open => "aprire un caso",
            Self::TransferFailed => "registrare il mancato trasferimento",
            Self::Accept => "prendere in carico",
            Self::Release => "rilasciare",
            Self::TakeOver => "subentrare nella presa in carico",
            Self::Involve => "coinvolgere uno specialista",
            Self::Contribute => "contribuire come specialista",
            Self::Suspend => "sospendere",
            Self::Resolve => "risolvere",
            Self::RecordAttempt => "registrare un tentativo di contatto",
            Self::HandBack => "restituire al II livello",
            Self::Reject => "rigettare",
            Self::Reassign => "riassegnare",
            Self::Cancel => "annullare",
            Self::Detach => "scollegare dal case padre",
            Self::Note => "aggiungere una nota",
            Self::CorrectAnagrafica => "correggere l'anagrafica",
            Self::Route => "smistare al gruppo competente",
        }
    }

    /// The same in English.
    pub fn in_english(self) -> &'static str {
        match self {
            Self::Open => "open a case",
            Self::TransferFailed => "record a failed transfer",
            Self::Accept => "accept",
            Self::Release => "release",
            Self::TakeOver => "take over",
            Self::Involve => "involve a specialist",
            Self::Contribute => "contribute as a specialist",
            Self::Suspend => "suspend",
            Self::Resolve => "resolve",
            Self::RecordAttempt => "record a contact attempt",
            Self::HandBack => "hand back to the second level",
            Self::Reject => "reject",
            Self::Reassign => "reassign",
            Self::Cancel => "cancel",
            Self::Detach => "detach from its padre",
            Self::Note => "add a note",
            Self::CorrectAnagrafica => "correct the anagrafica",
            Self::Route => "route to the competent group",
        }
    }
}

impl Motivo {
    /// The motivo as section 3.1 calls it.
    pub fn in_italian(self) -> &'static str {
        match self {
            Self::Informazione => "Informazione",
            Self::InformazioneSuCase => "Informazione su Case",
            Self::Reclamo => "Reclamo",
            Self::Lamentela => "Lamentela",
            Self::Segnalazione => "Segnalazione",
            Self::Sollecito => "Sollecito",
            Self::NotificaPerInformazione => "Notifica per informazione",
            Self::Prenotazione => "Prenotazione",
        }
    }

    /// The clause that defines it.
    pub fn clause(self) -> &'static str {
        match self {
            Self::Informazione => "3.1-1",
            Self::InformazioneSuCase => "3.1-2",
            Self::Reclamo => "3.1-3",
            Self::Lamentela => "3.1-4",
            Self::Segnalazione => "3.1-5",
            Self::Sollecito => "3.1-6",
            Self::NotificaPerInformazione => "3.1-7",
            Self::Prenotazione => "3.1-8",
        }
    }
}

impl Profilo {
    /// The profile's name, which is also its wire name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Avanzato => "avanzato",
        }
    }

    /// The motivi that a service of this profile admits (3.2-4, 3.2-5), as a list for people.
    pub fn admitted_motivi(self) -> String {
        let admitted = Motivo::ALL.iter().filter(|motivo| motivo.admitted_on(self));
        admitted.map(|motivo| motivo.in_italian()).collect::<Vec<_>>().join(", ")
    }
}

/// The Italian name of a role given by its wire name, which is what a refusal carries.
pub(crate) fn ruolo_in_italian(name: &str) -> &str {
    match name {
        "primo_livello" => "I livello",
        "secondo_livello" => "II livello",
        "specialista" => "specialista",
        "gestione_rigetti" => "Gestione Rigetti",
        "ufficio" => "Ufficio esigenze informative",
        "operazioni" => "operazioni",
        "sistema" => "sistema",
        other => other,
    }
}
