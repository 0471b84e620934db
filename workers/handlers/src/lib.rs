//! The workers: one file each. Each offers `handler(office)`, which the binary's register puts on a queue.
//!
//! Knows: messages in, what the office does with them, outcomes out. Must not know: another worker, a broker's or a
//! store's engine.

pub mod assignment;
pub mod rejections;
mod settling;
