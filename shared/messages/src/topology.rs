//! The table of queues: which there are, what feeds each, how long between tries. Names on the broker, arguments
//! and routing are derived from it, and `smista queues` prints it.

use std::time::Duration;

use smista_queues::{Binding, Exchange, Kind, Queue, Topology};

/// Applies commands: contacts and cases.
pub const INTAKE: &str = "intake";
/// Routes cases that are in no group, and those of retired groups.
pub const ASSIGNMENT: &str = "assignment";
/// Examines rejected cases for Gestione Rigetti.
pub const REJECTIONS: &str = "rejections";

/// Waits between tries of work that only the store can hold up: seconds first, then minutes, an hour in all.
const STORE_WAITS: &[Duration] = &[
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(45 * 60),
];

const fn command(message_type: &'static str) -> Binding {
    Binding { exchange: Exchange::Commands, message_type }
}

const fn fact(message_type: &'static str) -> Binding {
    Binding { exchange: Exchange::Facts, message_type }
}

/// Every queue of an installation.
pub const TOPOLOGY: Topology = Topology {
    queues: &[
        Queue {
            name: INTAKE,
            kind: Kind::Decide,
            fed_by: &[
                command("contact.open"),
                command("case.transfer_failed"),
                command("case.accept"),
                command("case.release"),
                command("case.take_over"),
                command("case.involve"),
                command("case.contribute"),
                command("case.suspend"),
                command("case.resolve"),
                command("case.record_attempt"),
                command("case.hand_back"),
                command("case.reject"),
                command("case.reassign"),
                command("case.cancel"),
                command("case.detach"),
                command("case.note"),
                command("case.correct_anagrafica"),
            ],
            waits: STORE_WAITS,
            lanes: 4,
            batch: 256,
        },
        Queue {
            name: ASSIGNMENT,
            kind: Kind::Decide,
            // A case can be handed back to a group that has been retired meanwhile (rows 18a and 20a).
            fed_by: &[fact("case.assigned"), fact("case.handed_back"), fact("group.retired")],
            waits: STORE_WAITS,
            lanes: 4,
            batch: 256,
        },
        Queue {
            name: REJECTIONS,
            kind: Kind::Decide,
            fed_by: &[fact("case.rejected")],
            waits: STORE_WAITS,
            lanes: 2,
            batch: 64,
        },
    ],
};

#[cfg(test)]
mod tests {
    use smista_domain::attore::RESERVED_LOGINS;

    use super::TOPOLOGY;

    /// Proves 2-1: a worker acts in the name of its queue, which no person may have.
    #[test]
    fn every_queue_has_a_login_that_no_person_can_have() {
        for queue in TOPOLOGY.queues {
            assert!(RESERVED_LOGINS.contains(&queue.name), "{} is not reserved", queue.name);
        }
    }
}
