//! The office's words and rules, as values and pure functions.
//!
//! Knows: the process clause by clause, who may do what, the catalogue's shape.
//! Must not know: I/O, async, the clock, randomness, logging, JSON, or any other crate of this workspace.
//! A time is always handed in.

pub mod catalogue;
pub mod catalogue_change;
pub mod ids;
pub mod sms_text;
pub mod text;
