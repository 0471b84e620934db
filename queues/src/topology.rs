//! The types of a topology: which queues there are, what feeds them, how they are tried again.
//!
//! The table itself is handed in. Everything else (routing, names on the broker, prefetch) is derived here.

use std::time::Duration;

use crate::names::{Destination, Exchange, NamePrefix, Unsuitable};

/// All queues of an installation.
#[derive(Debug, Clone, Copy)]
pub struct Topology {
    pub queues: &'static [Queue],
}

/// One queue and how its worker takes from it.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    /// Lower case, digits and hyphens; the broker's name has the installation's prefix before it.
    pub name: &'static str,
    pub kind: Kind,
    /// The message types that feed it. A message of any other type in the queue is parked.
    pub fed_by: &'static [Binding],
    /// The waits between tries; their number is the limit.
    pub waits: &'static [Duration],
    /// How many lanes one process runs on it.
    pub lanes: usize,
    /// The most messages that one lane handles together; for [`Kind::Effect`] those in flight at once.
    pub batch: usize,
}

/// What a worker does with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One transaction for the whole batch.
    Decide,
    /// Claim, send concurrently, record.
    Effect,
}

/// A message type that a queue wants, and where it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    pub exchange: Exchange,
    /// Exact CloudEvents `type`; no wildcards, so that both brokers route alike.
    pub message_type: &'static str,
}

impl Queue {
    /// Messages that a lane's consumer may hold: the next batch arrives while this one is decided, but
    /// nothing is held back behind slow sends.
    pub fn prefetch(&self) -> u16 {
        let messages = match self.kind {
            Kind::Decide => self.batch * 2,
            Kind::Effect => self.batch,
        };
        u16::try_from(messages.max(1)).unwrap_or(u16::MAX)
    }

    /// Whether a message of this type belongs in the queue.
    pub fn takes(&self, message_type: &str) -> bool {
        self.fed_by.iter().any(|binding| binding.message_type == message_type)
    }

    /// Whether others than smista may send it a message of this type: a command. A client that may write to a queue past
    /// the exchanges must not pass off a fact as smista's.
    pub fn takes_from_others(&self, message_type: &str) -> bool {
        let command = |binding: &Binding| {
            binding.exchange == Exchange::Commands && binding.message_type == message_type
        };
        self.fed_by.iter().any(command)
    }

    /// The wait before the next try after `attempt` tries, or `None` when the ladder is spent.
    pub fn wait_after(&self, attempt: u32) -> Option<Duration> {
        self.waits.get(usize::try_from(attempt).ok()?.checked_sub(1)?).copied()
    }
}

impl Topology {
    /// The queue of this name, without prefix.
    pub fn queue(&self, name: &str) -> Option<&'static Queue> {
        self.queues.iter().find(|queue| queue.name == name)
    }

    /// The names of the queues that a message goes to; empty when none takes it.
    pub fn route(&self, destination: &Destination, message_type: &str) -> Vec<&'static str> {
        self.queues
            .iter()
            .filter(|queue| match destination {
                Destination::Queue(name) => queue.name == name,
                Destination::Exchange(exchange) => queue
                    .fed_by
                    .iter()
                    .any(|binding| binding.exchange == *exchange && binding.message_type == message_type),
            })
            .map(|queue| queue.name)
            .collect()
    }

    /// Checks what the types cannot say; the table's own test calls it.
    pub fn check(&self) -> Result<(), Unsuitable> {
        let wrong = |why: String| Err(Unsuitable(why));
        for (index, queue) in self.queues.iter().enumerate() {
            let well_named = !queue.name.is_empty()
                && queue
                    .name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            if !well_named || queue.name == NamePrefix::DEAD {
                return wrong(format!("{:?} cannot name a queue", queue.name));
            }
            if self.queues[..index].iter().any(|earlier| earlier.name == queue.name) {
                return wrong(format!("queue {} is listed twice", queue.name));
            }
            if queue.lanes == 0 || queue.batch == 0 {
                return wrong(format!("queue {} has no lanes or an empty batch", queue.name));
            }
            if let Some(binding) =
                queue.fed_by.iter().find(|binding| binding.message_type.contains(['*', '#']))
            {
                return wrong(format!("queue {} binds the wildcard {}", queue.name, binding.message_type));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS: Queue = Queue {
        name: "letters",
        kind: Kind::Decide,
        fed_by: &[
            Binding { exchange: Exchange::Commands, message_type: "letter.write" },
            Binding { exchange: Exchange::Facts, message_type: "letter.written" },
        ],
        waits: &[Duration::from_secs(1), Duration::from_secs(5)],
        lanes: 2,
        batch: 8,
    };
    const ARCHIVE: Queue = Queue {
        name: "archive",
        kind: Kind::Effect,
        fed_by: &[Binding { exchange: Exchange::Facts, message_type: "letter.written" }],
        ..LETTERS
    };
    const OFFICE: Topology = Topology { queues: &[LETTERS, ARCHIVE] };

    #[test]
    fn routes_by_exchange_and_type_or_to_one_queue() {
        let to = |exchange, kind| OFFICE.route(&Destination::Exchange(exchange), kind);
        assert_eq!(to(Exchange::Facts, "letter.written"), ["letters", "archive"]);
        assert_eq!(to(Exchange::Commands, "letter.write"), ["letters"]);
        assert!(to(Exchange::Commands, "letter.written").is_empty());
        assert_eq!(OFFICE.route(&Destination::Queue("archive".to_owned()), "anything"), ["archive"]);
        assert!(OFFICE.route(&Destination::Queue("nowhere".to_owned()), "letter.write").is_empty());
    }

    #[test]
    fn the_ladder_has_as_many_waits_as_are_listed() {
        let waits: Vec<_> = (0..4).map(|attempt| LETTERS.wait_after(attempt)).collect();
        assert_eq!(waits, [None, Some(Duration::from_secs(1)), Some(Duration::from_secs(5)), None]);
    }

    #[test]
    fn prefetch_is_twice_the_batch_to_decide_and_the_concurrency_for_effects() {
        assert_eq!((LETTERS.prefetch(), ARCHIVE.prefetch()), (16, 8));
    }

    #[test]
    fn a_table_that_cannot_work_is_refused() {
        assert!(OFFICE.check().is_ok());
        const WILDCARD: Queue =
            Queue { fed_by: &[Binding { exchange: Exchange::Facts, message_type: "letter.*" }], ..LETTERS };
        const BAD: [&[Queue]; 6] = [
            &[LETTERS, LETTERS],
            &[Queue { name: "Upper", ..LETTERS }],
            &[Queue { name: "dead", ..LETTERS }],
            &[Queue { batch: 0, ..LETTERS }],
            &[Queue { lanes: 0, ..LETTERS }],
            &[WILDCARD],
        ];
        for queues in BAD {
            assert!(Topology { queues }.check().is_err());
        }
    }
}
