//! The HTTP door: one table of routes builds the router, the OpenAPI document and the access matrix of the tests.
//!
//! Knows: HTTP. Must not know: what a command means. Personal data never stands in an address or a log line.

mod answer;
mod body;
mod caller;
mod cases;
mod catalogue;
mod citizens;
mod conditions;
mod desks;
mod docs;
mod door;
mod door_problem;
mod examples;
mod health;
mod language;
mod openapi;
mod paging;
mod path;
mod problem_types;
mod route;
mod routes;
mod schema;
mod schemas;
mod token_lookup;

use std::any::Any;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, VARY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use smista_messages::problem::Language;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use door_problem::DoorProblem;
use language::language_of;

pub use door::{Door, DoorConfig, Shown};
pub use route::{Access, Example, Route, Verb};
pub use routes::routes;

/// The OpenAPI 3.1 document of the whole door.
pub fn openapi() -> serde_json::Value {
    openapi::document(&routes())
}

/// The router of the whole door.
pub fn router(door: Door) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let handler = match route.access {
            Access::Public => route.handler,
            Access::Operators | Access::Roles(_) => {
                let handler = match route.changes_something() {
                    true => route.handler.route_layer(from_fn_with_state(door.clone(), unless_backlogged)),
                    false => route.handler,
                };
                // The layer put on last is the first to be asked.
                handler.route_layer(from_fn_with_state((door.clone(), route.access), caller::let_in))
            }
        };
        router = router.route(&route.path, handler);
    }
    router
        .fallback(|| async { DoorProblem::NotFound })
        .method_not_allowed_fallback(|| async { DoorProblem::MethodNotAllowed })
        .layer(Extension(docs::Document::from(openapi().to_string())))
        .layer(CatchPanicLayer::custom(after_a_panic))
        .layer(from_fn(in_the_callers_language))
        .layer(from_fn(kept_by_nobody))
        .layer(from_fn_with_state(door.clone(), observed))
        .with_state(door)
}

/// Serves until `shutdown` resolves, then finishes what has begun. The router is gone afterwards; await the lanes next.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

/// What is under `/v1` may hold a citizen's data, and depends on who asks and in which language: no cache keeps it, and
/// no browser takes it for anything but what it says it is.
async fn kept_by_nobody(request: Request, next: Next) -> Response {
    let is_data = request.uri().path().starts_with("/v1");
    let mut response = next.run(request).await;
    if is_data {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("Authorization, Smista-Operatore, Accept-Language"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    response
}

/// Turns the problem that a handler answered with into a document in the caller's language.
async fn in_the_callers_language(request: Request, next: Next) -> Response {
    let language = language_of(request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<DoorProblem>() {
        Some(problem) => told(&problem, language, &response),
        None => response,
    }
}

/// The document, with the one header that the router itself sets: which methods a route takes.
fn told(problem: &DoorProblem, language: Language, answered: &Response) -> Response {
    let mut response = problem.response(language);
    if let Some(allow) = answered.headers().get(axum::http::header::ALLOW) {
        response.headers_mut().insert(axum::http::header::ALLOW, allow.clone());
    }
    response
}

/// Back-pressure: what changes something would have to be published, so it waits outside; reading goes on.
async fn unless_backlogged(State(door): State<Door>, request: Request, next: Next) -> Response {
    match door.takes_writes().await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// A bug of ours must not close the connection. What the panic said may quote data, so it is not told.
fn after_a_panic(_said: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request panicked");
    DoorProblem::Internal.into_response()
}

/// A span for each request, by the route's pattern: an address might be anything that somebody typed. Further in, the
/// request carries the trace context that what it causes goes on with: of this span, where spans are recorded.
async fn observed(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let span = tracing::info_span!(
        "http",
        method = %request.method(),
        route = route.as_deref().unwrap_or("unknown"),
        traceparent = tracing::field::Empty,
        status = tracing::field::Empty,
    );
    let callers = conditions::traceparent(request.headers());
    let observer = door.shared.shown.observer.as_ref();
    let carried = observer
        .and_then(|observer| observer.asked(&span, callers.as_deref()))
        .or(callers)
        .unwrap_or_else(|| smista_queues::traceparent::new(door.office().surroundings.fresh_uuid()));
    span.record("traceparent", &carried);
    if let Ok(value) = HeaderValue::from_str(&carried) {
        request.headers_mut().insert(conditions::TRACEPARENT, value);
    }
    let response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    span.in_scope(|| tracing::debug!("request answered"));
    response
}

#[cfg(test)]
mod tests;
