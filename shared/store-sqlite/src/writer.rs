//! The one task that owns the write connection.
//!
//! A *turn* is BEGIN IMMEDIATE, a savepoint for each desk that waits, one COMMIT, and only then the answers: desks that
//! come together share one fsync. A desk holds the connection itself, and gives it back when it ends or is dropped.

use std::sync::Arc;
use std::time::Duration;

use smista_store::StoreError;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::errors::{shared, sort, writer_gone};

/// Desks that share one commit at most: bounds how long the first of them waits.
const SEATS_PER_TURN: usize = 64;
/// Requests that wait for the connection before the next one has to wait to ask.
const WAITING: usize = 1024;
/// Quiet for so long, the task shortens journal and file.
const IDLE: Duration = Duration::from_secs(2);

type Request = oneshot::Sender<Result<Turn, StoreError>>;

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
    pub(crate) fn start(connection: SqliteConnection, committed: Arc<Notify>) -> Self {
        let (requests, waiting) = mpsc::channel(WAITING);
        tokio::spawn(run(connection, waiting, committed));
        Self { requests }
    }

    /// Waits for the connection. Do not await anything else while a turn is held, another turn least of all.
    pub(crate) async fn turn(&self) -> Result<Turn, StoreError> {
        let (request, granted) = oneshot::channel();
        self.requests.send(request).await.map_err(|_gone| writer_gone())?;
        granted.await.map_err(|_gone| writer_gone())?
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

async fn run(mut connection: SqliteConnection, mut waiting: mpsc::Receiver<Request>, committed: Arc<Notify>) {
    let mut is_tidy = true;
    loop {
        let first = match tokio::time::timeout(IDLE, waiting.recv()).await {
            Ok(Some(first)) => first,
            Ok(None) => break,
            Err(_quiet) => {
                if !is_tidy {
                    tidy(&mut connection).await;
                    is_tidy = true;
                }
                continue;
            }
        };
        is_tidy = false;
        match one_turn(connection, first, &mut waiting, &committed).await {
            Some(back) => connection = back,
            None => return,
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the write connection did not close cleanly");
    }
}

/// Gives the connection back unless a desk lost it.
async fn one_turn(
    mut connection: SqliteConnection,
    first: Request,
    waiting: &mut mpsc::Receiver<Request>,
    committed: &Notify,
) -> Option<SqliteConnection> {
    if let Err(error) = connection.execute("begin immediate").await {
        // A requester that went away has nobody to be told.
        let _gone = first.send(Err(sort(error)));
        return Some(connection);
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
        }
        Err(error) => {
            // It fails when SQLite has rolled back by itself, which is what is wanted.
            let _rolled_back = connection.execute("rollback").await;
            let error = Arc::new(sort(error));
            to_answer.into_iter().for_each(|answer| {
                let _gone = answer.send(Err(shared(&error)));
            });
        }
    }
    Some(connection)
}

type Answering = oneshot::Sender<Result<(), StoreError>>;
type SeatOutcome = Result<Option<Answering>, (sqlx::Error, Option<Answering>)>;

/// Lends the connection to one desk, within a savepoint.
async fn one_seat(
    mut connection: SqliteConnection,
    request: Request,
) -> Option<(SqliteConnection, SeatOutcome)> {
    if let Err(error) = connection.execute("savepoint desk").await {
        drop(request);
        return Some((connection, Err((error, None))));
    }
    let (back, returned) = oneshot::channel();
    // A requester that went away drops the turn, and so undoes it.
    let _turn = request.send(Ok(Turn { seat: Some(Seat { connection, back }) }));
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
