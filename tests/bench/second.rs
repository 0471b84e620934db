//! A second process on the same queues: it starts when it is told to, tells what it settles, and ends with its input.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use smista::system::{Servers, System};
use smista_queues::{Fate, NamePrefix, Observer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::child::Job;
use crate::engine::{self, Counter};

/// It has started, and takes nothing yet.
const READY: &str = "ready";
const GO: &str = "go";

/// The other process, as the first sees it.
pub(crate) struct Second {
    child: Child,
    orders: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Second {
    /// So many of them; embedded there can be none.
    pub(crate) async fn start_all(count: usize, servers: Option<&Servers>, job: Job) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for _one in 0..count {
            all.push(Self::start(servers.context("a folder is one process's own")?, job).await?);
        }
        Ok(all)
    }

    /// Starts it and waits until it could begin.
    async fn start(servers: &Servers, job: Job) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["second", "--database-url", &servers.database_url, "--amqp-url", &servers.amqp_url])
            .args(["--prefix", servers.queue_prefix.as_str()])
            .args(["--cases", "0", "--batch", &job.batch.to_string(), "--lanes", &job.lanes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().context("its input")?;
        let mut says = BufReader::new(child.stdout.take().context("its output")?);
        let mut line = String::new();
        says.read_line(&mut line).await?;
        ensure!(line.trim() == READY, "the second process said {line:?}");
        Ok(Self { child, orders, says })
    }

    /// Lets it begin; what it settles is counted with the rest.
    pub(crate) async fn go(mut self, counter: Arc<Counter>) -> Result<Going> {
        self.orders.write_all(format!("{GO}\n").as_bytes()).await?;
        let mut lines = self.says.lines();
        let counting = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((queue, settled)) = line.split_once(' ')
                    && let Ok(settled) = settled.parse()
                {
                    counter.settled(queue, Fate::Done, settled);
                }
            }
        });
        Ok(Going { child: self.child, orders: self.orders, counting })
    }
}

/// The other process at work.
pub(crate) struct Going {
    child: Child,
    orders: ChildStdin,
    counting: tokio::task::JoinHandle<()>,
}

impl Going {
    /// It stops when nobody gives it orders any more.
    pub(crate) async fn end(mut self) -> Result<()> {
        drop(self.orders);
        ensure!(self.child.wait().await?.success(), "the second process failed");
        Ok(self.counting.await?)
    }
}

/// What the second process tells the first.
struct Tells;

impl Observer for Tells {
    fn settled(&self, queue: &str, fate: Fate, messages: usize) {
        // What is not done is counted where it is looked for: as of no queue.
        let queue = if fate == Fate::Done { queue } else { "astray" };
        crate::say(&format!("{queue} {messages}"));
    }
}

/// The other process itself.
pub(crate) async fn run(database_url: String, amqp_url: String, prefix: &str, job: Job) -> Result<()> {
    let servers = Servers {
        database_url,
        database_connections: 24,
        amqp_url,
        queue_prefix: NamePrefix::new(prefix)?,
        deepest_outbox: 1_000_000,
    };
    let system = System::scaled(servers, engine::surroundings(), "smista".to_owned()).await?;
    crate::say(READY);
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    ensure!(orders.next_line().await?.as_deref() == Some(GO), "nobody wants it");
    let ended = async {
        orders.next_line().await?;
        Ok(())
    };
    engine::work_until(&system, &engine::runner_for(&system, Arc::new(Tells)), job, ended).await?;
    system.close().await;
    Ok(())
}
