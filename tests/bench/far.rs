//! Servers that are further away than the same machine: every byte takes its time, each way.

use std::time::Duration;

use anyhow::Result;
use smista::system::Servers;
use smista_servers::address::{Address, with_local_port};
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
            database_url: with_local_port(&servers.database_url, self.to_postgres.port())?,
            amqp_url: with_local_port(&servers.amqp_url, self.to_rabbitmq.port())?,
            ..servers
        })
    }
}
