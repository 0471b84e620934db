//! The one task that owns the write connection.
//!
//! A *turn* is BEGIN IMMEDIATE, a savepoint for each desk that waits, one COMMIT, and only then the answers: desks that
//! come together share one fsync. A desk holds the connection itself, and gives it back when it ends or is dropped. A
//! connection that is lost is opened again for the next request, which is told when that fails.

use std::sync::Arc;
use std::time::Duration;

use smista_store::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::errors::{shared, sort, writer_gone};

/// Desks that share one commit at most: bounds how long the first of them waits.
const SEATS_PER_TURN: usize = 64;
/// Requests that wait for the connection before the next one has to wait to ask.
const WAITING: usize = 1024;
/// Quiet for so long, the task shortens journal and file.
const IDLE: Duration = Duration::from_secs(2);

enum Request {
    Turn(oneshot::Sender<Result<Turn, StoreError>>),
    /// Whether the connection answers.
    Ping(oneshot::Sender<Result<(), StoreError>>),
}

/// Hands out turns; the task ends when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Writer {
    requests: mpsc::Sender<Request>,
}

/// The write connection, within a savepoint. Dropping it undoes what was written.
pub(crate) struct Turn {
    /// Taken when the turn ends.
    seat: Option<Seat>,
}

struct Seat {
    connection: SqliteConnection,
    back: oneshot::Sender<(SqliteConnection, Ending)>,
}

enum Ending {
    Commit(oneshot::Sender<Result<(), StoreError>>),
    Undo,
}

impl Writer {
    /// `connection` is an open one to `file`.
    pub(crate) fn start(
        file: SqliteConnectOptions,
        connection: SqliteConnection,
        committed: Arc<Notify>,
    ) -> Self {
        let (requests, waiting) = mpsc::channel(WAITING);
        tokio::spawn(run(file, connection, waiting, committed));
        Self { requests }
    }

    /// Waits for the connection. Do not await anything else while a turn is held, another turn least of all.
    pub(crate) async fn turn(&self) -> Result<Turn, StoreError> {
        let (request, granted) = oneshot::channel();
        self.requests.send(Request::Turn(request)).await.map_err(|_gone| writer_gone())?;
        granted.await.map_err(|_gone| writer_gone())?
    }

    /// Whether the task and its connection answer, once the desks that are open have ended.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let (request, answered) = oneshot::channel();
        self.requests.send(Request::Ping(request)).await.map_err(|_gone| writer_gone())?;
        answered.await.map_err(|_gone| writer_gone())?
    }
}

impl Request {
    fn refuse(self, error: StoreError) {
        // A requester that went away has nobody to be told.
        match self {
            Self::Turn(request) => drop(request.send(Err(error))),
            Self::Ping(request) => drop(request.send(Err(error))),
        }
    }
}

impl Turn {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.seat.as_mut().expect("a turn has its seat until it ends").connection
    }

    /// Returns once the turn's COMMIT is on disk, which may be after desks that came later.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let Some(seat) = self.seat.take() else { return Ok(()) };
        let (done, outcome) = oneshot::channel();
        seat.back.send((seat.connection, Ending::Commit(done))).map_err(|_gone| writer_gone())?;
        outcome.await.map_err(|_gone| writer_gone())?
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            // Nobody to give it back to: the writer is gone, and the connection with it.
            let _gone = seat.back.send((seat.connection, Ending::Undo));
        }
    }
}

async fn run(
    file: SqliteConnectOptions,
    connection: SqliteConnection,
    mut waiting: mpsc::Receiver<Request>,
    committed: Arc<Notify>,
) {
    let mut open = Some(connection);
    // None while nothing was written since the last time. A ping is no work, and puts nothing off.
    let mut tidy_at: Option<Instant> = None;
    loop {
        let next = match tidy_at {
            None => Ok(waiting.recv().await),
            Some(at) => tokio::time::timeout_at(at, waiting.recv()).await,
        };
        let request = match next {
            Ok(Some(request)) => request,
            Ok(None) => break,
            Err(_quiet) => {
                tidy_at = None;
                if let Some(connection) = &mut open {
                    tidy(connection).await;
                }
                continue;
            }
        };
        let connection = match open.take() {
            Some(connection) => connection,
            None => match file.connect().await {
                Ok(connection) => connection,
                Err(error) => {
                    request.refuse(sort(error));
                    continue;
                }
            },
        };
        open = match request {
            Request::Ping(answer) => answer_ping(connection, answer).await,
            Request::Turn(_) => {
                let back = one_turn(connection, request, &mut waiting, &committed).await;
                tidy_at = Some(Instant::now() + IDLE);
                back
            }
        };
        if open.is_none() {
            tracing::warn!("the write connection was lost: it is opened again for the next desk");
        }
    }
    if let Some(connection) = open
        && let Err(error) = connection.close().await
    {
        tracing::warn!(%error, "the write connection did not close cleanly");
    }
}

