//! The table *Transitions* of the process, as data: what leads from where, by whom, to where.
//!
//! Who may do what from where, the diagram in ARCHITECTURE.md and the actions that a case offers are read from this
//! one table. Where a command leads is decided in `decide`, which holds itself to the table in every debug build; what
//! the openings make of it, the exhaustive test holds against the process.

use crate::command::CommandKind;
use crate::stato::AttributoPrimoLivello as Primo;
use crate::stato::AttributoSecondoLivello as Secondo;
use crate::stato::Stato::{
    self, Annullato, Assegnato, AssegnatoRisolto, NonRisolvibilePerInformazioneCarente, Rigettato,
    RisoltoPrimoLivello, RisoltoSecondoLivello, Sospeso, Trasferito,
};

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The row's number in the process: `3a`.
    pub row: &'static str,
    /// Where the case stands before.
    pub from: From,
    /// What is asked.
    pub command: CommandKind,
    /// Who may ask.
    pub by: By,
    /// Where the case stands after.
    pub to: To,
}

/// Where a row starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// There is no case yet.
    New,
    /// One of these states.
    States(&'static [Stato]),
    /// Assegnato and in no group yet.
    AssegnatoWithoutGroup,
    /// A figlio that is not final.
    OpenFiglio,
    /// Any state.
    Any,
}

/// Where a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Where it started.
    Unchanged,
    /// One of these states; which one the command says.
    OneOf(&'static [Stato]),
}

/// Who may ask for a row (6-2, R14). *Titolare* is who holds the case; when nobody does, the command accepts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Any operator of the first level.
    PrimoLivello,
    /// The operator of the first level who holds the case.
    TitolarePrimoLivello,
    /// Any member of the group that has the case.
    Gruppo,
    /// The member of that group who holds the case.
    TitolareDelGruppo,
    /// Any member of Gestione Rigetti.
    GestioneRigetti,
    /// The member of Gestione Rigetti who holds the case.
    TitolareRigetti,
    /// A specialist involved while the case is with the group.
    SpecialistaCoinvolto,
    /// The level that has the case.
    LivelloCheLoHa,
    /// The system.
    Sistema,
}

/// Where the second level works on a case (row 13).
pub const WITH_SECOND_LEVEL: &[Stato] = &[Assegnato, Trasferito, Sospeso];
const REJECTED: &[Stato] = &[Rigettato];
const FIRST_TOLD: &[Stato] = &[RisoltoPrimoLivello(Primo::Comunicato)];
const FIRST_NOT_TOLD: &[Stato] = &[RisoltoPrimoLivello(Primo::NonComunicato)];
const SECOND_NOT_TOLD: &[Stato] = &[RisoltoSecondoLivello(Secondo::NonComunicato)];
const SECOND_TO_TELL: &[Stato] = &[RisoltoSecondoLivello(Secondo::DaComunicare)];
/// Where the first level is to tell an answer (row 13c).
pub const CALL_BACK: &[Stato] =
    &[RisoltoSecondoLivello(Secondo::DaComunicare), RisoltoPrimoLivello(Primo::NonComunicato)];
const ANSWER_UNTOLD: &[Stato] = &[
    RisoltoSecondoLivello(Secondo::NonComunicato),
    RisoltoSecondoLivello(Secondo::DaComunicare),
    RisoltoPrimoLivello(Primo::NonComunicato),
];
const CANCELLABLE: &[Stato] = &[Assegnato, Trasferito, Sospeso, Rigettato];

const fn row(row: &'static str, from: From, command: CommandKind, by: By, to: To) -> Transition {
    Transition { row, from, command, by, to }
}

