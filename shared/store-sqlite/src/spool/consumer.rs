//! One reader of one queue of the spool.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use smista_queues::{
    BrokerError, Consumer, Delivery, DeliveryRef, ErrorText, Sender, Shelf as _, ShelfError, Taking,
};

use super::statements::{self, SpoolRow};
use super::{Inner, unavailable};
use crate::queries::Answer;

/// How long a consumer waits at most before it looks again, in case a wake-up was missed or the clock jumped.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A message found after an unclean stop is parked instead of being handed out more often than this.
const MOST_DELIVERIES: i64 = 50;

pub(super) struct SpoolConsumer {
    spool: Arc<Inner>,
    queue: &'static str,
    taking: Taking,
    /// Handed out and not acknowledged.
    held: BTreeSet<i64>,
    cancelled: bool,
}

impl SpoolConsumer {
    pub(super) fn new(spool: Arc<Inner>, queue: &'static str, taking: Taking) -> Self {
        Self { spool, queue, taking, held: BTreeSet::new(), cancelled: false }
    }

    /// How many more it may hold.
    fn room(&self, most: usize) -> usize {
        match self.taking {
            Taking::Subscribed { prefetch } => {
                most.min(usize::from(prefetch).saturating_sub(self.held.len()))
            }
            Taking::OnDemand => most,
        }
    }

    /// Takes what is there. Dropped at any await, it has taken nothing.
    async fn look(&mut self, most: usize) -> Answer<Vec<Delivery>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let spool = Arc::clone(&self.spool);
        let _looking = spool.looking.lock().await;
        loop {
            let in_hand = spool.hands.all();
            let now = (spool.clock)();
            let rows = {
                let mut session = spool.store.pool().acquire().await?;
                statements::due(&mut session, self.queue, now, &in_hand, most).await?
            };
            let Some(first) = rows.first() else { return Ok(Vec::new()) };
            if !spool.hands.is_suspect(first.id) {
                return Ok(self.hand_out(rows));
            }
            if spool.hands.holds_suspect() {
                return Ok(Vec::new());
            }
            let Some(suspect) = rows.into_iter().next() else { return Ok(Vec::new()) };
            if suspect.delivery_count < MOST_DELIVERIES {
                return Ok(vec![self.hand_out_suspect(suspect).await?]);
            }
            self.park(&suspect).await?;
        }
    }

    /// All rows before the first suspect.
    fn hand_out(&mut self, rows: Vec<SpoolRow>) -> Vec<Delivery> {
        let hands = &self.spool.hands;
        let deliveries: Vec<_> = rows
            .into_iter()
            .take_while(|row| !hands.is_suspect(row.id))
            .map(|row| (row.id, hands.was_given_back(row.id), row))
            .map(|(id, given_back, row)| (id, delivery(row, given_back)))
            .collect();
        hands.take(deliveries.iter().map(|(id, _)| *id));
        self.held.extend(deliveries.iter().map(|(id, _)| *id));
        deliveries.into_iter().map(|(_, delivery)| delivery).collect()
    }

    async fn hand_out_suspect(&mut self, row: SpoolRow) -> Answer<Delivery> {
        let mut turn = self.spool.store.turn().await?;
        statements::count_delivery(turn.connection(), row.id).await?;
        turn.commit().await?;
        self.spool.hands.take_suspect(row.id);
        self.held.insert(row.id);
        Ok(delivery(row, true))
    }

    async fn park(&self, row: &SpoolRow) -> Answer<()> {
        let reason = ErrorText::new("handed out too often without an answer: it may kill its handler");
        let row = SpoolRow { id: row.id, body: row.body.clone(), delivery_count: row.delivery_count };
        let killer = delivery(row, true);
        let parked = smista_queues::settle::park(self.queue, &killer, None, reason, (self.spool.clock)());
        tracing::error!(
            queue = self.queue,
            id = parked.message_id,
            "message parked: it may kill its handler"
        );
        let unavailable = |error: ShelfError| smista_store::StoreError::Unavailable(error.into());
        Ok(self.spool.shelf.put(&[], &[parked]).await.map_err(unavailable)?)
    }

    /// How long until a message of this queue falls due, at most [`LOOK_AGAIN`].
    async fn pause(&self) -> Answer<Duration> {
        let now = (self.spool.clock)();
        let mut session = self.spool.store.pool().acquire().await?;
        let next = statements::next_due(&mut session, self.queue, now).await?;
        let until = next.and_then(|due_at| (due_at - now).to_std().ok());
        Ok(until.map_or(LOOK_AGAIN, |until| until.min(LOOK_AGAIN)))
    }

    fn give_back(&mut self) {
        if self.held.is_empty() {
            return;
        }
        for id in std::mem::take(&mut self.held) {
            self.spool.hands.give_back(id);
        }
        self.spool.store.spool_notify().notify_waiters();
    }

    async fn remove(&self, ids: &[i64]) -> Answer<()> {
        // Most handlers delete what they took in their own commit; then there is nothing to ask the writer for.
        let left = {
            let mut session = self.spool.store.pool().acquire().await?;
            statements::present(&mut session, ids).await?
        };
        if left.is_empty() {
            return Ok(());
        }
        let mut turn = self.spool.store.turn().await?;
        for id in left {
            statements::remove(turn.connection(), id).await?;
        }
        Ok(turn.commit().await?)
    }
}

