//! One `contact.open` for each line of `openings.tsv`, and what the code makes of it.

use smista_domain::anagrafica::{Anagrafica, DatoPersonale, Email, Luogo, Telefono};
use smista_domain::attore::Attore;
use smista_domain::caso::Pratica;
use smista_domain::catalogue::Profilo;
use smista_domain::command::{Answer, Cancellation, NewCaso, Notifica, Opening};
use smista_domain::decide::{Cited, OpeningView, open};
use smista_domain::fact::Fact;
use smista_domain::ids::CasoId;
use smista_domain::motivo::{
    CanaleInbound, CanaleOutbound, EsitoTentativo, ModoIdentificazione, Motivo, MotivoAnnullamento,
    VerificaDisponibilita,
};
use smista_domain::refusal::{Refusal, Why};
use smista_domain::stato::{Attributo, Stato};
use smista_domain::transitions::{From, TRANSITIONS, To};

use crate::commands::{ATTRIBUTI, attempt};
use crate::situations::padre_of_an_opening;
use crate::tsv::Tsv;
use crate::world::{at, attore, caso_id, catalogue, protocollo, testo, tripletta};

const NEW: u128 = 9;

/// One line, by column.
pub(crate) struct Line<'a> {
    pub(crate) tsv: &'a Tsv,
    pub(crate) values: &'a [String],
}

impl Line<'_> {
    pub(crate) fn get(&self, column: &str) -> &str {
        self.tsv.value(self.values, column)
    }

    /// What the code makes of it, written as the file writes it.
    pub(crate) fn observed(&self) -> String {
        let catalogue = catalogue();
        let attore = self.attore();
        let padre = self.padre();
        let opening = self.opening(padre.as_ref().map(|(_, named)| *named));
        let view = OpeningView {
            new: NewCaso { id: caso_id(NEW), protocollo: protocollo(9) },
            padre: padre.as_ref().map(|(pratica, _)| pratica),
            cited: Cited::default(),
            catalogue: &catalogue,
        };
        let decision = match open(&view, &opening, &attore, at(1)) {
            Err(refusal) => return format!("no:{}", kind(&refusal)),
            Ok(decision) => decision,
        };
        let assigned = decision.changes[0].facts.contains(&Fact::Assigned);
        let before = padre.map(|(pratica, _)| pratica);
        let after = decision.apply_to(before.clone(), at(1)).expect("a pratica");
        let caso = after.caso(caso_id(NEW)).expect("the case that was opened");
        let row = self.get("atteso").trim_start_matches("ok:").split('>').next().unwrap_or_default();
        self.check_row(row, caso.stato);
        match row {
            "2" => assert!(caso.esigenza, "row 2 raises an esigenza"),
            "3" => assert!(caso.gruppo.is_some() && !assigned, "in the competent group at once"),
            "7" => assert!(!assigned, "no answer is owed, so nothing is routed"),
            "4" | "5" => assert!(caso.gruppo.is_none() && assigned, "to be routed"),
            "8" => assert_eq!(Some(&caso.gruppo), before.as_ref().map(|pratica| &pratica.padre.gruppo)),
            "8a" => assert_eq!(after.padre.stato, Stato::Annullato, "the padre too, in one act"),
            _ => {}
        }
        if row != "8a" {
            assert_eq!(before.map(|pratica| pratica.padre.stato), caso.padre.map(|_| after.padre.stato));
        }
        format!("ok:{row}>{}", caso.stato)
    }

    /// The row of the expectation exists and leads to the state that the code chose.
    fn check_row(&self, row: &str, stato: Stato) {
        let leads_there = TRANSITIONS.iter().any(|known| {
            known.row == row
                && known.from == From::New
                && matches!(known.to, To::OneOf(states) if states.contains(&stato))
        });
        assert!(leads_there, "row {row} does not lead to {stato}");
    }

    fn attore(&self) -> Attore {
        let name = match self.get("ruolo") {
            "primo_livello" | "primo_livello_senza_permesso_email" => "primo-uno",
            "secondo_livello" => "referente-uno",
            "specialista" => "specialista-uno",
            "gestione_rigetti" => "rigetti-uno",
            other @ ("ufficio" | "operazioni" | "sistema") => other,
            unknown => panic!("no such role: {unknown}"),
        };
        let email_inbound = self.get("ruolo") == "primo_livello";
        Attore { email_inbound, ..attore(name, &catalogue()) }
    }

    fn profilo(&self) -> Option<Profilo> {
        match self.get("profilo") {
            "base" => Some(Profilo::Base),
            "avanzato" => Some(Profilo::Avanzato),
            "assente" => None,
            unknown => panic!("no such profile: {unknown}"),
        }
    }

    fn padre(&self) -> Option<(Pratica, CasoId)> {
        let (motivo, situation) = self.get("padre").split_once(':')?;
        Some(padre_of_an_opening(
            motivo,
            situation,
            self.profilo().expect("a figlio has its padre's profile"),
        ))
    }

    fn opening(&self, padre: Option<CasoId>) -> Opening {
        let motivo = match self.get("motivo") {
            "assente" => None,
            name => Some(Motivo::from_name(name).unwrap_or_else(|| panic!("no such motivo: {name}"))),
        };
        let place = (motivo == Some(Motivo::Segnalazione)).then(|| Luogo {
            indirizzo: personal("Via Roma 1"),
            latitudine: None,
            longitudine: None,
        });
        let identified = self.get("variante") == "identificato";
        Opening {
            motivo,
            tripletta: self.profilo().map(|profilo| match profilo {
                Profilo::Base => tripletta("firenze/verde"),
                Profilo::Avanzato => tripletta("firenze/anagrafe"),
            }),
            canale: CanaleInbound::from_name(self.get("canale")).expect("a channel"),
            canale_origine: None,
            description: Some(testo("la richiesta")),
            anagrafica: Some(anagrafica(self.get("anagrafica"))),
            place,
            answer: self.answer(),
            verifica: self.verifica(),
            padre,
            notifica: self.notifica(),
            identificazione: identified.then_some(ModoIdentificazione::NumeroChiamante),
            annullamento: self.annullamento(),
            opened_at: None,
            contatto_id: None,
            seguito_di: None,
            cittadino: None,
        }
    }

    fn answer(&self) -> Option<Answer> {
        let canale = CanaleOutbound::from_name(self.get("risposta"))?;
        let esito = self.get("esito");
        let attributo = ATTRIBUTI.into_iter().find(|attributo| attributo.as_str() == esito);
        let attributo = attributo.unwrap_or(Attributo::Comunicato);
        let tentativi = match self.get("prova") {
            "tentativi" => vec![attempt(EsitoTentativo::NonRisponde)],
            "email_richiesta" | "-" => vec![],
            unknown => panic!("no such proof: {unknown}"),
        };
        Some(Answer { text: testo("la risposta"), canale, attributo, tentativi })
    }

    fn verifica(&self) -> Option<VerificaDisponibilita> {
        match self.get("verifica") {
            "positiva" => Some(VerificaDisponibilita::Disponibile),
            "negativa" => Some(VerificaDisponibilita::NonDisponibile),
            "rinuncia" => Some(VerificaDisponibilita::AttesaRifiutata),
            "nessuna" | "-" => None,
            unknown => panic!("no such check: {unknown}"),
        }
    }

    fn notifica(&self) -> Option<Notifica> {
        match self.get("variante") {
            "anagrafica" => Some(Notifica::Anagrafica { anagrafica: anagrafica("telefono") }),
            "dati" => Some(Notifica::Integrazione {}),
            "ritiro" => Some(Notifica::Ritiro {}),
            _ => None,
        }
    }

    /// A cancellation cannot be written without a reason at all; *another reason* that is not said is none.
    fn annullamento(&self) -> Option<Cancellation> {
        match self.get("variante") {
            "annullata" => Some(Cancellation { motivo: MotivoAnnullamento::ContattoAbbandonato, note: None }),
            "annullata_senza_motivo" => Some(Cancellation { motivo: MotivoAnnullamento::Altro, note: None }),
            _ => None,
        }
    }
}

