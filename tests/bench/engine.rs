//! smista itself: the real system, its workers on a backlog, one phase after another.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use chrono::{DateTime, Utc};
use smista::register::workers;
use smista::system::{Schema, Servers, System};
use smista_messages::topology::{ASSIGNMENT, INTAKE, REJECTIONS};
use smista_office::Surroundings;
use smista_queues::{Destination, Exchange, Fate, Observer, Outgoing, Published, Queue, Runner};
use smista_store::{CasoFilter, Cliente, CountBy, Delegation, PageRequest};
use smista_tests::OwnDatabase;
use smista_tests::catalogue::story_catalogue;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::child::{Backlog, Job, Measured, Subject};
use crate::far::Far;
use crate::job::{CLIENT, Phase, Taken};
use crate::pace::{self, Latency, Settled};
use crate::second::Second;
use crate::usage;

/// Commands put in the queue together before the clock runs.
const FILLED_TOGETHER: usize = 512;

/// What the workers have settled, counted by the runner itself: nobody has to ask a server while it is measured.
#[derive(Default)]
pub(crate) struct Counter {
    intake: AtomicU64,
    assignment: AtomicU64,
    rejections: AtomicU64,
    /// Whatever was not simply done: such a run measures something else.
    astray: AtomicU64,
    changed: Notify,
    /// When routings were settled.
    routed: Settled,
}

impl Counter {
    fn of(&self, queue: &str) -> &AtomicU64 {
        match queue {
            INTAKE => &self.intake,
            ASSIGNMENT => &self.assignment,
            REJECTIONS => &self.rejections,
            _ => &self.astray,
        }
    }

