//! In: `case.assigned`, in no group yet; `case.handed_back`, its group perhaps retired; `group.retired`, with its cases.
//! Out: the case in the competent group (row 4a), or rejected to Gestione Rigetti (row 20a), and the facts of that.
//! Twice is harmless: the inbox drops the second, and a case that has a place by now is left where it is.

use std::sync::Arc;

use async_trait::async_trait;
use smista_domain::attore::Attore;
use smista_domain::caso::Caso;
use smista_domain::catalogue::Catalogue;
use smista_domain::command::Command;
use smista_domain::decide::routing_command;
use smista_domain::ids::{CasoId, GruppoId, Login};
use smista_domain::stato::Stato;
use smista_domain::transitions::WITH_SECOND_LEVEL;
use smista_messages::facts::{CaseFact, GROUP_RETIRED, GroupRetired};
use smista_messages::topology::ASSIGNMENT;
use smista_office::{Incoming, Office, Outcome as Applied, Request, Who, batch_failed};
use smista_queues::{BatchFailed, Handler, Outcome, Received};
use smista_store::{CasoFilter, MessageKey, PageRequest, StoreError};

use crate::settling::{data, message_key, settled, spool_row};

/// Cases of a retired group taken from it in one transaction.
const CASES_AT_ONCE: i64 = 100;

/// The worker behind the queue `assignment`.
pub fn handler(office: Arc<Office>) -> Arc<dyn Handler> {
    let login = Login::new(ASSIGNMENT).expect("the queue's name is a login");
    Arc::new(Assignment { office, who: Who::System(Attore::sistema(login)) })
}

struct Assignment {
    office: Arc<Office>,
    who: Who,
}

/// What a message asks for, before anything is written.
enum Asked {
    Command(Box<Incoming>),
    EmptyGroup(GruppoId),
    Nothing(Outcome),
}

#[async_trait]
impl Handler for Assignment {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        self.settle_all(batch).await.map_err(|error| batch_failed(&error))
    }
}

impl Assignment {
    /// Routings of a batch share one transaction; emptying a group is a series of its own.
    async fn settle_all(&self, batch: &[Received]) -> Result<Vec<Outcome>, StoreError> {
        let mut asked = Vec::with_capacity(batch.len());
        for received in batch {
            asked.push(self.asked(received).await?);
        }
        let commands: Vec<Incoming> = asked
            .iter()
            .filter_map(|asked| match asked {
                Asked::Command(incoming) => Some((**incoming).clone()),
                Asked::EmptyGroup(_) | Asked::Nothing(_) => None,
            })
            .collect();
        let mut applied = match commands.is_empty() {
            true => Vec::new(),
            false => self.office.apply(ASSIGNMENT, &commands).await?,
        }
        .into_iter();
        let mut outcomes = Vec::with_capacity(batch.len());
        for (asked, received) in asked.into_iter().zip(batch) {
            outcomes.push(match asked {
                Asked::Command(_) => applied.next().as_ref().map_or_else(|| nothing("not applied"), settled),
                Asked::EmptyGroup(gruppo) => self.empty_group(&gruppo, received).await?,
                Asked::Nothing(outcome) => outcome,
            });
        }
        Ok(outcomes)
    }

    async fn asked(&self, received: &Received) -> Result<Asked, StoreError> {
        if received.envelope.message_type == GROUP_RETIRED {
            let retired = data(&received.envelope).map(|retired: GroupRetired| retired.gruppo);
            return Ok(retired.map_or_else(Asked::Nothing, Asked::EmptyGroup));
        }
        let fact: CaseFact = match data(&received.envelope) {
            Ok(fact) => fact,
            Err(undecodable) => return Ok(Asked::Nothing(undecodable)),
        };
        let command = match (fact.stato, &fact.gruppo) {
            // What nearly every case asks for, known without reading it: deciding looks at the case as it is now.
            (Stato::Assegnato, None) => Some(Command::Route),
            _ => self.command_for(fact.caso).await?,
        };
        Ok(match command {
            Some(command) => {
                let key = message_key(&received.envelope);
                let incoming = self.incoming(fact.caso, command, key, received);
                Asked::Command(Box::new(Incoming { spool_row: spool_row(received), ..incoming }))
            }
            None => Asked::Nothing(nothing("the case has a place")),
        })
    }

    async fn command_for(&self, caso: CasoId) -> Result<Option<Command>, StoreError> {
        let catalogue = self.office.catalogue().await?;
        let caso = self.office.store.caso(caso).await?;
        Ok(caso.and_then(|caso| place_of(&caso, &catalogue)))
    }

    fn incoming(&self, caso: CasoId, command: Command, key: MessageKey, received: &Received) -> Incoming {
        Incoming {
            who: self.who.clone(),
            request: Request::Act { caso, command },
            expected_version: None,
            message: Some(key),
            idempotency: None,
            spool_row: None,
            traceparent: received.envelope.traceparent.clone(),
            render: None,
        }
    }

    /// Takes every case from a retired group (row 20a), page by page. A case that breaks holds up no other, but
    /// makes the message one for a person to see.
    async fn empty_group(&self, gruppo: &GruppoId, received: &Received) -> Result<Outcome, StoreError> {
        let catalogue = self.office.catalogue().await?;
        if catalogue.active_gruppo(gruppo).is_some() {
            return Ok(nothing("the group is in use again"));
        }
        let filter = CasoFilter {
            stati: WITH_SECOND_LEVEL.to_vec(),
            gruppi: vec![gruppo.clone()],
            only_padri: true,
            ..CasoFilter::default()
        };
        let mut after = None;
        let mut outcome = Outcome::Done;
        loop {
            let page =
                self.office.store.search(&filter, &PageRequest { after, limit: CASES_AT_ONCE }).await?;
            let commands: Vec<Incoming> =
                page.rows.iter().filter_map(|caso| self.rejection(caso, &catalogue, received)).collect();
            if !commands.is_empty() {
                let applied = self.office.apply(ASSIGNMENT, &commands).await?;
                if let Some(broken) = applied.iter().find(|outcome| is_broken(outcome)) {
                    outcome = settled(broken);
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(outcome),
            }
        }
    }

    /// One message rejects many cases: each has an inbox row of its own, so that a second run skips what is done.
    fn rejection(&self, caso: &Caso, catalogue: &Catalogue, received: &Received) -> Option<Incoming> {
        let command = place_of(caso, catalogue)?;
        let message = message_key(&received.envelope);
        let key = MessageKey { id: format!("{}/{}", message.id, caso.id), source: message.source };
        Some(self.incoming(caso.id, command, key, received))
    }
}

fn place_of(caso: &Caso, catalogue: &Catalogue) -> Option<Command> {
    routing_command(caso, catalogue).expect("the system's own notes are texts")
}

fn is_broken(outcome: &Applied) -> bool {
    matches!(outcome, Applied::Panicked | Applied::Failed(_))
}

fn nothing(why: &str) -> Outcome {
    Outcome::NothingToDo(why.to_owned())
}