/// Gives the connection back if it answers.
async fn answer_ping(
    mut connection: SqliteConnection,
    answer: oneshot::Sender<Result<(), StoreError>>,
) -> Option<SqliteConnection> {
    let answers = connection.ping().await;
    let is_lost = answers.is_err();
    let _gone = answer.send(answers.map_err(sort));
    (!is_lost).then_some(connection)
}

/// Gives the connection back unless it was lost.
async fn one_turn(
    mut connection: SqliteConnection,
    first: Request,
    waiting: &mut mpsc::Receiver<Request>,
    committed: &Notify,
) -> Option<SqliteConnection> {
    if let Err(error) = connection.execute("begin immediate").await {
        let is_lost = is_lost(&error);
        first.refuse(sort(error));
        return (!is_lost).then_some(connection);
    }
    let mut to_answer: Vec<Answering> = Vec::new();
    let mut failure = None;
    // Only as many as there are seats are taken off the channel.
    let mut seats = SEATS_PER_TURN;
    let mut next = Some(first);
    while let Some(request) = next.take() {
        let (back, outcome) = one_seat(connection, request).await?;
        connection = back;
        seats -= 1;
        match outcome {
            Ok(answer) => to_answer.extend(answer),
            Err((error, answer)) => {
                to_answer.extend(answer);
                failure = Some(error);
                break;
            }
        }
        next = if seats > 0 { waiting.try_recv().ok() } else { None };
    }
    let result = match failure {
        None => connection.execute("commit").await.map(|_done| ()),
        Some(error) => Err(error),
    };
    match result {
        Ok(()) => {
            to_answer.into_iter().for_each(|answer| {
                let _gone = answer.send(Ok(()));
            });
            committed.notify_waiters();
            Some(connection)
        }
        Err(error) => {
            let is_lost = is_lost(&error);
            // It fails when SQLite has rolled back by itself, which is what is wanted.
            let _rolled_back = connection.execute("rollback").await;
            let error = Arc::new(sort(error));
            to_answer.into_iter().for_each(|answer| {
                let _gone = answer.send(Err(shared(&error)));
            });
            (!is_lost).then_some(connection)
        }
    }
}

/// Whether the connection will never answer again. Its file and its journal are as they were.
fn is_lost(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::WorkerCrashed)
}

type Answering = oneshot::Sender<Result<(), StoreError>>;
type SeatOutcome = Result<Option<Answering>, (sqlx::Error, Option<Answering>)>;

/// Lends the connection to one desk, within a savepoint.
async fn one_seat(
    mut connection: SqliteConnection,
    request: Request,
) -> Option<(SqliteConnection, SeatOutcome)> {
    let request = match request {
        Request::Turn(request) => request,
        Request::Ping(answer) => {
            // It has just answered a statement.
            let _gone = answer.send(Ok(()));
            return Some((connection, Ok(None)));
        }
    };
    if let Err(error) = connection.execute("savepoint desk").await {
        drop(request);
        return Some((connection, Err((error, None))));
    }
    let (back, returned) = oneshot::channel();
    // To a requester that went away nothing can be sent: the turn comes back, and is dropped here and now, which undoes
    // it. Kept any longer, it would be waited for by whoever keeps it.
    drop(request.send(Ok(Turn { seat: Some(Seat { connection, back }) })));
    let (mut connection, ending) = returned.await.ok()?;
    let (statement, answer) = match ending {
        Ending::Commit(answer) => ("release desk", Some(answer)),
        Ending::Undo => ("rollback to desk; release desk", None),
    };
    let ended = connection.execute(statement).await;
    Some((
        connection,
        match ended {
            Ok(_done) => Ok(answer),
            Err(error) => Err((error, answer)),
        },
    ))
}

/// Nothing depends on it, so a failure is only told.
async fn tidy(connection: &mut SqliteConnection) {
    let tidied = connection.execute("pragma incremental_vacuum(1000); pragma wal_checkpoint(truncate)").await;
    if let Err(error) = tidied {
        tracing::warn!(%error, "the journal was not shortened");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lost_connection_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = SqliteConnectOptions::new().filename(folder.path().join("it")).create_if_missing(true);
        let connection = file.connect().await.expect("connected");
        let writer = Writer::start(file, connection, Arc::new(Notify::new()));
        let mut turn = writer.turn().await.expect("a turn");
        drop(turn.seat.take());
        writer.ping().await.expect("answers on a new connection");
        let mut turn = writer.turn().await.expect("a turn");
        turn.connection().execute("create table t (id integer)").await.expect("created");
        turn.commit().await.expect("committed");
    }

    #[tokio::test]
    async fn a_ping_fails_while_the_file_cannot_be_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = SqliteConnectOptions::new().filename(folder.path().join("it")).create_if_missing(true);
        let connection = file.connect().await.expect("connected");
        let writer = Writer::start(file, connection, Arc::new(Notify::new()));
        let mut turn = writer.turn().await.expect("a turn on the connection that is open");
        folder.close().expect("removed");
        drop(turn.seat.take());
        assert!(writer.ping().await.is_err());
        assert!(writer.turn().await.is_err());
    }
}
