//! `smista queues`: the table of queues, with what waits in each.

use std::process::ExitCode;

use serde_json::json;
use smista::system::System;
use smista_messages::topology::TOPOLOGY;

use crate::output;

pub(super) async fn queues(system: &System, json: bool) -> anyhow::Result<ExitCode> {
    let depths = system.broker.depths().await?;
    let waiting =
        |name: &str| depths.iter().find(|depth| depth.queue == name).map_or(0, |depth| depth.waiting);
    // What the broker has besides those that workers read: its dead letters, until a worker parks them.
    let unread = depths.iter().filter(|depth| TOPOLOGY.queue(&depth.queue).is_none());
    let secs =
        |waits: &[std::time::Duration]| waits.iter().map(std::time::Duration::as_secs).collect::<Vec<_>>();
    if json {
        let rows = TOPOLOGY.queues.iter().map(|queue| {
            let fed_by: Vec<_> = queue.fed_by.iter().map(|binding| binding.message_type).collect();
            json!({
                "queue": queue.name, "waiting": waiting(queue.name), "fed_by": fed_by,
                "waits_secs": secs(queue.waits), "lanes": queue.lanes, "batch": queue.batch,
            })
        });
        let unread = unread.map(|depth| json!({ "queue": depth.queue, "waiting": depth.waiting }));
        output::json(&rows.chain(unread).collect::<Vec<_>>())?;
    } else {
        let rows = TOPOLOGY.queues.iter().map(|queue| {
            let fed_by: Vec<_> = queue.fed_by.iter().map(|binding| binding.message_type).collect();
            let waits: Vec<_> = secs(queue.waits).iter().map(|secs| format!("{secs}s")).collect();
            vec![
                queue.name.to_owned(),
                waiting(queue.name).to_string(),
                queue.lanes.to_string(),
                queue.batch.to_string(),
                waits.join(" "),
                fed_by.join(" "),
            ]
        });
        let row = |queue: &str, waiting: u64| {
            let nothing = String::new;
            vec![queue.to_owned(), waiting.to_string(), nothing(), nothing(), nothing(), nothing()]
        };
        let unread = unread.map(|depth| row(&depth.queue, depth.waiting));
        output::table(&["queue", "waiting", "lanes", "batch", "waits", "fed by"], rows.chain(unread));
    }
    Ok(ExitCode::SUCCESS)
}
