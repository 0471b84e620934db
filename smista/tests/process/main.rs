//! The real program as processes: its operations door, and how it stops. Each test has its own folder, or its own
//! database and queues.

mod operations;
mod running;
mod servers;
mod stopping;
