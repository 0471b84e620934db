//! One call's trace, from the HTTP door to the last worker, as a receiver of spans sees it.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};

use crate::receiver::{Receiver, texts};
use crate::running::{CATALOGUE, Smista, between, open_case_in_trace, post, run};
use crate::servers::OwnServers;
use crate::stopping::token_and_address;

const OPENING: &str = "0af7651916cd43dd8448eb211c80319c";
const REJECTING: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "b7ad6b7169203331";

#[test]
fn embedded() {
    let receiver = Receiver::listen();
    let folder = tempfile::tempdir().expect("a folder");
    let environment = [("SMISTA_OTLP_ENDPOINT".to_owned(), receiver.endpoint.clone())];
    let folder = folder.path().to_string_lossy();
    let mut office = Smista::start(&["serve", "--data", &folder, "--listen", "127.0.0.1:0"], &environment);
    let (token, address) = token_and_address(&mut office);
    open_and_reject(&address, &token, &office);
    office.terminate();
    assert_eq!(office.ended().code(), Some(0));
    followed(&receiver.spans());
}

#[test]
fn scaled_out() {
    let receiver = Receiver::listen();
    let servers = OwnServers::create();
    let mut environment = servers.environment();
    run(&["migrate"], &environment);
    run(&["catalogue", "import", CATALOGUE], &environment);
    let roles = ["--ruolo", "primo_livello", "--ruolo", "secondo_livello"];
    let made = run(&[&["token", "create", "--client", "prova", "--json"], &roles[..]].concat(), &environment);
    let made: Value = serde_json::from_str(&made).expect("JSON");
    environment.push(("SMISTA_OTLP_ENDPOINT".to_owned(), receiver.endpoint.clone()));
    let mut door = Smista::start(&["serve", "--listen", "127.0.0.1:0"], &environment);
    let address = between(&door.line_with("serving http://"), "serving http://", "/");
    let worker = Smista::start(&["work", "assignment", "rejections"], &environment);
    open_and_reject(&address, made["token"].as_str().expect("a token"), &worker);
    for process in [door, worker] {
        process.terminate();
        assert_eq!(process.ended().code(), Some(0));
    }
    followed(&receiver.spans());
}

/// One call opens a case, another rejects it, each in a trace of its caller's.
fn open_and_reject(address: &str, token: &str, worker: &Smista) {
    let done = |queue: &str| {
        let figure = format!("smista_messages_total{{queue=\"{queue}\",outcome=\"done\"}} 1\n");
        worker.wait_for("/metrics", |_, figures| figures.contains(&figure));
    };
    let caso = open_case_in_trace(address, token, &format!("00-{OPENING}-{CALLER}-01"));
    done("assignment");
    let headers = format!(
        "Smista-Operatore: firenze-anagrafe.1\r\nIf-Match: \"2\"\r\ntraceparent: 00-{REJECTING}-{CALLER}-01\r\n"
    );
    let body = json!({ "causa": "errore_operatore", "note": "Non compete a noi." });
    let (status, answer) = post(address, token, &format!("/v1/cases/{caso}/reject"), &headers, &body);
    assert_eq!(status, 200, "{answer}");
    done("rejections");
}

fn followed(spans: &[Span]) {
    for (trace, queue) in [(OPENING, "assignment"), (REJECTING, "rejections")] {
        let call = spans.iter().find(|span| span.name == "http" && hex(&span.trace_id) == trace);
        let call = call.expect("the call is a span of its caller's trace");
        assert_eq!(hex(&call.parent_span_id), CALLER);
        for of_queue in ["http", queue] {
            let batches = || {
                let of_queue = of_queue.to_owned();
                spans.iter().filter(move |span| span.name == "batch" && texts(span).contains(&of_queue))
            };
            let links = || batches().flat_map(|batch| &batch.links);
            let linked = links().any(|link| hex(&link.trace_id) == trace && link.span_id == call.span_id);
            assert!(linked, "no batch of {of_queue} links to {trace}: {:?}", links().collect::<Vec<_>>());
            assert!(
                batches().all(|batch| batch.parent_span_id.is_empty()),
                "a batch has many causes, no parent"
            );
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
