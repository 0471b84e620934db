//! The register: which handler works which queue. The only list of handlers there is.

use std::collections::HashMap;
use std::sync::Arc;

use smista_intake::commands::Commands;
use smista_messages::topology::{ASSIGNMENT, INTAKE, REJECTIONS, TOPOLOGY};
use smista_office::Office;
use smista_queues::{Handler, Queue};

/// A queue and the handler that works it.
#[derive(Clone)]
pub struct Worker {
    /// The queue.
    pub queue: &'static Queue,
    /// Its handler.
    pub handler: Arc<dyn Handler>,
}

/// Every worker, in the order of the table of queues.
pub fn workers(office: &Arc<Office>) -> Vec<Worker> {
    let handlers: [(&str, Arc<dyn Handler>); 3] = [
        (INTAKE, Arc::new(Commands::new(Arc::clone(office)))),
        (ASSIGNMENT, smista_handlers::assignment::handler(Arc::clone(office))),
        (REJECTIONS, smista_handlers::rejections::handler(Arc::clone(office))),
    ];
    let mut handlers = HashMap::from(handlers);
    TOPOLOGY
        .queues
        .iter()
        .filter_map(|queue| Some(Worker { queue, handler: handlers.remove(queue.name)? }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_the_register_are_queues() {
        for name in [INTAKE, ASSIGNMENT, REJECTIONS] {
            assert!(TOPOLOGY.queue(name).is_some(), "{name}");
        }
        assert_eq!(TOPOLOGY.queues.len(), 3, "a queue without a handler would fill up");
    }
}
