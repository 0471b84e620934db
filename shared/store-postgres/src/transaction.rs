//! A transaction that begins with more than BEGIN in one round trip, and on a session that answers.

use sqlx::PgPool;
use sqlx::pool::PoolConnection;

use crate::queries::Answer;
use crate::{Connection, Db};

/// What was written is undone when this is dropped: its session is closed, since what it was in the middle of is unknown.
pub(crate) struct OpenTransaction {
    /// Taken when the transaction ends.
    session: Option<PoolConnection<Db>>,
}

impl OpenTransaction {
    /// `beginning` is BEGIN and whatever else a transaction of this kind does first.
    ///
    /// A server that went away took every session with it, and the pool finds out one by one: nothing has been done yet, so
    /// the next session is tried, as many as the pool may hold.
    pub(crate) async fn begin(pool: &PgPool, beginning: &'static str) -> Answer<Self> {
        let mut tries = pool.options().get_max_connections();
        loop {
            let mut begun = Self { session: Some(pool.acquire().await?) };
            match sqlx::raw_sql(beginning).execute(begun.connection()).await {
                Ok(_done) => return Ok(begun),
                Err(sqlx::Error::Io(_)) if tries > 0 => tries -= 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.session.as_mut().expect("a transaction has its session until it ends")
    }

    /// After an error the outcome may be unknown.
    pub(crate) async fn commit(mut self) -> Answer<()> {
        sqlx::raw_sql("commit").execute(self.connection()).await?;
        drop(self.session.take());
        Ok(())
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        drop(self.session.take().map(PoolConnection::detach));
    }
}