#[async_trait]
impl Consumer for SpoolConsumer {
    async fn take(&mut self, most: usize) -> Result<Vec<Delivery>, BrokerError> {
        loop {
            // Nothing is prefetched: after a cancellation there is nothing left to take.
            if self.cancelled {
                return Ok(Vec::new());
            }
            self.spool.hands.check_open()?;
            let changes = self.spool.store.spool_notify();
            let changed = changes.notified();
            tokio::pin!(changed);
            // Before looking, so that what is committed after the look wakes us.
            changed.as_mut().enable();
            let taken = self.look(self.room(most)).await.map_err(unavailable)?;
            if !taken.is_empty() || self.taking == Taking::OnDemand {
                return Ok(taken);
            }
            let pause = self.pause().await.map_err(unavailable)?;
            tokio::select! {
                () = &mut changed => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn acknowledge(&mut self, settled: &[DeliveryRef]) -> Result<(), BrokerError> {
        let ids: Vec<i64> = settled
            .iter()
            .filter_map(|reference| match reference {
                DeliveryRef::SpoolRow(id) => Some(*id),
                DeliveryRef::AmqpTag(_) => None,
            })
            .collect();
        self.remove(&ids).await.map_err(unavailable)?;
        for id in ids {
            self.held.remove(&id);
            self.spool.hands.settle(id);
        }
        // Whoever waited for a suspect to be settled may take the next one.
        self.spool.store.spool_notify().notify_waiters();
        Ok(())
    }

    async fn cancel(&mut self) -> Result<(), BrokerError> {
        self.cancelled = true;
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

impl Drop for SpoolConsumer {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn delivery(row: SpoolRow, was_out: bool) -> Delivery {
    let earlier = row.delivery_count.max(i64::from(was_out));
    Delivery {
        reference: DeliveryRef::SpoolRow(row.id),
        // Only smista writes to its own file; a client that it vouches for is named inside.
        sender: Sender::Smista,
        redelivered: earlier > 0,
        earlier_deliveries: u32::try_from(earlier).unwrap_or(u32::MAX),
        died_in: None,
        headers: Vec::new(),
        body: row.body.into(),
    }
}

/// The spool parks what dies itself, so nobody ever finds a dead letter.
pub(super) struct NoDeadLetters {
    taking: Taking,
    cancelled: bool,
}

impl NoDeadLetters {
    pub(super) fn new(taking: Taking) -> Self {
        Self { taking, cancelled: false }
    }
}

#[async_trait]
impl Consumer for NoDeadLetters {
    async fn take(&mut self, _: usize) -> Result<Vec<Delivery>, BrokerError> {
        if self.taking != Taking::OnDemand && !self.cancelled {
            std::future::pending::<()>().await;
        }
        Ok(Vec::new())
    }

    async fn acknowledge(&mut self, _: &[DeliveryRef]) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn cancel(&mut self) -> Result<(), BrokerError> {
        self.cancelled = true;
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}
