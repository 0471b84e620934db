//! What may happen to the office, at random: openings, commands with arbitrary contents, groups that are retired.

use proptest::collection::vec;
use proptest::prelude::*;
use smista_domain::anagrafica::{Anagrafica, DatoPersonale, Telefono};
use smista_domain::command::{
    AnagraficaChange, Answer, AttemptReport, Cancellation, Command, CommandKind, Involve, Note, Notifica,
    Opening, Reassignment, Rejection, Resolution, TransferFailed, WithNote, WithReason, WithText,
};
use smista_domain::fact::Tentativo;
use smista_domain::ids::{CasoId, Tripletta};
use smista_domain::motivo::{
    CanaleInbound, CanaleOutbound, CausaRigetto, Direzione, EsitoTentativo, EsitoTrasferimento,
    ModoIdentificazione, Motivo, MotivoAnnullamento, VerificaDisponibilita,
};
use smista_domain::stato::Attributo;

use crate::world::{gruppo, login, testo, tripletta};

pub(crate) const TRIPLETTE: [&str; 6] =
    ["firenze/anagrafe", "firenze/tributi", "firenze/nuovo", "firenze/verde", "pistoia/scuola", "prato/casa"];
const GRUPPI: [&str; 5] =
    ["firenze-anagrafe", "firenze-tributi", "firenze-urp", "pistoia-scuola", "prato-urp"];
/// Groups that no Ente falls back on, so that they can be retired under their cases.
const RETIRABLE: [&str; 3] = ["firenze-anagrafe", "firenze-tributi", "pistoia-scuola"];
const SPECIALISTI: [&str; 3] = ["specialista-uno", "specialista-due", "referente-uno"];
const ATTRIBUTI: [Attributo; 4] =
    [Attributo::Comunicato, Attributo::NonComunicato, Attributo::NonComunicabile, Attributo::DaComunicare];

/// One thing that happens. Numbers pick among what there is when it happens.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Somebody opens a case.
    Open { actor: usize, padre: usize, opening: Box<Opening> },
    /// Somebody gives a command to a case, allowed or not.
    Act { actor: usize, caso: usize, kind: CommandKind, details: Details },
    /// Somebody gives a command to a case that the list of possible actions offers.
    ActAsOffered { choice: usize, caso: usize, details: Details },
    /// A group is retired under its cases (row 20a).
    Retire { gruppo: &'static str },
}

/// What commands say, of whatever kind they turn out to be; mostly something that agrees with itself.
#[derive(Debug, Clone)]
pub(crate) struct Details {
    attributo: Attributo,
    canale: CanaleOutbound,
    tentativi: Vec<Tentativo>,
    tentativo: Tentativo,
    causa: CausaRigetto,
    motivo: MotivoAnnullamento,
    tripletta: Option<Tripletta>,
    gruppo: Option<&'static str>,
    specialista: &'static str,
    with_note: bool,
}

fn list<T: Copy + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(values)
}

fn canale_outbound() -> impl Strategy<Value = CanaleOutbound> {
    prop_oneof![
        8 => Just(CanaleOutbound::Telefono),
        2 => Just(CanaleOutbound::Email),
        1 => Just(CanaleOutbound::Sms)
    ]
}

fn tentativo() -> impl Strategy<Value = Tentativo> {
    let direzione = prop_oneof![5 => Just(Direzione::Outbound), 1 => Just(Direzione::Inbound)];
    let esito = prop_oneof![1 => Just(EsitoTentativo::Raggiunto), 1 => list(EsitoTentativo::ALL)];
    (canale_outbound(), direzione, esito).prop_map(|(canale, direzione, esito)| Tentativo {
        canale,
        direzione,
        esito,
        at: None,
    })
}

