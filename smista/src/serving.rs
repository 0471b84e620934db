//! Serves a router on a listener, until told to stop, and then for as long as there is time and no longer.
//!
//! Knows: connections and how long a caller may take. Must not know: what is served. Its time-outs end a connection or the
//! reading of a body, so that none can end a transaction: what writes runs in tasks of its own.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::serve::Listener;
use futures::{Stream, StreamExt, stream};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a caller may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request, from the opening of the connection or from the answer before it.
    pub head: Duration,
    /// For its body.
    pub body: Duration,
}

impl Default for Patience {
    /// Half a minute each: a body is a few kilobytes, and a front end's pool opens a connection anew in no time.
    fn default() -> Self {
        Self { head: Duration::from_secs(30), body: Duration::from_secs(30) }
    }
}

/// The caller took too long.
#[derive(Debug, thiserror::Error)]
#[error("the body did not come in time")]
struct TooSlow;

/// Serves until `stop`; then takes no more connections, lets those there are finish the request they are at, and cuts the
/// rest when `out_of_time` resolves. Answers how many it cut. Every clone of the router is gone when this returns.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    patience: Patience,
    stop: CancellationToken,
    out_of_time: impl Future<Output = ()>,
) -> usize {
    let router = router.layer(from_fn_with_state(patience.body, body_in_time));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_ended) = connections.join_next() => {}
            (stream, _address) = Listener::accept(&mut listener) => {
                connections.spawn(converse(stream, router.clone(), patience.head, stop.clone()));
            }
        }
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    tokio::select! {
        biased;
        () = all_ended => {}
        () = out_of_time => {}
    }
    let cut = connections.len();
    connections.shutdown().await;
    cut
}

/// One connection, to its end; after `stop` it ends with the request that it is at.
async fn converse(stream: TcpStream, router: Router, head: Duration, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection was broken off");
    }
}

/// Hands a request on with a body that fails when it has not come in time.
async fn body_in_time(State(patience): State<Duration>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    next.run(request.map(|body| Body::from_stream(until(Instant::now() + patience, body)))).await
}

fn until(deadline: Instant, body: Body) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    stream::try_unfold(body.into_data_stream(), move |mut rest| async move {
        match tokio::time::timeout_at(deadline, rest.next()).await {
            Ok(Some(part)) => part.map(|part| Some((part, rest))),
            Ok(None) => Ok(None),
            Err(_elapsed) => Err(axum::Error::new(TooSlow)),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::StatusCode;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Semaphore;
    use tokio::task::JoinHandle;

    use super::*;

    /// One of them is short, so that it is over as soon as nothing else can happen.
    const NEVER: Duration = Duration::from_secs(60 * 60);
    const SHORT: Duration = Duration::from_millis(20);

    struct Running {
        address: std::net::SocketAddr,
        stop: CancellationToken,
        out_of_time: CancellationToken,
        ended: JoinHandle<usize>,
    }

    async fn running(router: Router, patience: Patience) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, out_of_time) = (CancellationToken::new(), CancellationToken::new());
        let (told, over) = (stop.clone(), out_of_time.clone());
        let ended =
            tokio::spawn(async move { serve(listener, router, patience, told, over.cancelled()).await });
        Running { address, stop, out_of_time, ended }
    }

    /// Sends this, and reads what comes until the other side ends the connection.
    async fn exchange(running: &Running, sent: &str) -> String {
        let mut stream = TcpStream::connect(running.address).await.expect("somebody listens");
        stream.write_all(sent.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an end");
        answer
    }

    fn reads_its_body() -> Router {
        let read = |body: Result<Bytes, axum::extract::rejection::BytesRejection>| async move {
            body.map_or(StatusCode::BAD_REQUEST, |_whole| StatusCode::OK)
        };
        Router::new().route("/", post(read))
    }

    #[tokio::test]
    async fn a_caller_who_does_not_finish_its_head_is_hung_up_on() {
        let running = running(reads_its_body(), Patience { head: SHORT, body: NEVER }).await;
        assert!(!exchange(&running, "").await.contains("200"));
        assert!(!exchange(&running, "POST / HTTP/1.1\r\nHost:").await.contains("200"));
    }

    #[tokio::test]
    async fn a_caller_who_does_not_finish_its_body_is_answered_without_it() {
        let running = running(reads_its_body(), Patience { head: NEVER, body: SHORT }).await;
        let head = "POST / HTTP/1.1\r\nHost: smista\r\nConnection: close\r\nContent-Length: 3\r\n\r\n";
        assert!(exchange(&running, &format!("{head}a")).await.starts_with("HTTP/1.1 400"));
        assert!(exchange(&running, &format!("{head}abc")).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn a_stop_lets_a_request_finish_and_cuts_the_one_that_does_not() {
        let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (tells, waits) = (Arc::clone(&begun), Arc::clone(&gate));
        let gated = move || async move {
            tells.add_permits(1);
            waits.acquire().await.expect("an open gate").forget();
        };
        let router = reads_its_body().route("/gated", get(gated));
        let running = running(router, Patience { head: NEVER, body: NEVER }).await;
        let mut slow = TcpStream::connect(running.address).await.expect("somebody listens");
        slow.write_all(b"POST / HTTP/1.1\r\nHost: smista\r\nContent-Length: 1000\r\n\r\n{")
            .await
            .expect("sent");
        let mut asking = TcpStream::connect(running.address).await.expect("somebody listens");
        asking.write_all(b"GET /gated HTTP/1.1\r\nHost: smista\r\n\r\n").await.expect("sent");
        begun.acquire().await.expect("an open gate").forget();
        running.stop.cancel();
        gate.add_permits(1);
        let mut answer = String::new();
        asking.read_to_string(&mut answer).await.expect("an end");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        running.out_of_time.cancel();
        assert!(running.ended.await.expect("no panic") > 0);
        // It ends, well or not: nobody holds it open.
        let _ended_or_reset = slow.read_to_string(&mut answer).await;
    }
}
