//! In: the commands of the queue `intake`, from clients that the broker has verified. Out: changed cases and their
//! facts, or `command.refused`. Twice is harmless: client and message id stand in the inbox, refusals included.

use std::sync::Arc;

use async_trait::async_trait;
use smista_messages::commands::{CaseRequest, parse};
use smista_messages::facts::CommandRefused;
use smista_messages::malformed::Malformed;
use smista_messages::problem::{Language, Problem};
use smista_messages::topology::INTAKE;
use smista_messages::version;
use smista_office::{
    Incoming, NoOperator, Office, Outcome as Applied, Render, Rendered, Request, Who, batch_failed,
};
use smista_queues::{BatchFailed, Client, DeliveryRef, ErrorText, Handler, Outcome, Received, traceparent};
use smista_store::{MessageKey, OpeningKey, OutboxMessage};
use uuid::Uuid;

/// The worker of the queue `intake`.
pub struct Commands {
    office: Arc<Office>,
}

/// What is to be done about one message.
enum Plan {
    /// The office decides.
    Apply(Box<Incoming>),
    /// It never comes to a decision: the client is told why.
    Refuse(Box<Problem>),
}

impl Commands {
    /// A worker on an office.
    pub fn new(office: Arc<Office>) -> Self {
        Self { office }
    }

    fn plan(&self, received: &Received) -> Plan {
        let cliente = client_name(received);
        match request_of(received, cliente) {
            Ok(request) => {
                let named = received.envelope.operatore.clone();
                let who = Who::Sender { cliente: cliente.to_owned(), named };
                Plan::Apply(Box::new(self.incoming(received, who, request)))
            }
            Err(malformed) => Plan::Refuse(Box::new(Problem::of_malformed(&malformed, Language::English))),
        }
    }

    fn incoming(&self, received: &Received, who: Who, request: Request) -> Incoming {
        let (office, asked) = (Arc::clone(&self.office), Asked::of(received));
        let traceparent = asked.traceparent.clone();
        let render: Render = Arc::new(move |outcome: &Applied| {
            let problem = match outcome {
                Applied::Refused(refusal) => Problem::of_refusal(refusal, Language::English),
                Applied::NoOperator(no_operator) => outside_of(*no_operator),
                _ => return Rendered::default(),
            };
            Rendered { answer: None, message: asked.refused(&office, problem) }
        });
        Incoming {
            who,
            request,
            expected_version: None,
            message: Some(key_of(received)),
            idempotency: None,
            spool_row: spool_row_of(received),
            traceparent: Some(traceparent),
            render: Some(render),
        }
    }

    /// Tells the client of a refusal that concerns no case.
    async fn refuse(&self, received: &Received, problem: Problem) -> Result<Outcome, BatchFailed> {
        let asked = Asked::of(received);
        let Some(message) = asked.refused(&self.office, problem) else {
            return Ok(Outcome::Permanent(ErrorText::new("the refusal could not be written down")));
        };
        let published = self.office.publish_only(INTAKE, &asked.key, spool_row_of(received), message).await;
        match published {
            Ok(true) => Ok(Outcome::Done),
            Ok(false) => Ok(Outcome::NothingToDo("refused before".to_owned())),
            Err(error) => Err(batch_failed(&error)),
        }
    }
}

#[async_trait]
impl Handler for Commands {
    async fn handle(&self, batch: &[Received]) -> Result<Vec<Outcome>, BatchFailed> {
        let (mut incoming, mut places) = (Vec::new(), Vec::new());
        let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
        for (place, received) in batch.iter().enumerate() {
            match self.plan(received) {
                Plan::Apply(command) => {
                    incoming.push(*command);
                    places.push(place);
                }
                Plan::Refuse(problem) => outcomes[place] = Some(self.refuse(received, *problem).await?),
            }
        }
        if !incoming.is_empty() {
            let applied = self.office.apply(INTAKE, &incoming).await.map_err(|error| batch_failed(&error))?;
            for (place, outcome) in places.into_iter().zip(applied) {
                outcomes[place] = Some(outcome_of(outcome));
            }
        }
        let missing = || Outcome::Permanent(ErrorText::new("the office gave no outcome"));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect())
    }
}

