//! What people ask of the office, at random and mostly making sense; each wish has words of its own, so that words that
//! turn up twice tell of a wish that was granted twice.

use fastrand::Rng;
use serde_json::{Value, json};
use smista_domain::anagrafica::{Anagrafica, DatoPersonale, Telefono};
use smista_domain::command::{
    AnagraficaChange, Answer, AttemptReport, Cancellation, Command, CommandKind, Involve, Note, Notifica,
    Opening, Reassignment, Rejection, Resolution, TransferFailed, WithNote, WithReason, WithText,
};
use smista_domain::fact::Tentativo;
use smista_domain::ids::{CasoId, Login};
use smista_domain::motivo::{
    CanaleInbound, CanaleOutbound, CausaRigetto, Direzione, EsitoTentativo, EsitoTrasferimento,
    ModoIdentificazione, Motivo, MotivoAnnullamento, VerificaDisponibilita,
};
use smista_domain::stato::{Attributo, Stato};
use smista_domain::text::Testo;

use crate::catalogue::{BUCHE, MUSEI, ORFANO, RESIDENZA, RESIDENZA_SCANDICCI, SOFIA, SPINA, TARI, tripletta};

const SERVICES: [&str; 6] = [RESIDENZA, TARI, ORFANO, MUSEI, BUCHE, RESIDENZA_SCANDICCI];

/// What all words of wishes begin with.
pub(crate) const WORDS: &str = "parole numero";

/// The wishes of one simulation.
pub(crate) struct Wishes {
    rng: Rng,
    made: usize,
}

