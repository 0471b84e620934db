//! Callers and publishers who do not give up: each asks again, as the same request, until it is told that it was heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use smista_queues::{Broker, Destination, Exchange, Outgoing, Published, RabbitMq};
use smista_tests::catalogue::{ANNA, RESIDENZA, tripletta};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::installation::{CLIENT, Installation};

/// Callers at the HTTP door, and clients of the broker.
const CALLERS: usize = 4;
const PUBLISHERS: usize = 2;
/// Between two requests of one, and before it asks again: a front end is not a flood.
const PAUSE: Duration = Duration::from_millis(25);
/// How long a caller waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Acknowledged requests by which it is clear that the installation goes on.
const GOES_ON: usize = 60;
const A_LITTLE: usize = 5;
/// Looks in a row without an answer after which nobody is answered.
const HELD_UP: usize = 20;
/// Looks at whether it goes on, in all a minute and a half.
const MOST_LOOKS: usize = 1_800;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What words a request leaves in the records, with its number after it.
pub(crate) const OPENING: &str = "richiesta";
pub(crate) const NOTE: &str = "nota";

/// Everybody who asks.
pub(crate) struct Load {
    shared: Arc<Shared>,
    asking: Vec<JoinHandle<()>>,
}

struct Shared {
    router: Router,
    token: String,
    outside: RabbitMq,
    next: AtomicUsize,
    acknowledged: AtomicUsize,
    answered: AtomicUsize,
    /// Whoever has an answer waits before he asks anything new.
    paused: AtomicBool,
    /// Whoever has an answer asks nothing new.
    enough: AtomicBool,
    /// Nobody asks anything any more, answered or not.
    over: AtomicBool,
    openings: AtomicUsize,
    notes: AtomicUsize,
}

/// What was asked in the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Openings and notes, each once however often it was tried.
    pub(crate) attempted: usize,
    pub(crate) acknowledged: usize,
    pub(crate) openings: usize,
    pub(crate) notes: usize,
}

impl Asked {
    /// An opening makes a case and has it routed; a note is a change of its own.
    pub(crate) fn history_rows(&self) -> usize {
        2 * self.openings + self.notes
    }
}

impl Load {
    pub(crate) fn begin(installation: &Installation) -> Self {
        let shared = Arc::new(Shared {
            router: installation.router.clone(),
            token: installation.token.clone(),
            outside: installation.outside(),
            next: AtomicUsize::new(0),
            acknowledged: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            paused: AtomicBool::new(false),
            enough: AtomicBool::new(false),
            over: AtomicBool::new(false),
            openings: AtomicUsize::new(0),
            notes: AtomicUsize::new(0),
        });
        let mut asking = Vec::new();
        let (opened, to_note) = unbounded_channel();
        for _caller in 0..CALLERS {
            let (shared, opened) = (Arc::clone(&shared), opened.clone());
            asking.push(tokio::spawn(async move { shared.call(&opened).await }));
        }
        let noting = Arc::clone(&shared);
        asking.push(tokio::spawn(async move { noting.note(to_note).await }));
        for _publisher in 0..PUBLISHERS {
            let shared = Arc::clone(&shared);
            asking.push(tokio::spawn(async move { shared.publish().await }));
        }
        Self { shared, asking }
    }

    /// Waits until as many more requests were acknowledged as show that the installation goes on.
    pub(crate) async fn goes_on(&self) -> Result<()> {
        self.acknowledges(GOES_ON).await
    }

    /// Waits for a few answers.
    pub(crate) async fn a_little(&self) -> Result<()> {
        self.acknowledges(A_LITTLE).await
    }

    /// Waits until nobody is answered any more at the door.
    pub(crate) async fn is_held_up(&self) -> Result<()> {
        let mut last = (self.answered(), 0);
        for _look in 0..MOST_LOOKS {
            sleep(BETWEEN_LOOKS).await;
            let answered = self.answered();
            last = if answered == last.0 { (answered, last.1 + 1) } else { (answered, 0) };
            if last.1 == HELD_UP {
                return Ok(());
            }
        }
        anyhow::bail!("the door goes on answering")
    }

    /// Calls that were answered: messages need only the broker.
    fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::Acquire)
    }

    async fn acknowledges(&self, more: usize) -> Result<()> {
        let enough = self.acknowledged() + more;
        for _look in 0..MOST_LOOKS {
            if self.acknowledged() >= enough {
                return Ok(());
            }
            sleep(BETWEEN_LOOKS).await;
        }
        anyhow::bail!("the installation does not go on: {} of {enough}", self.acknowledged())
    }

    /// Nobody asks anything new for a while.
    pub(crate) fn pause(&self) {
        self.shared.paused.store(true, Ordering::Release);
    }

    pub(crate) fn go_on(&self) {
        self.shared.paused.store(false, Ordering::Release);
    }

    fn acknowledged(&self) -> usize {
        self.shared.acknowledged.load(Ordering::Acquire)
    }

    /// Nobody asks anything new, and everybody asks until he is answered; or gives up, where all is lost anyway.
    pub(crate) async fn end(self, patiently: bool) -> Asked {
        self.shared.enough.store(true, Ordering::Release);
        self.shared.over.store(!patiently, Ordering::Release);
        for asking in self.asking {
            asking.await.expect("it does not panic");
        }
        self.shared.outside.close().await;
        self.shared.asked()
    }

    /// What was asked until now.
    pub(crate) fn asked(&self) -> Asked {
        self.shared.asked()
    }
}

