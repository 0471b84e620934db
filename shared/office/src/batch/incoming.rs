//! What comes to the desk, and what becomes of it.

use std::sync::Arc;

use smista_domain::attore::Attore;
use smista_domain::caso::Caso;
use smista_domain::command::{Command, CommandKind, Opening};
use smista_domain::ids::CasoId;
use smista_domain::refusal::Refusal;
use smista_store::{
    Delegation, IdempotencyKey, IdempotentAnswer, MessageKey, OpeningKey, OutboxMessage, StoreError,
};

use crate::delegation::NoOperator;

/// A command with everything that came along.
#[derive(Clone)]
pub struct Incoming {
    /// Who gives it.
    pub who: Who,
    /// What is asked.
    pub request: Request,
    /// The version that the caller saw, if the command is only for that one (`If-Match`).
    pub expected_version: Option<i64>,
    /// The message that brought it, for the inbox; none over HTTP.
    pub message: Option<MessageKey>,
    /// The key under which its answer is kept; none over the broker.
    pub idempotency: Option<IdempotencyKey>,
    /// The spool row that its delivery is, settled by the same commit.
    pub spool_row: Option<i64>,
    /// W3C trace context of the call or message.
    pub traceparent: Option<String>,
    /// Makes what is kept or published of the outcome, in the same transaction.
    pub render: Option<Render>,
}

/// Turns [`Outcome::Applied`], [`Outcome::OpenedBefore`], [`Outcome::Refused`] or [`Outcome::NoOperator`] into what must
/// be committed with it.
pub type Render = Arc<dyn Fn(&Outcome) -> Rendered + Send + Sync>;

/// What is committed along with a decision.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /// The answer kept under the idempotency key.
    pub answer: Option<IdempotentAnswer>,
    /// A message of its own, such as `command.refused`.
    pub message: Option<OutboxMessage>,
}

/// Who gives a command.
#[derive(Debug, Clone)]
pub enum Who {
    /// An operator for whom a client speaks, looked up in the catalogue that the command is decided on.
    Client {
        /// The login that the client names, if it names one.
        named: Option<String>,
        /// For whom it may speak.
        delegation: Arc<Delegation>,
    },
    /// An operator for whom a client speaks that sent a message: for whom it may, the desk reads.
    Sender {
        /// The verified client.
        cliente: String,
        /// The login that it names, if it names one.
        named: Option<String>,
    },
    /// A named actor of the system.
    System(Attore),
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Request {
    /// To open a case.
    Open {
        /// What about.
        opening: Box<Opening>,
        /// What the opening is known by for ever.
        key: OpeningKey,
    },
    /// To change one.
    Act {
        /// Which.
        caso: CasoId,
        /// How.
        command: Command,
    },
}

/// What became of a command.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It was applied.
    Applied(Box<Applied>),
    /// It had been applied before: an opening with a known key.
    OpenedBefore(CasoId),
    /// Its message had been handled before.
    SeenBefore,
    /// Its idempotency key was answered before, or by an equal request in the same batch.
    Answered(IdempotentAnswer),
    /// Its idempotency key came with another request.
    KeyOfOtherRequest,
    /// It was refused.
    Refused(Refusal),
    /// The client may not speak for the operator that it names, or there is no such operator.
    NoOperator(NoOperator),
    /// Deciding it panicked. Nothing of it is committed, not even that it was seen; the others of its batch went on.
    Panicked,
    /// The store refuses its data.
    Failed(Arc<StoreError>),
}

/// The case that a command was for, as it stands after it, and what the command was.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The case.
    pub caso: Caso,
    /// Who gave the command.
    pub by: Attore,
    /// Which it was.
    pub command: CommandKind,
}

impl Request {
    /// The case that must be on the desk: the one to change, or the padre of the one to open.
    pub(super) fn addressed_caso(&self) -> Option<CasoId> {
        match self {
            Self::Open { opening, .. } => opening.padre,
            Self::Act { caso, .. } => Some(*caso),
        }
    }

    pub(super) fn opening_key(&self) -> Option<&OpeningKey> {
        match self {
            Self::Open { key, .. } => Some(key),
            Self::Act { .. } => None,
        }
    }

    pub(super) fn kind(&self) -> CommandKind {
        match self {
            Self::Open { .. } => CommandKind::Open,
            Self::Act { command, .. } => command.kind(),
        }
    }
}
