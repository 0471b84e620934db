//! From an outcome to what the runner must do about the message. Pure: no clock, no I/O.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::age;
use crate::broker::{Delivery, DeliveryRef, Sender};
use crate::envelope::{Envelope, EnvelopeError};
use crate::handler::{Client, Received};
use crate::outcome::{ErrorText, Outcome};
use crate::shelf::{Parked, Wait};
use crate::topology::Queue;

/// What is done with a delivery; a wait or a parked row commits before the acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    Acknowledge,
    Wait(Wait),
    Park(Parked),
}

/// How a message was settled, for figures: a closed list of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    Done,
    NothingToDo,
    Later,
    Retried,
    Parked,
}

impl Fate {
    pub fn as_str(self) -> &'static str {
        match self {
            Fate::Done => "done",
            Fate::NothingToDo => "nothing_to_do",
            Fate::Later => "later",
            Fate::Retried => "retried",
            Fate::Parked => "parked",
        }
    }
}

/// What a settled batch comes to: rows to write, then deliveries to acknowledge.
#[derive(Debug, Default)]
pub struct Plan {
    waits: BTreeMap<(String, String), Wait>,
    parked: BTreeMap<(String, String, String), Parked>,
    parked_unreadable: Vec<Parked>,
    fates: BTreeMap<Fate, usize>,
    /// Every delivery of the batch, in no promised order.
    pub settled: Vec<DeliveryRef>,
}

impl Plan {
    pub fn add(&mut self, (delivery, fate, settlement): (DeliveryRef, Fate, Settlement)) {
        *self.fates.entry(fate).or_default() += 1;
        self.settled.push(delivery);
        match settlement {
            Settlement::Acknowledge => {}
            // Of a message that came twice in one batch one row is enough; both deliveries are settled.
            Settlement::Wait(wait) => {
                self.waits.insert((wait.source.clone(), wait.message_id.clone()), wait);
            }
            Settlement::Park(parked) => match (&parked.source, &parked.message_id) {
                (Some(source), Some(id)) => {
                    self.parked.insert((parked.queue.clone(), source.clone(), id.clone()), parked);
                }
                _ => self.parked_unreadable.push(parked),
            },
        }
    }

    pub fn park(&mut self, parked: Parked) {
        self.add((parked.delivery, Fate::Parked, Settlement::Park(parked)));
    }

    pub fn waits(&self) -> Vec<Wait> {
        self.waits.values().cloned().collect()
    }

    pub fn parked(&self) -> Vec<Parked> {
        self.parked.values().chain(&self.parked_unreadable).cloned().collect()
    }

    /// How many messages met each fate.
    pub fn counts(&self) -> impl Iterator<Item = (Fate, usize)> + '_ {
        self.fates.iter().map(|(fate, messages)| (*fate, *messages))
    }
}

/// Decodes a delivery and settles who sent it, or says why it must be parked.
pub fn receive(queue: &Queue, delivery: &Delivery, now: DateTime<Utc>) -> Result<Received, ErrorText> {
    if delivery.sender == Sender::Unverified {
        return Err(ErrorText::new("the broker does not vouch for its sender (user-id is missing)"));
    }
    let envelope = decode(delivery).map_err(|error| ErrorText::chain(&error))?;
    if !queue.takes(&envelope.message_type) {
        return Err(ErrorText::new(format!("the queue {} takes no {}", queue.name, envelope.message_type)));
    }
    if delivery.sender != Sender::Smista && !queue.takes_from_others(&envelope.message_type) {
        return Err(ErrorText::new(format!(
            "{} is a fact, and only smista says facts",
            envelope.message_type
        )));
    }
    let (client, attempt, of) = match &delivery.sender {
        Sender::Client(name) => (Client::Named(name.clone()), 1, envelope.time),
        Sender::Smista | Sender::Unverified => (
            envelope.cliente.clone().map_or(Client::Smista, Client::Named),
            envelope.tentativo.unwrap_or(1).max(1),
            envelope.ripreso.unwrap_or(envelope.time),
        ),
    };
    age::check(of, now).map_err(|untimely| ErrorText::chain(&untimely))?;
    Ok(Received {
        delivery: delivery.reference,
        envelope,
        client,
        attempt,
        redelivered: delivery.redelivered,
    })
}

