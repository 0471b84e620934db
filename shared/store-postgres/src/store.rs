//! The store port on a pool of sessions.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use smista_domain::anagrafica::{Email, Telefono};
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::Catalogue;
use smista_domain::ids::{CasoId, CittadinoId, GruppoId, Protocollo};
use smista_queues::Clock;
use smista_store::{
    ApiToken, CasoFilter, Cittadino, Cliente, Committed, CountBy, Counted, Desk, Expired, LearnedOutcome,
    OutboxMessage, Page, PageRequest, PaperRow, Purged, SolvedText, Store, StoreError, StoriaRow, TriageRow,
    WriteSet,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool};
use uuid::Uuid;

use crate::Db;
use crate::desk::PostgresDesk;
use crate::dialect::{self, writes};
use crate::published::Published;
use crate::queries::{Answer, Fault, accounts, casi, catalogue, learning, register, search};
use crate::sockets::with_sockets_set;
use crate::transaction::OpenTransaction;

/// A session that was used since then is taken to be there still.
const IN_STEADY_USE: Duration = Duration::from_secs(1);

/// How a process uses the server.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Sessions at most.
    pub max_connections: u32,
    /// How long a desk or a read waits for a free session before it is told that the store is not available.
    pub acquire_timeout: Duration,
    /// Business time, for the instants that the store itself writes down.
    pub clock: Clock,
    /// This process, as the holder of the outbox rows that it writes. Must be new at each start.
    pub lease: Uuid,
}

/// Whether a text is a URL of PostgreSQL; what is wrong with one is not told, since it might quote the password.
pub fn is_postgres_url(text: &str) -> bool {
    let scheme = text.starts_with("postgres://") || text.starts_with("postgresql://");
    scheme && PgConnectOptions::from_str(text).is_ok()
}

/// The store on PostgreSQL 15 or newer.
#[derive(Clone)]
pub struct PostgresStore {
    /// As the URL says, without our time-outs.
    server: PgConnectOptions,
    pool: PgPool,
    clock: Clock,
    lease: Uuid,
    published: Published,
}

impl PostgresStore {
    /// Connects, and fails at once if the server does not answer. Does not touch the schema.
    pub async fn connect(url: &str, options: PostgresOptions) -> Result<Self, StoreError> {
        let server = PgConnectOptions::from_str(url).map_err(Fault::from)?.application_name("smista");
        let at_work = server.clone().options([
            ("idle_in_transaction_session_timeout", "30s"),
            ("lock_timeout", "2s"),
            ("statement_timeout", "60s"),
            // No statement here computes so long that compiling it first would pay.
            ("jit", "off"),
        ]);
        let pool = with_sockets_set(PgPoolOptions::new(), &server)
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            // A session in steady use is not asked whether it answers: that costs as much as a statement. Whoever begins a
            // transaction tries another one.
            .test_before_acquire(false)
            .before_acquire(|session, about| {
                Box::pin(async move {
                    if about.idle_for < IN_STEADY_USE {
                        return Ok(true);
                    }
                    session.ping().await.map(|()| true)
                })
            })
            .connect_with(at_work)
            .await
            .map_err(Fault::from)?;
        let published = Published::default();
        Ok(Self { server, pool, clock: options.clock, lease: options.lease, published })
    }

