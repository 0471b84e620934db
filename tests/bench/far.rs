//! Servers that are further away than the same machine: every byte takes its time, each way.

use std::time::Duration;

use anyhow::{Context, Result};
use smista::system::Servers;
use smista_servers::address::Address;
use smista_tests::proxy::{Link, Proxy};

/// The links to both servers.
pub(crate) struct Far {
    to_postgres: Proxy,
    to_rabbitmq: Proxy,
}

impl Far {
    pub(crate) fn away(servers: &Servers, delay: Duration) -> Result<Self> {
        let to = |url: &str| -> Result<Proxy> {
            let proxy = Proxy::to(Address::of(url)?.port);
            proxy.set(Link { delay, ..Link::default() });
            Ok(proxy)
        };
        Ok(Self { to_postgres: to(&servers.database_url)?, to_rabbitmq: to(&servers.amqp_url)? })
    }

    /// The same servers, by these links.
    pub(crate) fn servers(&self, servers: Servers) -> Result<Servers> {
        Ok(Servers {
            database_url: by(&servers.database_url, self.to_postgres.port())?,
            amqp_url: by(&servers.amqp_url, self.to_rabbitmq.port())?,
            ..servers
        })
    }
}

/// The URL with another port of this machine.
fn by(url: &str, port: u16) -> Result<String> {
    let (scheme, rest) = url.split_once("://").context("a URL")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let login = authority.rsplit_once('@').map(|(login, _)| format!("{login}@")).unwrap_or_default();
    Ok(format!("{scheme}://{login}127.0.0.1:{port}/{path}"))
}
