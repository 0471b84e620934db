//! What travels: one struct for each message, with its name and version, the problem document that answers a
//! refused command, and the table of queues.
//!
//! Knows the domain's words and the shape of an envelope. Must not know how messages are carried or handled.

pub mod commands;
pub mod facts;
pub mod malformed;
pub mod problem;
pub mod topology;
pub mod version;

#[cfg(test)]
mod tests;