fn personal(text: &str) -> DatoPersonale {
    DatoPersonale::new(text).expect("a personal datum")
}

fn anagrafica(fields: &str) -> Anagrafica {
    let has = |field| fields.split('_').any(|given| given == field);
    Anagrafica {
        nome: has("nome").then(|| personal("Anna")),
        cognome: has("cognome").then(|| personal("Neri")),
        telefono: has("telefono").then(|| Telefono::new("055 123456").expect("a number")),
        email: has("email").then(|| Email::new("anna@example.org").expect("an address")),
        indirizzo: None,
    }
}

fn kind(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Role { .. } | Refusal::InboundEmail => "ruolo",
        Refusal::Profile { .. } => "profilo",
        Refusal::Anagrafica { .. } => "anagrafica",
        Refusal::Padre { .. } | Refusal::Missing { field: "padre", .. } => "padre",
        Refusal::Missing { field: "verifica", .. } | Refusal::NotAdmitted { field: "verifica", .. } => {
            "verifica"
        }
        Refusal::NotAdmitted { field: "answer.attributo", why: Why::NoFailedAttempt } => "prova",
        Refusal::NotAdmitted { field: "answer.attributo", .. } => "esito",
        Refusal::Missing { field: "identificazione", .. } => "identificazione",
        Refusal::Missing { field: "note", .. } => "motivo_annullamento",
        other => other.code(),
    }
}