impl Wishes {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { rng, made: 0 }
    }

    /// How many words were said so far: a number for the next wish.
    pub(crate) fn number(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    fn one<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.rng.usize(..values.len())]
    }

    fn happens(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn words(&mut self) -> Testo {
        Testo::new(format!("{WORDS} {}", self.number())).expect("a text")
    }

    /// Of a citizen whom only one wish is about.
    fn anagrafica(&mut self) -> Anagrafica {
        let nome = Some(DatoPersonale::new(self.words().as_str()).expect("a personal datum"));
        let cognome = Some(DatoPersonale::new("Prova").expect("a personal datum"));
        let telefono = Some(Telefono::new("055 0000001").expect("a number"));
        Anagrafica { nome, cognome, telefono, ..Anagrafica::default() }
    }

    fn tentativo(&mut self, reached: bool) -> Tentativo {
        let failed = [EsitoTentativo::NonRisponde, EsitoTentativo::Occupato, EsitoTentativo::Segreteria];
        let esito = if reached { EsitoTentativo::Raggiunto } else { self.one(&failed) };
        Tentativo { canale: CanaleOutbound::Telefono, direzione: Direzione::Outbound, esito, at: None }
    }

    fn answer(&mut self, attributo: Attributo, canale: CanaleOutbound) -> Answer {
        let untold = matches!(attributo, Attributo::NonComunicato | Attributo::NonComunicabile);
        let tentativi = if untold { vec![self.tentativo(false)] } else { vec![] };
        Answer { text: self.words(), canale, attributo, tentativi }
    }

    /// A contact about nothing earlier, or about `padre`.
    pub(crate) fn opening(&mut self, padre: Option<CasoId>) -> Opening {
        let motivo = match padre {
            Some(_) => self.one(&[
                Motivo::Sollecito,
                Motivo::NotificaPerInformazione,
                Motivo::NotificaPerInformazione,
                Motivo::InformazioneSuCase,
            ]),
            None => self.one(&[
                Motivo::Informazione,
                Motivo::Informazione,
                Motivo::Informazione,
                Motivo::Reclamo,
                Motivo::Reclamo,
                Motivo::Lamentela,
                Motivo::Segnalazione,
            ]),
        };
        let cancelled = padre.is_none() && self.happens(6);
        let informazione = motivo == Motivo::Informazione && !cancelled;
        let answer = (informazione && self.happens(40)).then(|| match self.rng.u8(..3) {
            0 => self.answer(Attributo::Comunicato, CanaleOutbound::Telefono),
            1 => self.answer(Attributo::NonComunicato, CanaleOutbound::Email),
            _ => self.answer(Attributo::NonComunicabile, CanaleOutbound::Email),
        });
        let service = self.one(&SERVICES);
        let transferred = informazione && answer.is_none() && ![MUSEI, BUCHE].contains(&service);
        Opening {
            motivo: Some(motivo),
            tripletta: padre.is_none().then(|| tripletta(service)),
            canale: CanaleInbound::Telefono,
            canale_origine: None,
            description: Some(self.words()),
            anagrafica: Some(self.anagrafica()),
            place: None,
            answer,
            verifica: transferred.then(|| self.one(VerificaDisponibilita::ALL)),
            padre,
            notifica: (motivo == Motivo::NotificaPerInformazione).then(|| self.notifica()),
            identificazione: padre.map(|_| ModoIdentificazione::Documento),
            annullamento: cancelled
                .then_some(Cancellation { motivo: MotivoAnnullamento::ContattoAbbandonato, note: None }),
            opened_at: None,
            contatto_id: None,
            seguito_di: None,
            cittadino: None,
        }
    }

    fn notifica(&mut self) -> Notifica {
        match self.rng.u8(..4) {
            0 => Notifica::Ritiro {},
            1 => Notifica::Anagrafica { anagrafica: self.anagrafica() },
            _ => Notifica::Integrazione {},
        }
    }

    /// What somebody might say with this command to a case in this state.
    pub(crate) fn command(&mut self, kind: CommandKind, stato: Stato) -> Command {
        match kind {
            CommandKind::TransferFailed => {
                Command::TransferFailed(TransferFailed { esito: self.one(EsitoTrasferimento::ALL) })
            }
            CommandKind::Accept => Command::Accept,
            CommandKind::Release => Command::Release,
            CommandKind::TakeOver => Command::TakeOver(WithNote { note: self.words() }),
            CommandKind::Involve => {
                let specialista = Login::new(self.one(&[SPINA, SPINA, SOFIA])).expect("a login");
                Command::Involve(Involve { specialista, note: Some(self.words()) })
            }
            CommandKind::Contribute => Command::Contribute(WithText { text: self.words() }),
            CommandKind::Suspend => Command::Suspend(WithReason { reason: self.words() }),
            CommandKind::Resolve => {
                let attributo = self.one(&[
                    Attributo::Comunicato,
                    Attributo::NonComunicato,
                    Attributo::NonComunicato,
                    Attributo::NonComunicabile,
                    Attributo::DaComunicare,
                    Attributo::DaComunicare,
                ]);
                let answer = self.answer(attributo, CanaleOutbound::Telefono);
                Command::Resolve(Box::new(Resolution { answer }))
            }
            CommandKind::RecordAttempt => self.attempt(stato),
            CommandKind::HandBack => Command::HandBack(WithNote { note: self.words() }),
            CommandKind::Reject => Command::Reject(Rejection {
                causa: self.one(CausaRigetto::ALL),
                note: self.words(),
                tripletta_suggerita: self.happens(50).then(|| tripletta(TARI)),
            }),
            CommandKind::Reassign => Command::Reassign(Reassignment {
                tripletta: self
                    .happens(70)
                    .then(|| tripletta(self.one(&[RESIDENZA, TARI, RESIDENZA_SCANDICCI]))),
                gruppo: None,
                note: Some(self.words()),
            }),
            CommandKind::Cancel => Command::Cancel(Cancellation {
                motivo: match self.happens(50) {
                    true => MotivoAnnullamento::RitiratoDalCittadino,
                    false => self.one(MotivoAnnullamento::ALL),
                },
                note: Some(self.words()),
            }),
            CommandKind::Detach => Command::Detach(WithReason { reason: self.words() }),
            CommandKind::Note => Command::Note(Note { text: self.words(), non_competente: self.happens(20) }),
            CommandKind::CorrectAnagrafica => {
                Command::CorrectAnagrafica(AnagraficaChange { anagrafica: self.anagrafica() })
            }
            CommandKind::Route | CommandKind::Open => Command::Route,
        }
    }

    /// An attempt that leaves the case where it is, or settles it.
    fn attempt(&mut self, stato: Stato) -> Command {
        let stays = stato.attributo().unwrap_or(Attributo::NonComunicabile);
        let attributo = self.one(&[Attributo::Comunicato, stays, stays, Attributo::NonComunicabile]);
        let tentativo = self.tentativo(attributo == Attributo::Comunicato);
        Command::RecordAttempt(AttemptReport { tentativo, attributo, note: Some(self.words()) })
    }
}

/// The data of the message that carries a command.
pub(crate) fn data_of(command: &Command) -> Value {
    let json = match command {
        Command::Accept | Command::Release | Command::Route => Ok(json!({})),
        Command::TransferFailed(data) => serde_json::to_value(data),
        Command::TakeOver(data) | Command::HandBack(data) => serde_json::to_value(data),
        Command::Involve(data) => serde_json::to_value(data),
        Command::Contribute(data) => serde_json::to_value(data),
        Command::Note(data) => serde_json::to_value(data),
        Command::Suspend(data) | Command::Detach(data) => serde_json::to_value(data),
        Command::Resolve(data) => serde_json::to_value(data),
        Command::RecordAttempt(data) => serde_json::to_value(data),
        Command::Reject(data) => serde_json::to_value(data),
        Command::Reassign(data) => serde_json::to_value(data),
        Command::Cancel(data) => serde_json::to_value(data),
        Command::CorrectAnagrafica(data) => serde_json::to_value(data),
    };
    json.expect("JSON")
}
