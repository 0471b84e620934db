//! The servers of this run, started for it, and the links to them: what faults are done to.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use smista_servers::postgres::{self, Disk};
use smista_servers::strace::Strace;
use smista_servers::{programs, rabbitmq};
use smista_tests::proxy::{Link, Proxy};

pub(crate) struct Grounds {
    postgres: Mutex<postgres::Private>,
    rabbitmq: Mutex<rabbitmq::Private>,
    /// Between smista and PostgreSQL.
    pub(crate) to_postgres: Proxy,
    /// Between smista and RabbitMQ.
    pub(crate) to_rabbitmq: Proxy,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Grounds {
    pub(crate) fn prepare() -> Result<Self> {
        let postgres = postgres::Private::start(Disk::WaitedFor)?;
        let rabbitmq = rabbitmq::Private::start()?;
        let (to_postgres, to_rabbitmq) = (Proxy::to(postgres.port()), Proxy::to(rabbitmq.port()));
        Ok(Self { postgres: Mutex::new(postgres), rabbitmq: Mutex::new(rabbitmq), to_postgres, to_rabbitmq })
    }

    /// A database of the server, past every link.
    pub(crate) fn postgres_url(&self) -> String {
        lock(&self.postgres).url()
    }

    /// The broker, past every link.
    pub(crate) fn amqp_url(&self) -> String {
        lock(&self.rabbitmq).url()
    }

    /// Whatever a fault has done to a link, and has not undone because it failed.
    pub(crate) fn all_is_well_again(&self) -> Result<()> {
        self.to_postgres.set(Link::default());
        self.to_rabbitmq.set(Link::default());
        self.ask_broker(&["set_vm_memory_high_watermark", "0.4"]).map(drop)
    }

    /// RabbitMQ writes down which quorum queues it has when half a second has passed, and one that it has forgotten when it
    /// is killed before has no leader afterwards. Queues of an office are older than that.
    pub(crate) fn remember_queues(&self) -> Result<()> {
        self.ask_broker(&["eval", "[ok = dets:sync(Table) || Table <- dets:all()]."]).map(drop)
    }

    /// Blocks while it is dead: callers and workers go on.
    pub(crate) fn kill_postgres(&self) -> Result<()> {
        tokio::task::block_in_place(|| lock(&self.postgres).kill())
    }

    /// From now on nothing that PostgreSQL writes finds room, until strace is detached.
    pub(crate) fn fill_disk_of_postgres(&self) -> Result<Strace> {
        let processes = lock(&self.postgres).processes()?;
        let no_room = ["-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC", "-o", "/dev/null"];
        tokio::task::block_in_place(|| Strace::attach(&processes, &no_room))
    }

    /// After it was killed, or has ended by itself.
    pub(crate) fn start_postgres_again(&self) -> Result<()> {
        tokio::task::block_in_place(|| lock(&self.postgres).start_again())
    }

    pub(crate) fn kill_rabbitmq(&self) -> Result<()> {
        tokio::task::block_in_place(|| lock(&self.rabbitmq).kill())
    }

    pub(crate) fn start_rabbitmq_again(&self) -> Result<()> {
        tokio::task::block_in_place(|| lock(&self.rabbitmq).start_again())
    }

    /// What an operator of the broker can tell it.
    pub(crate) fn ask_broker(&self, words: &[&str]) -> Result<String> {
        let mut rabbitmqctl: Command = lock(&self.rabbitmq).rabbitmqctl()?;
        tokio::task::block_in_place(|| programs::read(rabbitmqctl.arg("-q").args(words)))
    }
}