    /// Brings the schema up to this program's version. Safe while the previous release still runs and starts anew, and
    /// when several processes do it at once: they wait for each other. A newer schema is left as it is, because every
    /// migration is made so that the release before it can work on.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // The next process waits as long as the first one migrates, and an index on a large table takes its time. A pool
        // of one: sqlx's migrator on a bare connection makes a future that cannot move between threads.
        let patient = self.server.clone().options([("lock_timeout", "0"), ("statement_timeout", "0")]);
        let one = PgPoolOptions::new().max_connections(1);
        let pool = one.connect_with(patient).await.map_err(Fault::from)?;
        let failed = |error| StoreError::Failed(Box::new(error));
        sqlx::migrate!().set_ignore_missing(true).run(&pool).await.map_err(failed)?;
        pool.close().await;
        Ok(())
    }

    /// The migrations that this program knows, by their numbers.
    pub fn known_migrations() -> Vec<i64> {
        sqlx::migrate!().iter().map(|migration| migration.version).collect()
    }

    /// Those that the schema has been through; none where there is no schema yet.
    pub async fn applied_migrations(&self) -> Result<Vec<i64>, StoreError> {
        let tables: i64 = sqlx::query_scalar(
            "select count(*) from pg_tables where schemaname = current_schema() and tablename = '_sqlx_migrations'",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(Fault::from)?;
        if tables == 0 {
            return Ok(Vec::new());
        }
        let applied =
            sqlx::query_scalar("select version from _sqlx_migrations where success order by version");
        Ok(applied.fetch_all(&self.pool).await.map_err(Fault::from)?)
    }

    /// The sessions.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Under which outbox rows written here are leased at birth.
    pub fn lease(&self) -> Uuid {
        self.lease
    }

    /// What the broker has confirmed and nobody has deleted yet.
    pub(crate) fn published(&self) -> &Published {
        &self.published
    }

    /// Ends every session, once its work is done.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn session(&self) -> Answer<PoolConnection<Db>> {
        Ok(self.pool.acquire().await?)
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn desk(&self) -> Result<Box<dyn Desk>, StoreError> {
        let transaction = OpenTransaction::begin(&self.pool, dialect::BEGIN_WITH_THE_CATALOGUE).await?;
        let (clock, published) = (Arc::clone(&self.clock), self.published.clone());
        Ok(Box::new(PostgresDesk::new(transaction, clock, self.lease, published)))
    }

    async fn reserve_protocolli(&self, anno: i32, count: i64) -> Result<i64, StoreError> {
        // One statement is a transaction of its own.
        Ok(casi::reserve_protocolli(&mut *self.session().await?, i64::from(anno), count).await?)
    }

    async fn catalogue_revision(&self) -> Result<i64, StoreError> {
        Ok(catalogue::revision(&mut *self.session().await?).await?)
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        let begin = "begin isolation level repeatable read, read only";
        let mut snapshot = self.pool.begin_with(begin).await.map_err(Fault::from)?;
        Ok(catalogue::read(&mut snapshot).await?)
    }

    async fn replace_catalogue(
        &self,
        expected_revision: i64,
        new: &Catalogue,
        outbox: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<(i64, Committed), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(Fault::from)?;
        dialect::wait_longer(&mut transaction).await?;
        // Its row keeps other imports out. Desks go on with what is there, and are kept waiting only for the commit.
        let revision = catalogue::replace(&mut transaction, expected_revision, new).await?;
        dialect::seize_catalogue(&mut transaction).await?;
        catalogue::refuse_groups_in_use(&mut transaction, new).await?;
        let set = WriteSet { outbox: outbox.to_vec(), ..WriteSet::default() };
        let besides = writes::Besides { published: &[], lease: self.lease, now };
        let rows = writes::write(&mut transaction, &set, &besides).await?;
        let to_publish = rows.into_iter().zip(set.outbox).collect();
        transaction.commit().await.map_err(Fault::from)?;
        Ok((revision, Committed { to_publish }))
    }

    async fn caso(&self, id: CasoId) -> Result<Option<Caso>, StoreError> {
        Ok(casi::caso(&mut *self.session().await?, id).await?)
    }

    async fn caso_by_protocollo(&self, protocollo: Protocollo) -> Result<Option<Caso>, StoreError> {
        Ok(casi::caso_by_protocollo(&mut *self.session().await?, protocollo).await?)
    }

    async fn pratica(&self, id: CasoId) -> Result<Option<Pratica>, StoreError> {
        Ok(casi::pratica(&mut *self.session().await?, id).await?)
    }

    async fn storia(&self, id: CasoId, after: i64, limit: i64) -> Result<Vec<StoriaRow>, StoreError> {
        Ok(casi::storia(&mut *self.session().await?, id, after, limit).await?)
    }

    async fn papers(&self, id: CasoId) -> Result<Vec<PaperRow>, StoreError> {
        Ok(casi::papers(&mut *self.session().await?, id).await?)
    }

    async fn search(&self, filter: &CasoFilter, page: &PageRequest) -> Result<Page<Caso>, StoreError> {
        Ok(search::casi(&mut *self.session().await?, filter, page).await?)
    }

    async fn count(&self, by: CountBy) -> Result<Vec<Counted>, StoreError> {
        Ok(search::count(&mut *self.session().await?, by).await?)
    }

    async fn triage(&self, id: CasoId) -> Result<Option<TriageRow>, StoreError> {
        Ok(casi::triage(&mut *self.session().await?, id).await?)
    }

    async fn rejection_outcomes(&self) -> Result<Vec<LearnedOutcome>, StoreError> {
        Ok(learning::rejection_outcomes(&mut *self.session().await?).await?)
    }

    async fn solved_texts(&self, per_group: i64) -> Result<Vec<SolvedText>, StoreError> {
        Ok(learning::solved_texts(&mut *self.session().await?, per_group).await?)
    }

    async fn cittadino(&self, id: CittadinoId) -> Result<Option<Cittadino>, StoreError> {
        Ok(register::find(&mut *self.session().await?, id).await?)
    }

    async fn find_cittadini(
        &self,
        telefono: Option<&Telefono>,
        email: Option<&Email>,
    ) -> Result<Vec<Cittadino>, StoreError> {
        Ok(register::find_by(&mut *self.session().await?, telefono, email).await?)
    }

    async fn cliente(&self, nome: &str) -> Result<Option<Cliente>, StoreError> {
        Ok(accounts::cliente(&mut *self.session().await?, nome).await?)
    }

    async fn token_by_digest(&self, digest: &[u8; 32]) -> Result<Option<(ApiToken, Cliente)>, StoreError> {
        Ok(accounts::token_by_digest(&mut *self.session().await?, digest).await?)
    }

    async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        Ok(accounts::tokens(&mut *self.session().await?).await?)
    }

    async fn groups_with_untold_answers(&self) -> Result<Vec<GruppoId>, StoreError> {
        Ok(casi::groups_with_untold_answers(&mut *self.session().await?).await?)
    }

    async fn add_cittadino(&self, cittadino: &Cittadino) -> Result<bool, StoreError> {
        Ok(register::add(&mut *self.session().await?, cittadino).await?)
    }

    async fn save_cliente(&self, cliente: &Cliente) -> Result<(), StoreError> {
        Ok(accounts::save_cliente(&mut *self.session().await?, cliente).await?)
    }

    async fn save_token(&self, token: &ApiToken) -> Result<(), StoreError> {
        Ok(accounts::save_token(&mut *self.session().await?, token).await?)
    }

    async fn touch_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        Ok(accounts::touch_token(&mut *self.session().await?, prefix, at).await?)
    }

    async fn revoke_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        Ok(accounts::revoke_token(&mut *self.session().await?, prefix, at).await?)
    }

    async fn purge(&self, expired: &Expired) -> Result<Purged, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(Fault::from)?;
        let gone = accounts::purge(&mut transaction, expired).await?;
        transaction.commit().await.map_err(Fault::from)?;
        Ok(gone)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.catalogue_revision().await.map(|_answers| ())
    }
}
