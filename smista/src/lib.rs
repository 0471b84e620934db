//! The one binary: command line, configuration, the register of handlers, and the only place where all parts meet.
//!
//! Knows every part. Nothing else may know it but the tests, which put the same parts together the same way.

mod data_folder;
pub mod housekeeping;
pub mod metrics;
pub mod ops;
pub mod register;
mod schema;
pub mod serving;
pub mod system;
pub mod telemetry;
pub mod watch;

/// A quarter of a worker's time on the processor went into the system's allocator; with this one it takes a fifth less in all.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
