//! PostgreSQL and RabbitMQ for tests: whether one is there, how a private one is started, killed and started again; strace, by
//! which tests look over a process's shoulder; and how other programs are run. Knows the servers and their tools, nothing of the product: the chores use it while the
//! product does not compile.

#![expect(clippy::print_stderr, reason = "a server that cannot be stopped is told whoever runs the tests")]

pub mod address;
pub mod postgres;
mod private;
pub mod programs;
pub mod rabbitmq;
pub mod strace;
