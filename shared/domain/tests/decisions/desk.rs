//! One pratica, worked by command: what a story needs and nothing more.

use chrono::{DateTime, Utc};
use smista_domain::anagrafica::{Anagrafica, DatoPersonale, Telefono};
use smista_domain::attore::Attore;
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::Catalogue;
use smista_domain::command::{
    Answer, AttemptReport, Cancellation, Command, Involve, NewCaso, Note, Notifica, Opening, Reassignment,
    Rejection, Resolution, WithNote,
};
use smista_domain::decide::{Cited, Decision, OpeningView, act, open};
use smista_domain::fact::Tentativo;
use smista_domain::ids::CasoId;
use smista_domain::motivo::{
    CanaleInbound, CanaleOutbound, CausaRigetto, Direzione, EsitoTentativo, Motivo, MotivoAnnullamento,
    VerificaDisponibilita,
};
use smista_domain::refusal::Refusal;
use smista_domain::stato::Attributo;

use crate::world::{at, attore, caso_id, catalogue, gruppo, login, protocollo, testo, tripletta};

pub(crate) struct Desk {
    pub(crate) catalogue: Catalogue,
    pub(crate) pratica: Option<Pratica>,
    pub(crate) cited: Cited,
    minute: i64,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { catalogue: catalogue(), pratica: None, cited: Cited::default(), minute: 0 }
    }

    /// A Reclamo on this service, routed.
    pub(crate) fn with_reclamo(servizio: &str) -> Self {
        let mut desk = Self::new();
        desk.open(&opening(Motivo::Reclamo, servizio)).expect("an opening");
        desk.act("sistema", &Command::Route).expect("routing");
        desk
    }

    /// The same, resolved by `referente-uno` as this.
    pub(crate) fn with_resolved(attributo: Attributo) -> Self {
        let mut desk = Self::with_reclamo("firenze/anagrafe");
        let tentativi = match attributo {
            Attributo::Comunicato | Attributo::DaComunicare => vec![],
            Attributo::NonComunicato | Attributo::NonComunicabile => {
                vec![attempt(EsitoTentativo::NonRisponde)]
            }
        };
        desk.act("referente-uno", &resolve(attributo, CanaleOutbound::Telefono, tentativi))
            .expect("an answer");
        desk
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        at(self.minute)
    }

    pub(crate) fn open(&mut self, opening: &Opening) -> Result<Decision, Refusal> {
        self.open_as(&attore("primo-uno", &self.catalogue), opening)
    }

    pub(crate) fn open_as(&mut self, attore: &Attore, opening: &Opening) -> Result<Decision, Refusal> {
        self.minute += 1;
        let number = self.pratica.as_ref().map_or(1, |pratica| 2 + pratica.figli.len());
        let view = OpeningView {
            new: NewCaso { id: caso_id(number as u128), protocollo: protocollo(number as i64) },
            padre: self.pratica.as_ref(),
            cited: self.cited,
            catalogue: &self.catalogue,
        };
        let decision = open(&view, opening, attore, self.now())?;
        self.pratica = decision.apply_to(self.pratica.take(), self.now());
        Ok(decision)
    }

    pub(crate) fn act(&mut self, actor: &str, command: &Command) -> Result<Decision, Refusal> {
        self.act_on(caso_id(1), actor, command)
    }

    pub(crate) fn act_on(&mut self, id: CasoId, actor: &str, command: &Command) -> Result<Decision, Refusal> {
        self.minute += 1;
        let pratica = self.pratica.as_ref().expect("an open pratica");
        let attore = attore(actor, &self.catalogue);
        let decision = act(pratica, id, command, &self.catalogue, &attore, self.now())?;
        self.pratica = decision.apply_to(self.pratica.take(), self.now());
        Ok(decision)
    }

    pub(crate) fn padre(&self) -> &Caso {
        &self.pratica.as_ref().expect("an open pratica").padre
    }

    pub(crate) fn figlio(&self) -> &Caso {
        self.pratica.as_ref().and_then(|pratica| pratica.figli.first()).expect("a figlio")
    }

    pub(crate) fn retire(&mut self, name: &str) {
        self.catalogue.gruppi.get_mut(&gruppo(name)).expect("a group of the catalogue").retired = true;
    }

    pub(crate) fn restore(&mut self, name: &str) {
        self.catalogue.gruppi.get_mut(&gruppo(name)).expect("a group of the catalogue").retired = false;
    }
}

/// A faultless opening by telephone; an Informazione is not answerable, and nobody can take the call.
pub(crate) fn opening(motivo: Motivo, servizio: &str) -> Opening {
    let datum = |text| Some(DatoPersonale::new(text).expect("a personal datum"));
    let telefono = Some(Telefono::new("055 123456").expect("a number"));
    Opening {
        motivo: Some(motivo),
        tripletta: Some(tripletta(servizio)),
        canale: CanaleInbound::Telefono,
        canale_origine: None,
        description: Some(testo("la richiesta")),
        anagrafica: Some(Anagrafica {
            nome: datum("Anna"),
            cognome: datum("Neri"),
            telefono,
            ..Anagrafica::default()
        }),
        place: None,
        answer: None,
        verifica: (motivo == Motivo::Informazione).then_some(VerificaDisponibilita::NonDisponibile),
        padre: motivo.is_figlio().then(|| caso_id(1)),
        notifica: (motivo == Motivo::NotificaPerInformazione).then_some(Notifica::Integrazione {}),
        identificazione: None,
        annullamento: None,
        opened_at: None,
        contatto_id: None,
        seguito_di: None,
        cittadino: None,
    }
}

pub(crate) fn attempt(esito: EsitoTentativo) -> Tentativo {
    Tentativo { canale: CanaleOutbound::Telefono, direzione: Direzione::Outbound, esito, at: None }
}

pub(crate) fn answer(attributo: Attributo, canale: CanaleOutbound, tentativi: Vec<Tentativo>) -> Answer {
    Answer { text: testo("la risposta"), canale, attributo, tentativi }
}

pub(crate) fn resolve(attributo: Attributo, canale: CanaleOutbound, tentativi: Vec<Tentativo>) -> Command {
    Command::Resolve(Box::new(Resolution { answer: answer(attributo, canale, tentativi) }))
}

pub(crate) fn report(attributo: Attributo, tentativo: Tentativo) -> Command {
    Command::RecordAttempt(AttemptReport { tentativo, attributo, note: None })
}

pub(crate) fn reject() -> Command {
    let causa = CausaRigetto::ErroreOperatore;
    Command::Reject(Rejection { causa, note: testo("non è nostro"), tripletta_suggerita: None })
}

pub(crate) fn reassign(servizio: Option<&str>, to: Option<&str>, with_note: bool) -> Command {
    let note = with_note.then(|| testo("per competenza"));
    Command::Reassign(Reassignment { tripletta: servizio.map(tripletta), gruppo: to.map(gruppo), note })
}

pub(crate) fn cancel(motivo: MotivoAnnullamento) -> Command {
    Command::Cancel(Cancellation { motivo, note: Some(testo("una nota")) })
}

pub(crate) fn involve(name: &str) -> Command {
    Command::Involve(Involve { specialista: login(name), note: None })
}

pub(crate) fn note() -> Command {
    Command::Note(Note { text: testo("una nota"), non_competente: false })
}

pub(crate) fn with_note() -> WithNote {
    WithNote { note: testo("una nota") }
}
