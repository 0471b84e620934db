//! In: `case.rejected`, the news that a case awaits Gestione Rigetti.
//! Out: what triage finds (path, bouncing, suggestions), kept beside the case; no message.
//! Twice is harmless: the inbox drops the second, and findings replace the ones before.

use std::sync::Arc;

use async_trait::async_trait;
use smista_messages::facts::CaseFact;
use smista_messages::topology::REJECTIONS;
use smista_office::triage::{RejectedCase, Triage, Triaged};
use smista_office::{Office, batch_failed};
use smista_queues::{BatchFailed, Handler, Outcome, Received};

use crate::settling::{data, message_key, spool_row};

/// The worker behind the queue `rejections`.
pub fn handler(office: Arc<Office>) -> Arc<dyn Handler> {
    Arc::new(Rejections { office, triage: Triage::default() })
}

struct Rejections {
    office: Arc<Office>,
    triage: Triage,
}

#[async_trait]
impl Handler for Rejections {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        let read: Vec<Result<RejectedCase, Outcome>> = batch.iter().map(news).collect();
        let news: Vec<RejectedCase> = read.iter().filter_map(|read| read.as_ref().ok()).cloned().collect();
        let triaged = match news.is_empty() {
            true => Vec::new(),
            false => self.triage.run(&self.office, REJECTIONS, &news).await.map_err(|e| batch_failed(&e))?,
        };
        let mut triaged = triaged.into_iter();
        let outcome = |read: Result<RejectedCase, Outcome>| match read {
            Ok(_) => triaged.next().map_or_else(|| nothing("not examined"), settled),
            Err(undecodable) => undecodable,
        };
        Ok(read.into_iter().map(outcome).collect())
    }
}

fn news(received: &Received) -> Result<RejectedCase, Outcome> {
    let fact: CaseFact = data(&received.envelope)?;
    Ok(RejectedCase {
        caso: fact.caso,
        versione: fact.sequence,
        message: message_key(&received.envelope),
        spool_row: spool_row(received),
    })
}

fn settled(triaged: Triaged) -> Outcome {
    match triaged {
        Triaged::Recorded => Outcome::Done,
        Triaged::SeenBefore => nothing("seen before"),
        Triaged::Stale => nothing("the case has moved on since this rejection"),
    }
}

fn nothing(why: &str) -> Outcome {
    Outcome::NothingToDo(why.to_owned())
}