fn decode(delivery: &Delivery) -> Result<Envelope, EnvelopeError> {
    match delivery.sender {
        Sender::Smista => Envelope::parse_from_smista(&delivery.body),
        Sender::Client(_) | Sender::Unverified => Envelope::parse(&delivery.body),
    }
}

/// The one place where an outcome becomes an acknowledgement, a wait or a parked row.
pub fn settle(
    queue: &Queue,
    delivery: &Delivery,
    received: &Received,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> (DeliveryRef, Fate, Settlement) {
    let parked =
        |reason| (Fate::Parked, Settlement::Park(park(queue.name, delivery, Some(received), reason, now)));
    let waiting = |fate, due_at, attempt, reason| match wait(queue, received, due_at, attempt, reason) {
        Ok(wait) => (fate, Settlement::Wait(wait)),
        Err(error) => parked(ErrorText::chain(&error)),
    };
    let (fate, settlement) = match outcome {
        Outcome::Done => (Fate::Done, Settlement::Acknowledge),
        Outcome::NothingToDo(_) => (Fate::NothingToDo, Settlement::Acknowledge),
        Outcome::Later(due_at) => waiting(Fate::Later, due_at, received.attempt, None),
        Outcome::Transient(reason) => match queue.wait_after(received.attempt) {
            Some(pause) => {
                waiting(Fate::Retried, now + pause, received.attempt.saturating_add(1), Some(reason))
            }
            None => parked(ErrorText::new(format!("failed {} times, at last: {reason}", received.attempt))),
        },
        Outcome::Permanent(reason) => parked(reason),
    };
    (delivery.reference, fate, settlement)
}

/// The message as it comes back: with the verified client, the attempt and its new age inside, whatever it claimed.
fn wait(
    queue: &Queue,
    received: &Received,
    due_at: DateTime<Utc>,
    attempt: u32,
    reason: Option<ErrorText>,
) -> Result<Wait, serde_json::Error> {
    let mut envelope = received.envelope.clone();
    envelope.cliente = received.client.as_extension();
    envelope.tentativo = Some(attempt);
    envelope.ripreso = Some(due_at);
    let body = envelope.encode()?;
    Ok(Wait {
        delivery: received.delivery,
        queue: queue.name.to_owned(),
        source: vouched_source(Some(&received.client), envelope.source),
        message_id: envelope.id,
        message_type: envelope.message_type,
        due_at,
        attempt,
        body,
        reason,
    })
}

/// The source by which a message is known on the shelf: two clients may claim the same one there, and the message of
/// the one must not take the place of the other's.
fn vouched_source(client: Option<&Client>, source: String) -> String {
    match client {
        Some(Client::Smista) => source,
        Some(Client::Named(name)) => format!("{name} as {source}"),
        None => format!("nobody as {source}"),
    }
}

/// The parked row of a delivery that was `received`, or that could not be.
pub fn park(
    queue: &str,
    delivery: &Delivery,
    received: Option<&Received>,
    reason: ErrorText,
    now: DateTime<Utc>,
) -> Parked {
    let client = match (received, &delivery.sender) {
        (Some(received), _) => Some(received.client.clone()),
        (None, Sender::Client(name)) => Some(Client::Named(name.clone())),
        (None, Sender::Smista) => Some(
            decode(delivery).ok().and_then(|envelope| envelope.cliente).map_or(Client::Smista, Client::Named),
        ),
        (None, Sender::Unverified) => None,
    };
    // A message of the wrong type, or from nobody, can still be read: a person sees what it is.
    let readable = received.map(|received| received.envelope.clone()).or_else(|| decode(delivery).ok());
    let (source, message_id, message_type) = readable
        .map(|envelope| (envelope.source, envelope.id, envelope.message_type))
        .map_or((None, None, None), |(source, id, kind)| (Some(source), Some(id), Some(kind)));
    let source = source.map(|source| vouched_source(client.as_ref(), source));
    Parked {
        delivery: delivery.reference,
        queue: queue.to_owned(),
        source,
        message_id,
        message_type,
        body: delivery.body.clone(),
        headers: delivery.headers.clone(),
        client,
        reason,
        attempt: received.map_or(1, |received| received.attempt),
        parked_at: now,
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
