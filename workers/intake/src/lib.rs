//! The front door: HTTP, and commands from the broker.
//!
//! Knows: who calls, what they ask, and how an outcome is told. Must not know: an engine, the workers, any rule of the
//! process: those are the domain's.

pub mod commands;
pub mod http;
pub mod lanes;
mod recent_catalogue;
pub mod token;

pub use token::{IssueError, IssuedToken, issue_token, live_token};
