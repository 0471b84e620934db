//! The two servers that the tests talk to: found, started privately, or installed first. Knows where they may be and in
//! which order to try; how each is asked and started stands in its own file. It stops what it started, nothing else.

use std::process::Command;

use anyhow::Result;
use smista_servers::address::Address;
use smista_servers::{postgres, rabbitmq};

use crate::tools;

pub(crate) struct Servers {
    /// A database of the server in which others may be created.
    pub(crate) postgres_url: String,
    pub(crate) amqp_url: String,
    /// Stopped when this is dropped, after a failure as well.
    _private_postgres: Option<postgres::Private>,
    private_rabbitmq: Option<rabbitmq::Private>,
}

impl Servers {
    pub(crate) fn find_or_start() -> Result<Self> {
        let (postgres_url, private_postgres) = find_or_start_postgres()?;
        println!("PostgreSQL: {}", Address::of(&postgres_url)?);
        let (amqp_url, private_rabbitmq) = find_or_start_rabbitmq()?;
        println!("RabbitMQ: {}", Address::of(&amqp_url)?);
        Ok(Self { postgres_url, amqp_url, _private_postgres: private_postgres, private_rabbitmq })
    }

    /// The same where faults are to be done, which start servers of their own, whoever answers.
    pub(crate) fn find_or_start_and_install() -> Result<Self> {
        if !postgres::is_installed() {
            tools::install(&["postgresql", "postgresql-client"])?;
        }
        if !rabbitmq::is_installed() {
            tools::install(&["rabbitmq-server"])?;
        }
        Self::find_or_start()
    }

    /// The broker's own tool, addressed to our private node if there is one.
    pub(crate) fn private_rabbitmqctl(&self) -> Option<Result<Command>> {
        self.private_rabbitmq.as_ref().map(rabbitmq::Private::rabbitmqctl)
    }
}

pub(crate) fn find_or_start_postgres() -> Result<(String, Option<postgres::Private>)> {
    if let Ok(url) = std::env::var("SMISTA_TEST_POSTGRES_URL") {
        return postgres::answers(&url).map(|()| (url, None));
    }
    let usual = || postgres::answers(postgres::USUAL).map(|()| (postgres::USUAL.to_owned(), None));
    if let Ok(found) = usual() {
        return Ok(found);
    }
    if !postgres::is_installed() {
        tools::install(&["postgresql", "postgresql-client"])?;
        // Debian starts a server with the package, though rarely one that lets us in without a password.
        if let Ok(found) = usual() {
            return Ok(found);
        }
    }
    println!("starting a private PostgreSQL");
    let private = postgres::Private::start(postgres::Disk::Ignored)?;
    Ok((private.url(), Some(private)))
}

fn find_or_start_rabbitmq() -> Result<(String, Option<rabbitmq::Private>)> {
    if let Ok(url) = std::env::var("SMISTA_TEST_AMQP_URL") {
        return rabbitmq::answers(&url).map(|()| (url, None));
    }
    let usual = || rabbitmq::answers(rabbitmq::USUAL).map(|()| (rabbitmq::USUAL.to_owned(), None));
    if let Ok(found) = usual() {
        return Ok(found);
    }
    if !rabbitmq::is_installed() {
        tools::install(&["rabbitmq-server"])?;
        if let Ok(found) = usual() {
            return Ok(found);
        }
    }
    println!("starting a private RabbitMQ");
    let private = rabbitmq::Private::start()?;
    Ok((private.url(), Some(private)))
}
