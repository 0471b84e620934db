//! Decisions: what a command does to a case, or why it is refused. Pure functions over values.
//!
//! [`open`] makes a case, [`act`] changes one. Both return the facts for every case that the command changes;
//! nothing is changed until the caller applies them with [`Decision::apply_to`].

mod answers;
mod assign;
mod follow;
mod handling;
mod opening;
mod opening_figlio;
mod opening_parts;
mod routing;
mod times;

use chrono::{DateTime, Utc};

use crate::attore::Attore;
use crate::authorise::authorise;
use crate::caso::{Caso, Pratica};
use crate::catalogue::Catalogue;
use crate::command::{Command, NewCaso, Opening};
use crate::fact::{Fact, Paper};
use crate::ids::CasoId;
use crate::refusal::Refusal;
use crate::transitions::{TRANSITIONS, To, Transition};

pub use routing::routing_command;

/// What a command does: one change for each case that it touches, the addressed one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The changes; never empty.
    pub changes: Vec<Change>,
}

/// What a command does to one case: one history row.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which case.
    pub caso: CasoId,
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// The personal data and free texts that came along.
    pub papers: Vec<Paper>,
}

/// What the caller looked up of the things that an opening cites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cited {
    /// The case of `seguito_di` exists (R17).
    pub seguito_di: bool,
    /// The citizen is in the register (R24).
    pub cittadino: bool,
}

/// What an opening is decided on, besides what it says.
#[derive(Debug, Clone, Copy)]
pub struct OpeningView<'a> {
    /// The identifiers for the new case.
    pub new: NewCaso,
    /// The padre that the opening names, with its figli, if it names one that exists.
    pub padre: Option<&'a Pratica>,
    /// What else it cites.
    pub cited: Cited,
    /// The catalogue as it is now.
    pub catalogue: &'a Catalogue,
}

/// Opens a case: rows 1 to 9 and 12.
pub fn open(
    view: &OpeningView<'_>,
    opening: &Opening,
    attore: &Attore,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    opening::open(view, opening, attore, now)
}

/// Changes a case of this pratica: rows 3a, 4a and 13 to 23.
pub fn act(
    pratica: &Pratica,
    caso: CasoId,
    command: &Command,
    catalogue: &Catalogue,
    attore: &Attore,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let caso = pratica.caso(caso).ok_or(Refusal::Hidden)?;
    let row = authorise(caso, command.kind(), attore)?;
    let scene = Scene { caso, row: row.row, catalogue, attore, now };
    let (facts, papers) = match command {
        Command::TransferFailed(failed) => handling::transfer_failed(&scene, failed),
        Command::Accept => handling::accept(&scene),
        Command::Release => handling::release(),
        Command::TakeOver(with) => handling::take_over(&scene, with)?,
        Command::Involve(involve) => handling::involve(&scene, involve)?,
        Command::Contribute(with) => handling::contribute(with),
        Command::Suspend(with) => handling::suspend(&scene, with),
        Command::Resolve(resolution) => answers::resolve(&scene, resolution)?,
        Command::RecordAttempt(report) => answers::record_attempt(&scene, report)?,
        Command::HandBack(with) => answers::hand_back(&scene, with),
        Command::Reject(rejection) => assign::reject(&scene, rejection)?,
        Command::Reassign(reassignment) => assign::reassign(&scene, reassignment)?,
        Command::Route => assign::route(&scene),
        Command::Cancel(cancellation) => handling::cancel(&scene, cancellation)?,
        Command::Detach(with) => handling::detach(with),
        Command::Note(note) => handling::note(&scene, note)?,
        Command::CorrectAnagrafica(change) => handling::correct_anagrafica(change)?,
    };
    let change = Change { caso: caso.id, facts, papers };
    debug_assert!(ends_where_a_row_does(caso, &change, row, now), "row {} does not end there", row.row);
    Ok(Decision { changes: follow::with_followers(pratica, change, now) })
}

/// Whether this change leaves its case where a row of the table does: this one, or the one that it turns into when
/// nobody is competent (4a into 20a).
fn ends_where_a_row_does(caso: &Caso, change: &Change, row: &Transition, now: DateTime<Utc>) -> bool {
    let mut after = caso.clone();
    change.facts.iter().for_each(|fact| after.apply(fact, now));
    let mut of_the_command =
        TRANSITIONS.iter().filter(|other| (other.command, other.by) == (row.command, row.by));
    of_the_command.any(|other| {
        let alike = other.from == row.from;
        alike
            && match other.to {
                To::Unchanged => after.stato == caso.stato,
                To::OneOf(states) => states.contains(&after.stato),
            }
    })
}

/// What each part of [`act`] looks at.
struct Scene<'a> {
    caso: &'a Caso,
    row: &'static str,
    catalogue: &'a Catalogue,
    attore: &'a Attore,
    now: DateTime<Utc>,
}

/// Facts and papers of the addressed case.
type Happening = (Vec<Fact>, Vec<Paper>);

impl Scene<'_> {
    /// In rows 14 to 21 a command on a case that nobody holds also accepts it.
    fn accepting(&self, fact: Fact) -> Vec<Fact> {
        let accepted = Fact::Accepted { titolare: self.attore.login.clone() };
        match self.caso.titolare {
            None => vec![accepted, fact],
            Some(_) => vec![fact],
        }
    }
}

impl Decision {
    /// The pratica after this decision. A case that the decision opens joins it, or begins it when there is none.
    pub fn apply_to(&self, pratica: Option<Pratica>, now: DateTime<Utc>) -> Option<Pratica> {
        let mut pratica = pratica;
        for change in &self.changes {
            match change.facts.split_first() {
                Some((Fact::Opened(opened), facts)) => {
                    let mut caso = Caso::opened(change.caso, opened, now);
                    facts.iter().for_each(|fact| caso.apply(fact, now));
                    match &mut pratica {
                        Some(pratica) => pratica.figli.push(caso),
                        None => pratica = Some(Pratica::of(caso)),
                    }
                }
                _ => {
                    if let Some(caso) = pratica.as_mut().and_then(|pratica| pratica.caso_mut(change.caso)) {
                        caso.versione += 1;
                        change.facts.iter().for_each(|fact| caso.apply(fact, now));
                    }
                }
            }
        }
        pratica
    }
}
