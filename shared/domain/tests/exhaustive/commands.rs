//! A faultless command of every kind, so that only state, role and holder can refuse it.

use smista_domain::anagrafica::{Anagrafica, DatoPersonale};
use smista_domain::command::{
    AnagraficaChange, Answer, AttemptReport, Cancellation, Command, CommandKind, Involve, Note, Reassignment,
    Rejection, Resolution, TransferFailed, WithNote, WithReason, WithText,
};
use smista_domain::fact::Tentativo;
use smista_domain::motivo::{CanaleOutbound, CausaRigetto, Direzione, EsitoTentativo, MotivoAnnullamento};
use smista_domain::stato::Attributo;

use crate::situations::FAILED;
use crate::world::{login, testo};

/// The attributes in the order in which the files list them.
pub(crate) const ATTRIBUTI: [Attributo; 4] =
    [Attributo::Comunicato, Attributo::NonComunicato, Attributo::DaComunicare, Attributo::NonComunicabile];

/// The command of a name in the files.
pub(crate) fn kind(name: &str) -> CommandKind {
    let found = CommandKind::ON_A_CASE.into_iter().find(|kind| kind.message_type() == format!("case.{name}"));
    found.unwrap_or_else(|| panic!("no such command: {name}"))
}

/// The faultless commands of a kind: one for each attributo where the command chooses it, else one.
pub(crate) fn faultless(kind: CommandKind) -> Vec<Command> {
    let note = || testo("una nota");
    let one = match kind {
        CommandKind::Resolve => return ATTRIBUTI.map(resolve).to_vec(),
        CommandKind::RecordAttempt => return ATTRIBUTI.map(record_attempt).to_vec(),
        CommandKind::TransferFailed => Command::TransferFailed(TransferFailed { esito: FAILED }),
        CommandKind::Accept => Command::Accept,
        CommandKind::Release => Command::Release,
        CommandKind::TakeOver => Command::TakeOver(WithNote { note: note() }),
        CommandKind::Involve => {
            Command::Involve(Involve { specialista: login("specialista-due"), note: None })
        }
        CommandKind::Contribute => Command::Contribute(WithText { text: note() }),
        CommandKind::Suspend => Command::Suspend(WithReason { reason: note() }),
        CommandKind::HandBack => Command::HandBack(WithNote { note: note() }),
        CommandKind::Reject => Command::Reject(Rejection {
            causa: CausaRigetto::ErroreOperatore,
            note: note(),
            tripletta_suggerita: None,
        }),
        CommandKind::Reassign => {
            Command::Reassign(Reassignment { tripletta: None, gruppo: None, note: Some(note()) })
        }
        CommandKind::Cancel => {
            Command::Cancel(Cancellation { motivo: MotivoAnnullamento::RitiratoDalCittadino, note: None })
        }
        CommandKind::Detach => Command::Detach(WithReason { reason: note() }),
        CommandKind::Note => Command::Note(Note { text: note(), non_competente: false }),
        CommandKind::CorrectAnagrafica => {
            let nome = Some(DatoPersonale::new("Anna").expect("a name"));
            Command::CorrectAnagrafica(AnagraficaChange {
                anagrafica: Anagrafica { nome, ..Anagrafica::default() },
            })
        }
        CommandKind::Route => Command::Route,
        CommandKind::Open => panic!("an opening is no command on a case"),
    };
    vec![one]
}

/// An attempt by telephone to call the citizen.
pub(crate) fn attempt(esito: EsitoTentativo) -> Tentativo {
    Tentativo { canale: CanaleOutbound::Telefono, direzione: Direzione::Outbound, esito, at: None }
}

fn resolve(attributo: Attributo) -> Command {
    let tentativi = match attributo {
        Attributo::Comunicato | Attributo::DaComunicare => vec![],
        Attributo::NonComunicato | Attributo::NonComunicabile => vec![attempt(EsitoTentativo::NonRisponde)],
    };
    let answer =
        Answer { text: testo("la risposta"), canale: CanaleOutbound::Telefono, attributo, tentativi };
    Command::Resolve(Box::new(Resolution { answer }))
}

fn record_attempt(attributo: Attributo) -> Command {
    let told = attributo == Attributo::Comunicato;
    let esito = if told { EsitoTentativo::Raggiunto } else { EsitoTentativo::Occupato };
    Command::RecordAttempt(AttemptReport { tentativo: attempt(esito), attributo, note: None })
}