fn details() -> impl Strategy<Value = Details> {
    let said = (list(&ATTRIBUTI), canale_outbound(), vec(tentativo(), 0..2), tentativo());
    let reasons = (list(CausaRigetto::ALL), list(MotivoAnnullamento::ALL));
    let places = (
        prop::option::of(list(&TRIPLETTE)),
        prop::option::weighted(0.3, list(&GRUPPI)),
        list(&SPECIALISTI),
        prop::bool::weighted(0.8),
    );
    let sensible = prop::bool::weighted(0.7);
    (said, reasons, places, sensible).prop_map(|(said, (causa, motivo), places, sensible)| {
        let (attributo, canale, tentativi, tentativo) = said;
        let (servizio, gruppo, specialista, with_note) = places;
        let told = attributo == Attributo::Comunicato;
        let agreeing = Tentativo {
            esito: if told { EsitoTentativo::Raggiunto } else { EsitoTentativo::NonRisponde },
            ..tentativo.clone()
        };
        let (tentativi, tentativo) =
            if sensible { (vec![agreeing.clone()], agreeing) } else { (tentativi, tentativo) };
        let tripletta = servizio.map(tripletta);
        Details {
            attributo,
            canale,
            tentativi,
            tentativo,
            causa,
            motivo,
            tripletta,
            gruppo,
            specialista,
            with_note,
        }
    })
}

fn opening() -> impl Strategy<Value = Opening> {
    let what = (
        prop::option::weighted(0.95, list(Motivo::ALL)),
        prop::option::weighted(0.95, list(&TRIPLETTE)),
        prop_oneof![4 => Just(CanaleInbound::Telefono), 1 => Just(CanaleInbound::Email)],
        prop::option::of(list(VerificaDisponibilita::ALL)),
    );
    let answer = (list(&ATTRIBUTI), canale_outbound(), vec(tentativo(), 0..2));
    let notifica = prop_oneof![
        Just(Notifica::Integrazione {}),
        Just(Notifica::Ritiro {}),
        Just(Notifica::Anagrafica { anagrafica: anagrafica() })
    ];
    let rest = (
        prop::option::weighted(0.4, answer),
        notifica,
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.9),
    );
    (what, rest).prop_map(
        |((motivo, servizio, canale, verifica), (answer, notifica, cancelled, sensible))| {
            let figlio = motivo.is_some_and(Motivo::is_figlio);
            let informazione = motivo == Some(Motivo::Informazione);
            let answer = answer.map(|(attributo, canale, tentativi)| answer_of(attributo, canale, tentativi));
            let kept = !sensible || informazione && !cancelled;
            Opening {
                motivo,
                tripletta: servizio.map(tripletta).filter(|_| !sensible || !figlio),
                canale,
                canale_origine: None,
                description: Some(testo("la richiesta")),
                anagrafica: Some(anagrafica()),
                place: None,
                verifica: verifica.filter(|_| kept && answer.is_none()),
                answer: answer.filter(|_| kept),
                padre: None,
                notifica: (motivo == Some(Motivo::NotificaPerInformazione)).then_some(notifica),
                identificazione: figlio.then_some(ModoIdentificazione::Documento),
                annullamento: cancelled
                    .then_some(Cancellation { motivo: MotivoAnnullamento::ContattoAbbandonato, note: None }),
                opened_at: None,
                contatto_id: None,
                seguito_di: None,
                cittadino: None,
            }
        },
    )
}

