//! Which commands of a batch are new: not in the inbox, not answered before, not a twin of one before them.

use std::collections::BTreeMap;

use smista_store::{Claim, Desk, IdempotencyKey, IdempotentAnswer, MessageKey, StoreError};

use super::Incoming;

/// What the claims said, by place in the batch.
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

impl Seen {
    pub(super) async fn claim(
        desk: &mut dyn Desk,
        worker: &str,
        batch: &[Incoming],
    ) -> Result<Self, StoreError> {
        let mut standing = vec![Standing::New; batch.len()];
        let messages: Vec<(usize, MessageKey)> = keyed(batch, |incoming| incoming.message.clone());
        if !messages.is_empty() {
            let keys: Vec<MessageKey> = messages.iter().map(|(_, key)| key.clone()).collect();
            let unseen = desk.take_unseen(worker, &keys).await?;
            for ((place, _), _) in messages.iter().zip(unseen).filter(|(_, unseen)| !unseen) {
                standing[*place] = Standing::SeenBefore;
            }
        }
        claim_keys(desk, batch, &mut standing).await?;
        Ok(Self { standing })
    }

    pub(super) fn is_new(&self, place: usize) -> bool {
        matches!(self.standing.get(place), Some(Standing::New))
    }

    pub(super) fn standing(&self, place: usize) -> &Standing {
        self.standing.get(place).unwrap_or(&Standing::SeenBefore)
    }
}

fn keyed<K>(batch: &[Incoming], key: impl Fn(&Incoming) -> Option<K>) -> Vec<(usize, K)> {
    batch.iter().enumerate().filter_map(|(place, incoming)| Some((place, key(incoming)?))).collect()
}

/// Keys are claimed once each, in order, so that two desks with the same keys wait for each other one way round.
async fn claim_keys(
    desk: &mut dyn Desk,
    batch: &[Incoming],
    standing: &mut [Standing],
) -> Result<(), StoreError> {
    let mut first: BTreeMap<(String, String), (usize, IdempotencyKey)> = BTreeMap::new();
    for (place, key) in keyed(batch, |incoming| incoming.idempotency.clone()) {
        let name = (key.cliente.clone(), key.key.clone());
        match first.get(&name) {
            None => {
                first.insert(name, (place, key));
            }
            Some((earlier, twin)) if twin.request_digest == key.request_digest => {
                standing[place] = Standing::SameAs(*earlier);
            }
            Some(_) => standing[place] = Standing::KeyOfOtherRequest,
        }
    }
    if first.is_empty() {
        return Ok(());
    }
    let keys: Vec<IdempotencyKey> = first.values().map(|(_, key)| key.clone()).collect();
    let claims = desk.claim_idempotency(&keys).await?;
    for ((place, _), claim) in first.into_values().zip(claims) {
        match claim {
            Claim::New => {}
            Claim::Answered(answer) => standing[place] = Standing::Answered(answer),
            Claim::OtherRequest => standing[place] = Standing::KeyOfOtherRequest,
        }
    }
    Ok(())
}
