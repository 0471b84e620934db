//! What one row of the table of routes says.

use axum::routing::MethodRouter;
use serde_json::Value;
use smista_domain::command::CommandKind;

use super::conditions;
use super::door::Door;

/// The two methods in use: nothing is replaced or deleted over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes something, or searches by what must not stand in an address.
    Post,
}

/// Who may call a route. What a role may see or do there is decided further in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Public,
    /// Every operator.
    Operators,
    /// Operators of these roles, by wire name.
    Roles(&'static [&'static str]),
}

impl Access {
    /// Whether a role may call.
    pub fn admits(self, ruolo: &str) -> bool {
        match self {
            Self::Public | Self::Operators => true,
            Self::Roles(roles) => roles.contains(&ruolo),
        }
    }
}

/// A body as an example, with what it is about.
#[derive(Debug, Clone)]
pub struct Example {
    /// A name without blanks.
    pub name: &'static str,
    /// The body.
    pub body: Value,
}

/// One route.
pub struct Route {
    /// Its method.
    pub verb: Verb,
    /// Its path, with `{…}` for what varies.
    pub path: String,
    /// Its name, unique.
    pub name: String,
    /// What it does, in one English sentence.
    pub summary: String,
    /// Who may call it.
    pub access: Access,
    /// The command that it gives, if it gives one.
    pub command: Option<CommandKind>,
    /// Bodies that it takes; none when it takes no body.
    pub requests: Vec<Example>,
    /// The status of success.
    pub status: u16,
    /// What success looks like.
    pub response: Value,
    pub(crate) handler: MethodRouter<Door>,
}

impl Route {
    /// Whether `Idempotency-Key` means something here.
    pub fn changes_something(&self) -> bool {
        self.command.is_some() || self.name == "registerCitizen"
    }

    /// Whether `If-Match` is mandatory here.
    pub fn needs_version(&self) -> bool {
        self.command.is_some_and(|kind| kind != CommandKind::Open && conditions::moves_the_case(kind))
    }
}