/// Random steps; whatever is opened comes early, so that there is something to act on. Of 52 steps that follow, so
/// many retire a group: what that forbids is met only where it happens often, and much else only where it does not.
pub(crate) fn steps(retirements: u32) -> impl Strategy<Value = Vec<Step>> {
    let open = (0..2_usize, any::<usize>(), opening())
        .prop_map(|(actor, padre, opening)| Step::Open { actor, padre, opening: Box::new(opening) })
        .boxed();
    let anybody = (any::<usize>(), any::<usize>(), opening())
        .prop_map(|(actor, padre, opening)| Step::Open { actor, padre, opening: Box::new(opening) });
    let act = (any::<usize>(), any::<usize>(), list(&CommandKind::ON_A_CASE), details())
        .prop_map(|(actor, caso, kind, details)| Step::Act { actor, caso, kind, details });
    let offered = (any::<usize>(), any::<usize>(), details())
        .prop_map(|(choice, caso, details)| Step::ActAsOffered { choice, caso, details });
    let retire = list(&RETIRABLE).prop_map(|gruppo| Step::Retire { gruppo });
    let later = prop_oneof![4 => open.clone(), 1 => anybody, 6 => act, 40 => offered, retirements => retire];
    (vec(open, 2..6), vec(later, 0..60)).prop_map(|(first, then)| first.into_iter().chain(then).collect())
}

fn anagrafica() -> Anagrafica {
    let datum = |text| Some(DatoPersonale::new(text).expect("a personal datum"));
    let telefono = Some(Telefono::new("055 123456").expect("a number"));
    Anagrafica { nome: datum("Anna"), cognome: datum("Neri"), telefono, ..Anagrafica::default() }
}

fn answer_of(attributo: Attributo, canale: CanaleOutbound, tentativi: Vec<Tentativo>) -> Answer {
    Answer { text: testo("la risposta"), canale, attributo, tentativi }
}

impl Step {
    /// The opening, on the padre that was picked for it.
    pub(crate) fn on_padre(opening: &Opening, padre: Option<CasoId>) -> Opening {
        let padre =
            padre.filter(|_| opening.motivo.is_some_and(Motivo::is_figlio) && opening.annullamento.is_none());
        Opening { padre, ..opening.clone() }
    }
}

impl Details {
    /// The command of this kind that says these things.
    pub(crate) fn command(&self, kind: CommandKind) -> Command {
        let note = || testo("una nota");
        let maybe_note = || self.with_note.then(note);
        match kind {
            CommandKind::TransferFailed => {
                Command::TransferFailed(TransferFailed { esito: EsitoTrasferimento::NonRiuscito })
            }
            CommandKind::Accept => Command::Accept,
            CommandKind::Release => Command::Release,
            CommandKind::TakeOver => Command::TakeOver(WithNote { note: note() }),
            CommandKind::Involve => {
                Command::Involve(Involve { specialista: login(self.specialista), note: maybe_note() })
            }
            CommandKind::Contribute => Command::Contribute(WithText { text: note() }),
            CommandKind::Suspend => Command::Suspend(WithReason { reason: note() }),
            CommandKind::Resolve => {
                let answer = answer_of(self.attributo, self.canale, self.tentativi.clone());
                Command::Resolve(Box::new(Resolution { answer }))
            }
            CommandKind::RecordAttempt => Command::RecordAttempt(AttemptReport {
                tentativo: self.tentativo.clone(),
                attributo: self.attributo,
                note: maybe_note(),
            }),
            CommandKind::HandBack => Command::HandBack(WithNote { note: note() }),
            CommandKind::Reject => Command::Reject(Rejection {
                causa: self.causa,
                note: note(),
                tripletta_suggerita: self.tripletta.clone(),
            }),
            CommandKind::Reassign => Command::Reassign(Reassignment {
                tripletta: self.tripletta.clone(),
                gruppo: self.gruppo.map(gruppo),
                note: maybe_note(),
            }),
            CommandKind::Cancel => Command::Cancel(Cancellation { motivo: self.motivo, note: maybe_note() }),
            CommandKind::Detach => Command::Detach(WithReason { reason: note() }),
            CommandKind::Note => Command::Note(Note { text: note(), non_competente: self.with_note }),
            CommandKind::CorrectAnagrafica => {
                Command::CorrectAnagrafica(AnagraficaChange { anagrafica: anagrafica() })
            }
            CommandKind::Route => Command::Route,
            CommandKind::Open => panic!("an opening is no command on a case"),
        }
    }
}
