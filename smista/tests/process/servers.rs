//! A database and queue names of one test's own, gone when it ends, however it ends.

use std::process::Command;

use smista::system::{Servers, System};
use smista_office::Surroundings;
use smista_queues::NamePrefix;

/// A PostgreSQL database and a prefix on RabbitMQ.
pub(crate) struct OwnServers {
    server: String,
    name: String,
}

impl OwnServers {
    pub(crate) fn create() -> Self {
        let server = std::env::var("SMISTA_TEST_POSTGRES_URL")
            .unwrap_or_else(|_unset| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        #[expect(clippy::disallowed_methods, reason = "names of test databases must never repeat")]
        let name = format!("smista_test_{}", uuid::Uuid::now_v7().simple());
        let servers = Self { server, name };
        servers.psql(&servers.server, &format!("CREATE DATABASE {} TEMPLATE template0", servers.name));
        servers
    }

    /// What a process of this installation finds in its environment.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let pairs = [
            ("SMISTA_DATABASE_URL", self.url()),
            ("SMISTA_AMQP_URL", amqp_url()),
            ("SMISTA_QUEUE_PREFIX", self.prefix()),
        ];
        pairs.map(|(key, value)| (key.to_owned(), value)).to_vec()
    }

    /// The one number that a statement answers.
    pub(crate) fn number(&self, statement: &str) -> i64 {
        let answer = self.psql(&self.url(), statement);
        answer.trim().parse().expect("a number")
    }

    /// Changes what is in the database.
    pub(crate) fn run(&self, statement: &str) {
        self.psql(&self.url(), statement);
    }

    /// A queue's name on the broker.
    pub(crate) fn queue(&self, name: &str) -> String {
        NamePrefix::new(&self.prefix()).expect("a prefix").full(name)
    }

    fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("a URL with a database");
        format!("{server}/{}", self.name)
    }

    fn prefix(&self) -> String {
        self.name.replace('_', "-")
    }

    fn psql(&self, database: &str, statement: &str) -> String {
        let ran = Command::new("psql").args([database, "-qAtc", statement]).output();
        let ran = ran.expect("psql is installed with PostgreSQL");
        assert!(ran.status.success(), "{statement}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    async fn delete_queues(&self) {
        let servers = Servers {
            database_url: self.url(),
            database_connections: 2,
            amqp_url: amqp_url(),
            queue_prefix: NamePrefix::new(&self.prefix()).expect("a prefix"),
            deepest_outbox: u64::MAX,
        };
        #[expect(clippy::disallowed_methods, reason = "nothing is decided by them here")]
        let surroundings = Surroundings::new(chrono::Utc::now, uuid::Uuid::now_v7);
        let system =
            System::scaled(servers, surroundings, "smista".to_owned()).await.expect("the system starts");
        system.delete_queues().await.expect("the broker forgets the test");
        system.close().await;
    }
}

impl Drop for OwnServers {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(self.delete_queues());
        self.psql(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn amqp_url() -> String {
    std::env::var("SMISTA_TEST_AMQP_URL")
        .unwrap_or_else(|_unset| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}