    fn reset(&self) {
        for count in [&self.intake, &self.assignment, &self.rejections] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// Waits until each worker has done what the phase asks of it for so many cases.
    async fn reach(&self, taken: Taken, cases: u64) -> Result<()> {
        let enough = || {
            self.intake.load(Ordering::Relaxed) >= taken.intake * cases
                && self.assignment.load(Ordering::Relaxed) >= taken.assignment * cases
                && self.rejections.load(Ordering::Relaxed) >= taken.rejections * cases
        };
        loop {
            let changed = self.changed.notified();
            ensure!(self.astray.load(Ordering::Relaxed) == 0, "a message was not simply done");
            if enough() {
                return Ok(());
            }
            changed.await;
        }
    }
}

impl Observer for Counter {
    fn settled(&self, queue: &str, fate: Fate, messages: usize) {
        let count = if fate == Fate::Done { self.of(queue) } else { &self.astray };
        count.fetch_add(messages as u64, Ordering::Relaxed);
        if queue == ASSIGNMENT {
            self.routed.note(messages);
        }
        self.changed.notify_waiters();
    }
}

/// The servers of an installation of its own.
pub(crate) fn servers_of(database: &OwnDatabase) -> Servers {
    Servers { database_connections: 24, deepest_outbox: 1_000_000, ..database.servers() }
}

/// The real clock and real ids, as the binary hands them in.
pub(crate) fn surroundings() -> Surroundings {
    #[expect(clippy::disallowed_methods, reason = "what is measured runs on the real clock")]
    Surroundings::new(Utc::now, Uuid::now_v7)
}

/// A catalogue, and the client that gives the commands.
pub(crate) async fn furnish(system: &System) -> Result<()> {
    system.office.import_catalogue(&story_catalogue()).await?;
    let ruoli = ["primo_livello", "secondo_livello", "gestione_rigetti"].map(str::to_owned).to_vec();
    let client =
        Cliente { nome: CLIENT.to_owned(), delegation: Delegation { ruoli, ..Delegation::default() } };
    Ok(system.office.store.save_cliente(&client).await?)
}

/// smista in one folder, on a real disk, and what goes away with it.
pub(crate) async fn embedded() -> Result<(System, tempfile::TempDir)> {
    let folder = tempfile::Builder::new().prefix("smista-bench-").tempdir_in(crate::scratch_folder())?;
    let system =
        System::embedded(folder.path(), surroundings(), "smista".to_owned(), Schema::BringUpToDate).await?;
    Ok((system, folder))
}

/// A backlog of openings, worked by this process and the others.
pub(crate) async fn backlog(system: &System, job: Job, others: Vec<Second>) -> Result<Backlog> {
    furnish(system).await?;
    let counter = Arc::new(Counter::default());
    let runner = runner(system, &counter);
    fill(system, Phase::Open, 0..job.cases, &[]).await?;
    let (began, mut going) = (now(), Vec::new());
    for other in others {
        going.push(other.go(Arc::clone(&counter)).await?);
    }
    work(system, &runner, job, &counter, Phase::Open, std::future::ready(Ok(()))).await?;
    let seconds = began.elapsed().as_secs_f64();
    for other in going {
        other.end().await?;
    }
    Ok(Backlog { cases_per_s: job.cases as f64 / seconds, peak_rss_mib: usage::peak_rss_mib()? })
}

/// Does something with smista on servers that are so far away, and clears it away.
pub(crate) async fn far<T>(delay: Duration, job: impl AsyncFnOnce(&System) -> Result<T>) -> Result<T> {
    let database = OwnDatabase::create(fresh_id());
    let far = Far::away(&servers_of(&database), delay)?;
    let servers = far.servers(servers_of(&database))?;
    let system = System::scaled(servers, surroundings(), "smista".to_owned()).await?;
    let done = job(&system).await;
    cleared(&system).await?;
    done
}

/// Does something with smista in this set-up, and clears it away.
pub(crate) async fn on<T>(subject: Subject, job: impl AsyncFnOnce(&System) -> Result<T>) -> Result<T> {
    on_servers(subject, async |system, _servers| job(system).await).await
}

/// The same for who must know where the servers are; embedded there are none.
pub(crate) async fn on_servers<T>(
    subject: Subject,
    job: impl AsyncFnOnce(&System, Option<&Servers>) -> Result<T>,
) -> Result<T> {
    match subject {
        Subject::Embedded => {
            let (system, _folder) = embedded().await?;
            let done = job(&system, None).await;
            cleared(&system).await?;
            done
        }
        Subject::Scaled => {
            let (system, database) = scaled().await?;
            let done = job(&system, Some(&servers_of(&database))).await;
            cleared(&system).await?;
            done
        }
        Subject::Floor | Subject::SqliteFloor | Subject::BarePublish | Subject::BareInsert => {
            bail!("only smista itself can do this, not {}", subject.name())
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "names of databases must never repeat")]
pub(crate) fn fresh_id() -> Uuid {
    Uuid::now_v7()
}

/// smista on PostgreSQL and RabbitMQ, and what goes away with it.
pub(crate) async fn scaled() -> Result<(System, OwnDatabase)> {
    installed(OwnDatabase::create(fresh_id())).await
}

/// The same on a server of the caller's choice.
pub(crate) async fn installed(database: OwnDatabase) -> Result<(System, OwnDatabase)> {
    let system = System::scaled(servers_of(&database), surroundings(), "smista".to_owned()).await?;
    Ok((system, database))
}

/// Nothing is left of it on the broker either.
pub(crate) async fn cleared(system: &System) -> Result<()> {
    system.delete_queues().await?;
    system.close().await;
    Ok(())
}

/// Furnishes the office and sends the cases through, each phase from a full backlog to an empty one.
pub(crate) async fn journey(system: &System, job: Job) -> Result<Measured> {
    Journeys::begin(system).await?.next(job).await
}

/// One journey after another on the same installation.
pub(crate) struct Journeys<'a> {
    system: &'a System,
    counter: Arc<Counter>,
    runner: Runner,
    /// Cases that are through.
    through: usize,
}

impl<'a> Journeys<'a> {
    pub(crate) async fn begin(system: &'a System) -> Result<Self> {
        furnish(system).await?;
        let counter = Arc::new(Counter::default());
        let runner = runner(system, &counter);
        Ok(Self { system, counter, runner, through: 0 })
    }

