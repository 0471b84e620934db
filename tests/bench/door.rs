//! Cases opened over HTTP by callers who each wait for their answer, and the same openings without HTTP.

use std::num::NonZeroU32;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use smista::system::System;
use smista_intake::http::{DoorConfig, Shown};
use smista_intake::{IssuedToken, issue_token};
use smista_messages::commands::{CaseRequest, parse};
use smista_office::{Incoming, Outcome, Rendered, Request, Who};
use smista_store::{Delegation, IdempotencyKey, IdempotentAnswer, OpeningKey};
use smista_tests::catalogue::ANNA;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::engine;
use crate::job::{CLIENT, contact};

/// Answers measured for each caller, and of all callers together at least so many.
const CALLS: usize = 50;
const CALLS_IN_ALL: usize = 400;
/// About as long as the answer that is kept for a call.
const KEPT_BYTES: usize = 600;

/// What callers got.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) cases_per_s: f64,
    /// Milliseconds from a call to its answer.
    pub(crate) p50: f64,
}

/// So many callers at once; none: the same openings one after the other, without HTTP.
pub(crate) async fn measure(system: &System, callers: usize) -> Result<Served> {
    engine::furnish(system).await?;
    #[expect(clippy::disallowed_methods, reason = "what is measured runs on the real clock")]
    let IssuedToken { token, stored } = issue_token(&*system.office.store, CLIENT, Utc::now(), None).await?;
    if callers == 0 {
        return without_http(system, &stored.digest).await;
    }
    let busy = NonZeroU32::new(1_000_000).context("not zero")?;
    let config = DoorConfig { requests_per_second: busy, burst: busy, ..DoorConfig::default() };
    let (router, lanes) = system.door(config, Shown::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let calls = CALLS.max(CALLS_IN_ALL / callers);
    // The first calls find nothing prepared yet.
    call(address, &token, "warm", CALLS).await?;
    let began = engine::now();
    let mut calling = Vec::new();
    for caller in 0..callers {
        let token = token.clone();
        calling.push(tokio::spawn(async move { call(address, &token, &caller.to_string(), calls).await }));
    }
    let mut took = Vec::with_capacity(callers * calls);
    for caller in calling {
        took.extend(caller.await??);
    }
    let seconds = began.elapsed().as_secs_f64();
    serving.abort();
    lanes.close();
    lanes.finished().await;
    Ok(served(took, seconds))
}

fn served(mut took: Vec<f64>, seconds: f64) -> Served {
    took.sort_by(f64::total_cmp);
    let p50 = took.get(took.len() / 2).copied().unwrap_or(f64::NAN);
    Served { cases_per_s: took.len() as f64 / seconds, p50 }
}

/// One caller's calls on one connection; how long each took, in milliseconds.
async fn call(address: std::net::SocketAddr, token: &str, caller: &str, calls: usize) -> Result<Vec<f64>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (answers, mut asking) = stream.into_split();
    let mut answers = BufReader::new(answers);
    let mut took = Vec::with_capacity(calls);
    for number in 0..calls {
        let body = contact(number).to_string();
        let request = format!(
            "POST /v1/contacts HTTP/1.1\r\nHost: banco\r\nAuthorization: Bearer {token}\r\n\
             Smista-Operatore: {ANNA}\r\nIdempotency-Key: {caller}-{number}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let began = engine::now();
        asking.write_all(request.as_bytes()).await?;
        answer(&mut answers).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

/// Reads one answer, which must say that a case was made.
async fn answer(answers: &mut (impl AsyncBufReadExt + Unpin)) -> Result<()> {
    let (mut line, mut length) = (String::new(), 0);
    answers.read_line(&mut line).await?;
    ensure!(line.contains(" 201 "), "no case was opened: {line}");
    loop {
        line.clear();
        answers.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    answers.read_exact(&mut vec![0; length]).await?;
    Ok(())
}

/// The same statements without HTTP: one opening after the other, each with a look at its token, a key and an answer that
/// is kept.
async fn without_http(system: &System, digest: &[u8; 32]) -> Result<Served> {
    let mut took = Vec::with_capacity(CALLS_IN_ALL);
    let began = engine::now();
    for number in 0..CALLS_IN_ALL {
        let opening = opening(number)?;
        let asked = engine::now();
        ensure!(system.office.store.token_by_digest(digest).await?.is_some(), "the token is not known");
        let outcomes = system.office.apply("http", &[opening]).await?;
        ensure!(matches!(outcomes.as_slice(), [Outcome::Applied(_)]), "no case was opened");
        took.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(served(took, began.elapsed().as_secs_f64()))
}

fn opening(number: usize) -> Result<Incoming> {
    let body = contact(number).to_string();
    let CaseRequest::Open(opening) = parse("contact.open", None, &body)? else {
        anyhow::bail!("a contact opens a case");
    };
    let ruoli = vec!["primo_livello".to_owned()];
    let name = |what: &str| format!("{what}-{number}");
    Ok(Incoming {
        who: Who::Client {
            named: Some(ANNA.to_owned()),
            delegation: Arc::new(Delegation { ruoli, ..Delegation::default() }),
        },
        request: Request::Open { opening, key: OpeningKey { source: CLIENT.to_owned(), id: name("http") } },
        expected_version: None,
        message: None,
        idempotency: Some(IdempotencyKey {
            cliente: CLIENT.to_owned(),
            key: name("key"),
            request_digest: [1; 32],
        }),
        spool_row: None,
        traceparent: None,
        render: Some(Arc::new(|_outcome| {
            #[expect(clippy::disallowed_methods, reason = "what is measured runs on the real clock")]
            let at = Utc::now();
            let body = vec![b'.'; KEPT_BYTES];
            let answer = IdempotentAnswer { status: 201, headers: "{}".to_owned(), body, at };
            Rendered { answer: Some(answer), message: None }
        })),
    })
}
