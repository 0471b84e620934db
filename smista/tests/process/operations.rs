//! The operations door of each kind of process.

use serde_json::Value;

use crate::running::{Smista, get, open_case, run};
use crate::servers::OwnServers;
use crate::stopping::{embedded, token_and_address};

#[test]
fn a_worker_is_ready_when_the_store_answers_and_its_queues_are_in_session() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    run(&["migrate"], &environment);
    let worker = Smista::start(&["work", "assignment", "rejections"], &environment);
    assert_eq!(get(&worker.ops, "/healthz").0, 200);
    worker.wait_until_ready(true);

    let status: Value = serde_json::from_str(&get(&worker.ops, "/status").1).expect("JSON");
    assert_eq!((&status["set_up"], &status["store"]), (&Value::from("scaled"), &Value::from(true)));
    let sessions = status["sessions"].as_object().expect("sessions");
    assert!(sessions.keys().eq(["assignment", "rejections"]), "{status}");
    assert!(sessions.values().all(|lanes| lanes.as_u64() > Some(0)), "{status}");

    worker.wait_for("/metrics", |_, figures| figures.contains("smista_outbox_rows 0"));
    let figures = get(&worker.ops, "/metrics").1;
    assert!(figures.contains("# HELP smista_sessions Lanes of this process"), "{figures}");
    assert!(figures.contains("smista_queue_messages{queue=\"intake\"} 0"), "{figures}");
    assert!(!figures.contains("smista_sessions{queue=\"intake\"}"), "{figures}");

    let mut asking = environment;
    asking.push(("SMISTA_OPS_LISTEN".to_owned(), worker.ops.clone()));
    run(&["health"], &asking);
}

#[test]
fn the_embedded_system_counts_what_it_does_by_queue_and_by_route() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut office = embedded(folder.path());
    let (token, address) = token_and_address(&mut office);
    let caso = open_case(&address, &token);
    assert_eq!(get(&address, &format!("/v1/cases/{caso}")).0, 401);
    assert_eq!(get(&address, "/nowhere/Rossi").0, 404);
    let routed = "smista_messages_total{queue=\"assignment\",outcome=\"done\"} 1";
    office.wait_for("/metrics", |_, figures| figures.contains(routed));
    let figures = get(&address, "/metrics").1;
    for line in [
        "smista_http_requests_total{method=\"POST\",route=\"/v1/contacts\",status=\"201\"} 1",
        "smista_http_requests_total{method=\"GET\",route=\"/v1/cases/{id}\",status=\"401\"} 1",
        "smista_http_requests_total{method=\"GET\",route=\"unknown\",status=\"404\"} 1",
        "smista_batch_messages_bucket{queue=\"assignment\",le=\"1\"} 1",
        "smista_batch_handling_seconds_count{queue=\"assignment\"} 1",
    ] {
        assert!(figures.contains(line), "{line} is not in\n{figures}");
    }
    assert!(!figures.contains("Rossi") && !figures.contains(&caso), "{figures}");
}