    pub(crate) async fn next(&mut self, job: Job) -> Result<Measured> {
        let (system, since) = (self.system, self.system.office.surroundings.now());
        let numbers = self.through..self.through + job.cases;
        let (mut phases, mut cpu_seconds) = (Vec::new(), 0.0);
        for phase in Phase::ALL {
            let casi = if phase == Phase::Open { Vec::new() } else { ids(system, since).await? };
            fill(system, phase, numbers.clone(), &casi).await?;
            self.counter.reset();
            let (began, cpu_before) = (now(), usage::cpu_seconds()?);
            work(system, &self.runner, job, &self.counter, phase, std::future::ready(Ok(()))).await?;
            phases.push((phase.name().to_owned(), began.elapsed().as_secs_f64()));
            cpu_seconds += usage::cpu_seconds()? - cpu_before;
        }
        self.through = numbers.end;
        all_is_done(system, self.through).await?;
        let messages = job.cases as u64 * crate::shape::MESSAGES_A_CASE;
        Ok(Measured { cases: job.cases, phases, messages, cpu_seconds, peak_rss_mib: usage::peak_rss_mib()? })
    }
}

fn runner(system: &System, counter: &Arc<Counter>) -> Runner {
    runner_for(system, Arc::clone(counter) as _)
}

/// The binary's, which tells somebody else what it does.
pub(crate) fn runner_for(system: &System, observer: Arc<dyn Observer>) -> Runner {
    let surroundings = system.office.surroundings.clone();
    let clock = Arc::new(move || surroundings.now());
    let runner = Runner::new(Arc::clone(&system.broker), Arc::clone(&system.shelf), clock, observer);
    match system.publisher() {
        Some(publisher) => runner.with_publisher(publisher.clone()),
        None => runner,
    }
}

/// How long one case takes at a steady rate.
pub(crate) async fn paced(system: &System, job: Job, rate: u32) -> Result<Latency> {
    furnish(system).await?;
    let counter = Arc::new(Counter::default());
    let (runner, mut published) = (runner(system, &counter), Vec::new());
    let giving = async {
        published = pace::publish(system, job.cases, rate).await?;
        Ok(())
    };
    work(system, &runner, job, &counter, Phase::Open, giving).await?;
    Ok(counter.routed.since(&published))
}

/// Workers on, while commands are given, until the phase is over and everything is published.
async fn work(
    system: &System,
    runner: &Runner,
    job: Job,
    counter: &Counter,
    phase: Phase,
    giving: impl Future<Output = Result<()>>,
) -> Result<()> {
    let through =
        async { tokio::try_join!(giving, counter.reach(phase.taken(), job.cases as u64)).map(|_through| ()) };
    work_until(system, runner, job, through).await
}

/// Workers on, until then, and until everything is published.
pub(crate) async fn work_until(
    system: &System,
    runner: &Runner,
    job: Job,
    through: impl Future<Output = Result<()>>,
) -> Result<()> {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    for worker in workers(&system.office) {
        let queue = Queue { batch: job.batch, lanes: job.lanes, ..*worker.queue };
        let (runner, stop) = (runner.clone(), stop.clone());
        tasks.spawn(async move { runner.run(&queue, worker.handler, &stop).await });
    }
    tasks.close();
    // What the binary's `work` does besides.
    let sweeping = system.run_publishing(&stop);
    tokio::pin!(sweeping);
    tokio::select! {
        through = through => through?,
        () = &mut sweeping => bail!("publishing ended"),
    }
    while system.publish_due().await? {}
    stop.cancel();
    sweeping.await;
    tasks.wait().await;
    Ok(())
}

pub(crate) async fn fill(system: &System, phase: Phase, numbers: Range<usize>, casi: &[Uuid]) -> Result<()> {
    let messages: Vec<Outgoing> =
        numbers.enumerate().map(|(place, number)| command(phase, number, casi.get(place).copied())).collect();
    for some in messages.chunks(FILLED_TOGETHER) {
        give(system, some).await?;
    }
    Ok(())
}

/// The command for the case of this number.
pub(crate) fn command(phase: Phase, number: usize, caso: Option<Uuid>) -> Outgoing {
    Outgoing {
        destination: Destination::Exchange(Exchange::Commands),
        message_type: phase.command().to_owned(),
        message_id: format!("{number}"),
        body: phase.message(number, caso).into(),
    }
}

/// Publishes commands together.
pub(crate) async fn give(system: &System, commands: &[Outgoing]) -> Result<()> {
    let fates = system.broker.publish(commands).await;
    ensure!(fates.iter().all(|fate| *fate == Published::Confirmed), "a command could not be published");
    Ok(())
}

/// The cases that were opened since then, page by page.
async fn ids(system: &System, since: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let filter = CasoFilter { opened_from: Some(since), ..CasoFilter::default() };
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { after, limit: 5_000 };
        let page = system.office.store.search(&filter, &page).await?;
        ids.extend(page.rows.iter().map(|caso| caso.id.0));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(ids),
        }
    }
}

async fn all_is_done(system: &System, cases: usize) -> Result<()> {
    let counted = system.office.store.count(CountBy::Stato).await?;
    let [only] = counted.as_slice() else { bail!("cases stand in several states: {counted:?}") };
    ensure!(only.key == "assegnato" && only.count == cases as i64, "not all cases came through: {counted:?}");
    ensure!(system.shelf.list_parked(None, 1).await?.is_empty(), "a message was parked");
    let waiting: u64 = system.broker.depths().await?.iter().map(|depth| depth.waiting).sum();
    ensure!(waiting == 0, "{waiting} messages still wait");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this is a benchmark: time is what it is about")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
