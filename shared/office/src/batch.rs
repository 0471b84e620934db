//! One batch of commands, one Desk: drop what was seen, load, decide, write sets, commit once.
//!
//! The callers, HTTP lanes and workers alike, get one [`Outcome`] for each command. A refusal or a stale version is
//! that command's own outcome. A panic, or data that the store refuses, undoes the desk and sends the batch
//! through in parts until the poison is alone, so that it harms only itself and leaves no trace of having been seen.

mod incoming;
mod on_the_desk;
mod parts;
mod seen;
mod sets;
#[cfg(test)]
mod tests;

pub use incoming::{Applied, Incoming, Outcome, Render, Rendered, Request, Who};

use std::collections::BTreeSet;
use std::sync::Arc;

use smista_domain::catalogue::Catalogue;
use smista_domain::command::NewCaso;
use smista_domain::ids::{CasoId, CittadinoId};
use smista_queues::fail_point;
use smista_store::{Asked, Committed, Desk, StoreError, Taken, WriteSet};

use crate::Office;
use on_the_desk::OnTheDesk;
use parts::{Outcomes, Poison};
use seen::{Questions, Seen};

/// Applies a batch for a worker, whose inbox drops repeated messages.
///
/// # Errors
/// Only what nobody in the batch is to blame for, such as a lost connection: the same batch may be tried again.
pub(crate) async fn apply(
    office: &Office,
    worker: &str,
    batch: &[Incoming],
) -> Result<Vec<Outcome>, StoreError> {
    let mut outcomes = match apply_together(office, worker, batch).await? {
        Together::Committed(outcomes) => return Ok(outcomes),
        Together::Undone(poison) => Outcomes::of_parts(batch.len(), poison),
    };
    while let Some(part) = outcomes.next_part() {
        let commands: Vec<Incoming> = part.iter().filter_map(|place| batch.get(*place)).cloned().collect();
        let mut together = apply_together(office, worker, &commands).await?;
        if let ([Incoming { request: Request::Open { .. }, .. }], Together::Undone(Poison::Refused(_))) =
            (commands.as_slice(), &together)
        {
            // Somebody may have opened it at the same time, and then it is found.
            together = apply_together(office, worker, &commands).await?;
        }
        match together {
            Together::Committed(done) => outcomes.settle(part, done),
            Together::Undone(poison) => outcomes.undone(&part, poison),
        }
    }
    Ok(outcomes.settled())
}

/// What became of commands that were applied as a whole.
enum Together {
    /// It lasts.
    Committed(Vec<Outcome>),
    /// Some command is poison; nothing of any was kept.
    Undone(Poison),
}

/// An error that one command's data may be to blame for undoes the batch; any other is nobody's.
async fn apply_together(office: &Office, worker: &str, batch: &[Incoming]) -> Result<Together, StoreError> {
    match commit_together(office, worker, batch).await {
        Ok(together) => Ok(together),
        Err(error @ (StoreError::Data(_) | StoreError::Changed { .. } | StoreError::Corrupt { .. })) => {
            Ok(Together::Undone(Poison::Refused(Arc::new(error))))
        }
        Err(error) => Err(error),
    }
}

async fn commit_together(office: &Office, worker: &str, batch: &[Incoming]) -> Result<Together, StoreError> {
    let now = office.surroundings.now();
    let openings = batch.iter().filter(|incoming| matches!(incoming.request, Request::Open { .. })).count();
    let protocolli = office.protocolli.take(&*office.store, openings, now).await?;
    let questions = Questions::of(worker, batch);
    let (mut desk, catalogue, taken) = desk_with_catalogue(office, &questions.asked).await?;
    fail_point::pass("after-inbox");
    let seen = questions.answered(&taken);
    let mut loaded = OnTheDesk::new(office, catalogue, taken, now);
    loaded.new_casi = protocolli
        .into_iter()
        .map(|protocollo| NewCaso { id: CasoId(office.surroundings.fresh_uuid()), protocollo })
        .collect();
    load(&mut loaded, &mut *desk, batch, &seen).await?;
    let (outcomes, set) = loaded.decide_all(batch, &seen);
    let panicked = |place: &usize| matches!(outcomes.get(*place), Some(Outcome::Panicked));
    let culprits: Vec<usize> = (0..outcomes.len()).filter(panicked).collect();
    if !culprits.is_empty() {
        return Ok(Together::Undone(Poison::Panicked(culprits)));
    }
    let spool: Vec<i64> = batch.iter().filter_map(|incoming| incoming.spool_row).collect();
    let committed = write(desk, &spool, &set).await?;
    fail_point::pass("after-commit");
    office.publish(committed);
    Ok(Together::Committed(outcomes))
}

async fn write(mut desk: Box<dyn Desk>, spool: &[i64], set: &WriteSet) -> Result<Committed, StoreError> {
    if !spool.is_empty() {
        desk.settle_deliveries(spool).await?;
    }
    desk.write(set).await?;
    fail_point::pass("before-commit");
    desk.commit().await
}

/// A desk that has taken what is asked, and the catalogue of the revision that cannot change while it is open.
pub(crate) async fn desk_with_catalogue(
    office: &Office,
    asked: &Asked,
) -> Result<(Box<dyn Desk>, Arc<Catalogue>, Taken), StoreError> {
    loop {
        let mut desk = office.store.desk().await?;
        let taken = desk.take(asked).await?;
        if let Some(catalogue) = office.catalogue.at(taken.revision) {
            return Ok((desk, catalogue, taken));
        }
        drop(desk);
        office.catalogue.current(&*office.store).await?;
    }
}

/// Loads, as sets, everything that the batch's new commands are decided on.
async fn load(
    loaded: &mut OnTheDesk<'_>,
    desk: &mut dyn Desk,
    batch: &[Incoming],
    seen: &Seen,
) -> Result<(), StoreError> {
    let new =
        || batch.iter().enumerate().filter(|(index, _)| seen.is_new(*index)).map(|(_, incoming)| incoming);
    let openings = || {
        new().filter_map(|incoming| match &incoming.request {
            Request::Open { opening, .. } => Some(opening),
            Request::Act { .. } => None,
        })
    };
    let casi: BTreeSet<CasoId> = new().filter_map(|incoming| incoming.request.addressed_caso()).collect();
    let cited: BTreeSet<CasoId> = openings().filter_map(|opening| opening.seguito_di).collect();
    let citizens: BTreeSet<CittadinoId> = openings().filter_map(|opening| opening.cittadino).collect();
    if !casi.is_empty() {
        loaded.lay_down(desk.load_pratiche(&casi).await?);
    }
    if !cited.is_empty() {
        loaded.known_casi = desk.known_casi(&cited).await?;
    }
    if !citizens.is_empty() {
        loaded.known_cittadini = desk.known_cittadini(&citizens).await?;
    }
    Ok(())
}