impl Shared {
    fn asked(&self) -> Asked {
        let number = |counter: &AtomicUsize| counter.load(Ordering::Acquire);
        let (openings, notes) = (number(&self.openings), number(&self.notes));
        Asked { attempted: openings + notes, acknowledged: number(&self.acknowledged), openings, notes }
    }

    /// The number of a request that nobody has made; none when it is enough.
    async fn next(&self, counter: &AtomicUsize) -> Option<usize> {
        while self.paused.load(Ordering::Acquire) && !self.enough.load(Ordering::Acquire) {
            sleep(PAUSE).await;
        }
        if self.enough.load(Ordering::Acquire) {
            return None;
        }
        counter.fetch_add(1, Ordering::AcqRel);
        Some(self.next.fetch_add(1, Ordering::AcqRel))
    }

    /// Asks until it is answered.
    async fn until<T, F: Future<Output = Option<T>>>(&self, ask: impl Fn() -> F) -> Option<T> {
        while !self.over.load(Ordering::Acquire) {
            let answer = timeout(PATIENCE, ask()).await.ok().flatten();
            if answer.is_some() {
                self.acknowledged.fetch_add(1, Ordering::AcqRel);
                return answer;
            }
            sleep(PAUSE).await;
        }
        None
    }

    /// Opens cases over HTTP, and says which.
    async fn call(&self, opened: &UnboundedSender<String>) {
        while let Some(number) = self.next(&self.openings).await {
            if let Some(caso) = self.until(|| self.open(number)).await {
                self.answered.fetch_add(1, Ordering::AcqRel);
                opened.send(caso).ok();
            }
            sleep(PAUSE).await;
        }
    }

    /// Writes notes on cases over the broker.
    async fn note(&self, mut opened: UnboundedReceiver<String>) {
        while let Some(caso) = opened.recv().await {
            let Some(number) = self.next(&self.notes).await else { return };
            let note = message(number, "case.note", Some(&caso), json!({ "text": words(NOTE, number) }));
            self.until(|| self.send("case.note", number, &note)).await;
        }
    }

    /// Opens cases over the broker.
    async fn publish(&self) {
        while let Some(number) = self.next(&self.openings).await {
            let opening = message(number, "contact.open", None, contact(number));
            self.until(|| self.send("contact.open", number, &opening)).await;
            sleep(PAUSE).await;
        }
    }

    /// The case that the door says it has opened.
    async fn open(&self, number: usize) -> Option<String> {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/v1/contacts")
            .header("authorization", format!("Bearer {}", self.token))
            .header("smista-operatore", ANNA)
            .header("content-type", "application/json")
            .header("idempotency-key", number.to_string())
            .body(Body::from(contact(number).to_string()));
        let Ok(answer) = self.router.clone().oneshot(request.expect("a request")).await;
        let (status, bytes) = (answer.status().as_u16(), answer.into_body().collect().await.ok()?.to_bytes());
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let may_be_asked_again = matches!(status, 201 | 409 | 429 | 500 | 503);
        assert!(may_be_asked_again, "{status} {body}");
        (status == 201).then(|| body["id"].as_str().expect("an id").to_owned())
    }

    /// Something when the broker has it.
    async fn send(&self, kind: &str, number: usize, message: &Value) -> Option<()> {
        let outgoing = Outgoing {
            destination: Destination::Exchange(Exchange::Commands),
            message_type: kind.to_owned(),
            message_id: number.to_string(),
            body: message.to_string().into_bytes().into(),
        };
        (self.outside.publish(&[outgoing]).await == [Published::Confirmed]).then_some(())
    }
}

fn words(what: &str, number: usize) -> String {
    format!("{what} {number}")
}

fn contact(number: usize) -> Value {
    json!({
        "motivo": "reclamo", "tripletta": tripletta(RESIDENZA), "canale": "telefono",
        "description": words(OPENING, number),
        "anagrafica": { "nome": "Gino", "cognome": "Prova", "telefono": "055 0000001" },
    })
}

fn message(number: usize, kind: &str, caso: Option<&str>, data: Value) -> Value {
    let mut message = json!({
        "specversion": "1.0", "id": number.to_string(), "source": "//crm.example/guasti", "type": kind,
        "time": "2026-11-23T08:00:00Z", "datacontenttype": "application/json",
        "operatore": ANNA, "cliente": CLIENT, "data": data,
    });
    if let Some(caso) = caso {
        message["subject"] = json!(caso);
    }
    message
}

/// The number of a request whose words these are.
pub(crate) fn number_in(what: &str, text: &str) -> Option<usize> {
    let (_, rest) = text.split_once(&format!("\"{what} "))?;
    rest.split('"').next()?.parse().ok()
}
