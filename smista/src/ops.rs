//! The operations door: whether this process lives, whether it can work, how it is set up, its figures.
//!
//! Every process may have one, on an address of its own: workers have no other door, and the pages of `serve` may then
//! stay out of what the public front end sees. Knows no case; its pages are for machines, and need no token.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Map, Value, json};

use crate::system::System;

/// How long the store may take to say that it is there: whoever asks waits a few seconds at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the door tells of.
#[derive(Clone)]
pub struct Ops {
    system: Arc<System>,
    figures: PrometheusHandle,
    /// The queues that this process works.
    queues: Arc<[&'static str]>,
}

impl Ops {
    /// Of a process that works these queues.
    pub fn new(system: Arc<System>, figures: PrometheusHandle, queues: &[&'static str]) -> Self {
        Self { system, figures, queues: queues.into() }
    }

    /// What `/status` says of this process, whichever door it is asked at.
    pub fn status(&self) -> Map<String, Value> {
        let sessions: Map<String, Value> = self
            .queues
            .iter()
            .map(|queue| ((*queue).to_owned(), json!(self.system.watch.sessions(queue))))
            .collect();
        let mut status = Map::new();
        status.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        status.insert("installation".to_owned(), json!(self.system.office.source()));
        let set_up = if self.system.is_embedded() { "embedded" } else { "scaled" };
        status.insert("set_up".to_owned(), json!(set_up));
        status.insert("sessions".to_owned(), Value::Object(sessions));
        status.insert("stopping".to_owned(), json!(self.system.watch.is_stopping()));
        status.insert("stuck".to_owned(), json!(self.system.watch.stuck()));
        let revision = self.system.office.cached_catalogue().revision;
        status.insert("catalogue_revision".to_owned(), json!(revision));
        status
    }

    async fn store_answers(&self) -> bool {
        let answered = tokio::time::timeout(PATIENCE, self.system.office.store.ping()).await;
        matches!(answered, Ok(Ok(())))
    }

    /// The queues that no lane of this process reads at the moment.
    fn out_of_session(&self) -> Vec<&'static str> {
        self.queues.iter().copied().filter(|queue| self.system.watch.sessions(queue) == 0).collect()
    }
}

/// The pages.
pub fn router(ops: Ops) -> Router {
    Router::new()
        .route("/healthz", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .route("/metrics", get(metrics))
        .with_state(ops)
}

/// Ready: the process is not stopping, the store answers, every queue of this process has a session with the broker, and
/// what is begun gets finished.
async fn readyz(State(ops): State<Ops>) -> Response {
    let (store, waiting_for) = (ops.store_answers().await, ops.out_of_session());
    let (stopping, stuck) = (ops.system.watch.is_stopping(), ops.system.watch.stuck());
    let ready = store && waiting_for.is_empty() && stuck.is_empty() && !stopping;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let said = if ready { "ready" } else { "not ready" };
    let body = json!({
        "status": said, "store": store, "stopping": stopping,
        "queues_without_session": waiting_for, "stuck": stuck,
    });
    (status, Json(body)).into_response()
}

async fn status(State(ops): State<Ops>) -> Response {
    let mut status = ops.status();
    status.insert("store".to_owned(), json!(ops.store_answers().await));
    Json(status).into_response()
}

async fn metrics(State(ops): State<Ops>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], ops.figures.render()).into_response()
}