/// Every row that this installation handles. What a row asks for beyond state and role stands in `decide`.
pub const TRANSITIONS: &[Transition] = &[
    row(
        "1",
        From::New,
        CommandKind::Open,
        By::PrimoLivello,
        To::OneOf(&[
            RisoltoPrimoLivello(Primo::Comunicato),
            RisoltoPrimoLivello(Primo::NonComunicato),
            RisoltoPrimoLivello(Primo::NonComunicabile),
        ]),
    ),
    row(
        "2",
        From::New,
        CommandKind::Open,
        By::PrimoLivello,
        To::OneOf(&[NonRisolvibilePerInformazioneCarente]),
    ),
    row("3", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(&[Trasferito])),
    row(
        "3a",
        From::States(&[Trasferito]),
        CommandKind::TransferFailed,
        By::PrimoLivello,
        To::OneOf(&[Assegnato]),
    ),
    row("3a", From::States(&[Trasferito]), CommandKind::TransferFailed, By::Sistema, To::OneOf(&[Assegnato])),
    row("4", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(&[Assegnato])),
    row("4a", From::AssegnatoWithoutGroup, CommandKind::Route, By::Sistema, To::Unchanged),
    row("5", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(&[Assegnato])),
    row("6", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(FIRST_TOLD)),
    row("7", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(&[AssegnatoRisolto])),
    row("8", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(&[Assegnato])),
    row("8a", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(&[Annullato])),
    row("9", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(FIRST_TOLD)),
    row("12", From::New, CommandKind::Open, By::PrimoLivello, To::OneOf(&[Annullato])),
    row("13", From::States(WITH_SECOND_LEVEL), CommandKind::Accept, By::Gruppo, To::Unchanged),
    row("13", From::States(WITH_SECOND_LEVEL), CommandKind::Release, By::Gruppo, To::Unchanged),
    row("13", From::States(WITH_SECOND_LEVEL), CommandKind::TakeOver, By::Gruppo, To::Unchanged),
    row("13a", From::States(REJECTED), CommandKind::Accept, By::GestioneRigetti, To::Unchanged),
    row("13a", From::States(REJECTED), CommandKind::Release, By::GestioneRigetti, To::Unchanged),
    row("13a", From::States(REJECTED), CommandKind::TakeOver, By::GestioneRigetti, To::Unchanged),
    row("13b", From::States(SECOND_NOT_TOLD), CommandKind::Accept, By::Gruppo, To::Unchanged),
    row("13b", From::States(SECOND_NOT_TOLD), CommandKind::Release, By::Gruppo, To::Unchanged),
    row("13b", From::States(SECOND_NOT_TOLD), CommandKind::TakeOver, By::Gruppo, To::Unchanged),
    row("13c", From::States(CALL_BACK), CommandKind::Accept, By::PrimoLivello, To::Unchanged),
    row("13c", From::States(CALL_BACK), CommandKind::Release, By::PrimoLivello, To::Unchanged),
    row("13c", From::States(CALL_BACK), CommandKind::TakeOver, By::PrimoLivello, To::Unchanged),
    row("14", From::States(WITH_SECOND_LEVEL), CommandKind::Involve, By::TitolareDelGruppo, To::Unchanged),
    row(
        "14a",
        From::States(WITH_SECOND_LEVEL),
        CommandKind::Contribute,
        By::SpecialistaCoinvolto,
        To::Unchanged,
    ),
    row(
        "15",
        From::States(&[Assegnato, Trasferito]),
        CommandKind::Suspend,
        By::TitolareDelGruppo,
        To::OneOf(&[Sospeso]),
    ),
    row(
        "16",
        From::States(WITH_SECOND_LEVEL),
        CommandKind::Resolve,
        By::TitolareDelGruppo,
        To::OneOf(&[
            RisoltoSecondoLivello(Secondo::Comunicato),
            RisoltoSecondoLivello(Secondo::NonComunicato),
            RisoltoSecondoLivello(Secondo::DaComunicare),
            RisoltoSecondoLivello(Secondo::NonComunicabile),
        ]),
    ),
    row(
        "17",
        From::States(SECOND_NOT_TOLD),
        CommandKind::RecordAttempt,
        By::TitolareDelGruppo,
        To::OneOf(&[
            RisoltoSecondoLivello(Secondo::Comunicato),
            RisoltoSecondoLivello(Secondo::NonComunicato),
            RisoltoSecondoLivello(Secondo::NonComunicabile),
        ]),
    ),
    row(
        "18",
        From::States(SECOND_TO_TELL),
        CommandKind::RecordAttempt,
        By::TitolarePrimoLivello,
        To::OneOf(&[
            RisoltoSecondoLivello(Secondo::Comunicato),
            RisoltoSecondoLivello(Secondo::DaComunicare),
            RisoltoSecondoLivello(Secondo::NonComunicabile),
        ]),
    ),
    row(
        "18a",
        From::States(SECOND_TO_TELL),
        CommandKind::HandBack,
        By::TitolarePrimoLivello,
        To::OneOf(&[Sospeso]),
    ),
    row(
        "19",
        From::States(FIRST_NOT_TOLD),
        CommandKind::RecordAttempt,
        By::TitolarePrimoLivello,
        To::OneOf(&[
            RisoltoPrimoLivello(Primo::Comunicato),
            RisoltoPrimoLivello(Primo::NonComunicato),
            RisoltoPrimoLivello(Primo::NonComunicabile),
        ]),
    ),
    row(
        "20",
        From::States(WITH_SECOND_LEVEL),
        CommandKind::Reject,
        By::TitolareDelGruppo,
        To::OneOf(&[Rigettato]),
    ),
    row("20a", From::States(WITH_SECOND_LEVEL), CommandKind::Reject, By::Sistema, To::OneOf(&[Rigettato])),
    // Row 4a's "otherwise": routing that finds nobody competent ends here (R9).
    row("20a", From::AssegnatoWithoutGroup, CommandKind::Route, By::Sistema, To::OneOf(&[Rigettato])),
    row("21", From::States(REJECTED), CommandKind::Reassign, By::TitolareRigetti, To::OneOf(&[Assegnato])),
    row("22", From::States(CANCELLABLE), CommandKind::Cancel, By::PrimoLivello, To::OneOf(&[Annullato])),
    row("22", From::States(CANCELLABLE), CommandKind::Cancel, By::GestioneRigetti, To::OneOf(&[Annullato])),
    row("22a", From::States(ANSWER_UNTOLD), CommandKind::Cancel, By::PrimoLivello, To::OneOf(&[Annullato])),
    row("22b", From::OpenFiglio, CommandKind::Detach, By::PrimoLivello, To::OneOf(&[Annullato])),
    row("23", From::Any, CommandKind::Note, By::PrimoLivello, To::Unchanged),
    row("23", From::Any, CommandKind::Note, By::LivelloCheLoHa, To::Unchanged),
    row("23", From::Any, CommandKind::CorrectAnagrafica, By::PrimoLivello, To::Unchanged),
    row("23", From::Any, CommandKind::CorrectAnagrafica, By::LivelloCheLoHa, To::Unchanged),
];