/// What the runner is told. A refusal is done: the client has its `command.refused`.
fn outcome_of(applied: Applied) -> Outcome {
    match applied {
        Applied::Applied(_) | Applied::Refused(_) | Applied::NoOperator(_) => Outcome::Done,
        Applied::OpenedBefore(_) => Outcome::NothingToDo("the case was opened before".to_owned()),
        Applied::SeenBefore => Outcome::NothingToDo("the message was seen before".to_owned()),
        Applied::Failed(error) => Outcome::Permanent(ErrorText::chain(&*error)),
        Applied::Panicked => Outcome::Permanent(ErrorText::new("deciding the command panicked")),
        Applied::Answered(_) | Applied::KeyOfOtherRequest => Outcome::Permanent(ErrorText::new(
            "a message has no idempotency key, and was answered as if it had",
        )),
    }
}

fn request_of(received: &Received, cliente: &str) -> Result<Request, Malformed> {
    let envelope = &received.envelope;
    if !version::is_known(&envelope.message_type, envelope.dataschema.as_deref()) {
        return Err(Malformed::UnknownVersion);
    }
    Ok(match parse(&envelope.message_type, envelope.subject.as_deref(), envelope.data.get())? {
        CaseRequest::Open(opening) => {
            let key = OpeningKey { source: cliente.to_owned(), id: envelope.id.clone() };
            Request::Open { opening, key }
        }
        CaseRequest::Act { caso, command } => Request::Act { caso, command },
    })
}

/// The verified client, never what the message says of itself.
fn key_of(received: &Received) -> MessageKey {
    MessageKey { source: client_name(received).to_owned(), id: received.envelope.id.clone() }
}

fn client_name(received: &Received) -> &str {
    match &received.client {
        Client::Named(name) => name,
        // Smista gives itself no commands; a wait that it republished names the client that it was from.
        Client::Smista => "smista",
    }
}

fn spool_row_of(received: &Received) -> Option<i64> {
    match received.delivery {
        DeliveryRef::SpoolRow(row) => Some(row),
        DeliveryRef::AmqpTag(_) => None,
    }
}

/// What names a command, kept beside it for the case that it is refused: never its data.
struct Asked {
    key: MessageKey,
    command: String,
    source: String,
    subject: Option<String>,
    /// The client's trace context, or a new one: whatever the command causes goes on with it.
    traceparent: String,
}

/// The trace of a message that brought none. It follows from the message, so that what a repeated delivery causes is
/// byte for byte what the first one caused.
fn trace_of(message: &MessageKey) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{}", message.source, message.id).as_bytes())
}

impl Asked {
    fn of(received: &Received) -> Self {
        let envelope = &received.envelope;
        let callers = envelope.traceparent.as_deref().and_then(traceparent::valid);
        Self {
            key: key_of(received),
            command: envelope.message_type.clone(),
            source: envelope.source.clone(),
            subject: envelope.subject.clone(),
            traceparent: callers.unwrap_or_else(|| traceparent::new(trace_of(&key_of(received)))),
        }
    }

    /// The message that tells the client why.
    fn refused(&self, office: &Office, problem: Problem) -> Option<OutboxMessage> {
        let refused = CommandRefused {
            command: self.command.clone(),
            command_source: self.source.clone(),
            command_id: self.key.id.clone(),
            problem,
        };
        office.refusal_message(&self.key, &refused, self.subject.as_deref(), Some(&self.traceparent))
    }
}

fn unknown_client() -> Problem {
    Problem::new(
        "client-unknown",
        403,
        "The request was refused",
        "The client is not known, or not to give commands.",
    )
}

fn outside_of(no_operator: NoOperator) -> Problem {
    let (code, detail) = match no_operator {
        NoOperator::UnknownClient => return unknown_client(),
        NoOperator::NotNamed => {
            ("operator-not-named", "Name the operator whom the command is for in the extension operatore.")
        }
        NoOperator::NotDelegated => {
            ("operator-not-delegated", "The client may not act for the operator named.")
        }
    };
    Problem::new(code, 403, "The request was refused", detail).at_field("operatore").of_clause("R14")
}
