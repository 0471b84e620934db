//! The real program as processes: its operations door, its spans, and how it stops. Each test has its own folder, or its own
//! database and queues.

mod commands;
mod deep_headers;
mod exit_codes;
mod file_audit;
mod file_faults;
mod file_harmed;
mod greeting;
mod importing;
mod killed;
mod killed_at_each_step;
mod one_key;
mod operations;
mod receiver;
mod running;
mod servers;
mod stopping;
mod strace;
mod synced;
mod traces;
