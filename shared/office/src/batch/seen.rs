//! Which commands of a batch are new: not in the inbox, not answered before, not a twin of one before them.

use std::collections::BTreeMap;

use smista_store::{Asked, Claim, IdempotencyKey, IdempotentAnswer, Taken};

use super::Incoming;
use super::incoming::{Request, Who};

/// What a batch asks of the desk, and which of its commands each question is of.
pub(super) struct Questions {
    pub(super) asked: Asked,
    /// By place in the batch, as far as the batch itself tells.
    standing: Vec<Standing>,
    /// The place of each message asked for.
    messages: Vec<usize>,
    /// The place of each key asked for.
    keys: Vec<usize>,
}

/// What the answers said, by place in the batch.
pub(super) struct Seen {
    standing: Vec<Standing>,
}

/// How a command stands before it is decided.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// To be decided.
    New,
    /// Its message was handled before.
    SeenBefore,
    /// Its key was answered before.
    Answered(IdempotentAnswer),
    /// An equal request stands earlier in the batch, at this place: whatever became of it becomes of this one.
    SameAs(usize),
    /// Its key came with another request.
    KeyOfOtherRequest,
}

impl Questions {
    pub(super) fn of(worker: &str, batch: &[Incoming]) -> Self {
        let mut questions = Self {
            asked: Asked { worker: worker.to_owned(), ..Asked::default() },
            standing: vec![Standing::New; batch.len()],
            messages: Vec::new(),
            keys: Vec::new(),
        };
        for (place, incoming) in batch.iter().enumerate() {
            if let Some(message) = &incoming.message {
                questions.asked.messages.push(message.clone());
                questions.messages.push(place);
            }
            if let Request::Open { key, .. } = &incoming.request {
                questions.asked.openings.insert(key.clone());
            }
            if let Who::Sender { cliente, .. } = &incoming.who {
                questions.asked.clienti.insert(cliente.clone());
            }
        }
        questions.ask_for_keys(batch);
        questions
    }

    /// Keys are claimed once each.
    fn ask_for_keys(&mut self, batch: &[Incoming]) {
        let mut first: BTreeMap<(&str, &str), (usize, &IdempotencyKey)> = BTreeMap::new();
        for (place, incoming) in batch.iter().enumerate() {
            let Some(key) = &incoming.idempotency else { continue };
            match first.get(&(key.cliente.as_str(), key.key.as_str())) {
                None => {
                    first.insert((&key.cliente, &key.key), (place, key));
                }
                Some((earlier, twin)) if twin.request_digest == key.request_digest => {
                    self.standing[place] = Standing::SameAs(*earlier);
                }
                Some(_) => self.standing[place] = Standing::KeyOfOtherRequest,
            }
        }
        for (place, key) in first.into_values() {
            self.keys.push(place);
            self.asked.keys.push(key.clone());
        }
    }

    pub(super) fn answered(self, taken: &Taken) -> Seen {
        let mut standing = self.standing;
        for (place, _) in self.messages.iter().zip(&taken.unseen).filter(|(_, unseen)| !**unseen) {
            standing[*place] = Standing::SeenBefore;
        }
        for (place, claim) in self.keys.iter().zip(&taken.claims) {
            match claim {
                Claim::New => {}
                Claim::Answered(answer) => standing[*place] = Standing::Answered(answer.clone()),
                Claim::OtherRequest => standing[*place] = Standing::KeyOfOtherRequest,
            }
        }
        Seen { standing }
    }
}

impl Seen {
    pub(super) fn is_new(&self, place: usize) -> bool {
        matches!(self.standing.get(place), Some(Standing::New))
    }

    pub(super) fn standing(&self, place: usize) -> &Standing {
        self.standing.get(place).unwrap_or(&Standing::SeenBefore)
    }
}
