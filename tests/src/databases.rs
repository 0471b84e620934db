//! Databases and queue names of one story's own, gone when it ends, however it ends.

use std::process::Command;

use smista::system::Servers;
use smista_queues::NamePrefix;
use uuid::Uuid;

/// Messages due to be published above which the doors of a story's processes take nothing more: enough for every story
/// that is not about it.
pub const DEEPEST_OUTBOX: u64 = 1_000;

/// A PostgreSQL database that is dropped with this value.
pub struct OwnDatabase {
    server: String,
    name: String,
}

impl OwnDatabase {
    /// Creates it, empty, under a name that `id` makes its own.
    pub fn create(id: Uuid) -> Self {
        let server = std::env::var("SMISTA_TEST_POSTGRES_URL")
            .unwrap_or_else(|_unset| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        Self::create_on(server, id)
    }

    /// The same on a server of the test's own, named by any database of it.
    pub fn create_on(server: String, id: Uuid) -> Self {
        let name = format!("smista_test_{}", id.simple());
        let database = Self { server, name };
        database.psql(&format!("CREATE DATABASE {} TEMPLATE template0", database.name));
        database
    }

    /// What a client of this server is to be told.
    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a URL with a database");
        format!("{server}/{}", self.name)
    }

    /// What stands before its installation's names on a broker.
    pub fn queue_prefix(&self) -> NamePrefix {
        NamePrefix::new(&self.name.replace('_', "-")).expect("a prefix")
    }

    /// The servers of a process of this database's installation, whose queues bear its name too.
    pub fn servers(&self) -> Servers {
        Servers {
            database_url: self.url(),
            database_connections: 8,
            amqp_url: amqp_url(),
            deepest_outbox: DEEPEST_OUTBOX,
            queue_prefix: self.queue_prefix(),
        }
    }

    fn psql(&self, statement: &str) {
        let ran = Command::new("psql").args([&self.server, "-qc", statement]).output();
        let ran = ran.expect("psql is installed with PostgreSQL");
        assert!(ran.status.success(), "{statement}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        self.psql(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// Where RabbitMQ is.
fn amqp_url() -> String {
    std::env::var("SMISTA_TEST_AMQP_URL")
        .unwrap_or_else(|_unset| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}
