//! The office's words and rules, as values and pure functions.
//!
//! Knows: the process clause by clause, who may do what, the catalogue's shape.
//! Must not know: I/O, async, the clock, randomness, logging, JSON, or any other crate of this workspace.
//! A time is always handed in.

pub mod anagrafica;
pub mod apply;
pub mod attore;
pub mod authorise;
pub mod caso;
pub mod catalogue;
pub mod catalogue_change;
pub mod command;
pub mod decide;
pub mod diagram;
pub mod fact;
pub mod ids;
pub mod motivo;
pub mod names;
pub mod refusal;
pub mod refusal_text;
pub mod sms_text;
pub mod stato;
pub mod text;
pub mod transitions;
pub mod visibility;
