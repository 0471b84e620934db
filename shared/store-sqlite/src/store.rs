//! The store port on one file: reads on a pool, writes by the one writer.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

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
};
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, SqlitePool};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::desk::SqliteDesk;
use crate::queries::{Answer, Fault, accounts, casi, catalogue, learning, register, search};
use crate::sets::writes;
use crate::writer::{Turn, Writer};
use crate::{Db, file};

/// Reads at once.
const READERS: u32 = 4;

/// What the store must be told.
#[derive(Clone)]
pub struct SqliteOptions {
    /// For each message type, the queues that take it.
    pub bindings: HashMap<String, Vec<String>>,
    /// Business time, for the instants that the store itself writes down.
    pub clock: Clock,
}

/// The store on one SQLite file, which this process owns.
#[derive(Clone)]
pub struct SqliteStore {
    options: SqliteConnectOptions,
    readers: SqlitePool,
    writer: Writer,
    bindings: Arc<HashMap<String, Vec<String>>>,
    clock: Clock,
    committed: Arc<Notify>,
    _held: Arc<Held>,
}

/// What lasts exactly as long as the store does.
enum Held {
    #[expect(dead_code, reason = "the lock is given up when the file is closed")]
    Lock(File),
    #[expect(dead_code, reason = "the folder is removed when this is dropped")]
    Scratch(TempDir),
}

impl SqliteStore {
    /// Opens the file, creating it if it is missing, and takes it for this process: [`StoreError::InUse`] when another
    /// one has it. Does not touch the schema.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let owned = file::own(path)?;
        Self::start(file::on_disk(path), options, Held::Lock(owned)).await
    }

    /// A database that is gone with the store, for simulations and tests. It is a file that is never waited for, in
    /// memory where the system has a folder there: as a database in memory proper, SQLite keeps readers out while a
    /// desk is open, or shows them what it has not committed.
    pub async fn scratch(options: SqliteOptions) -> Result<Self, StoreError> {
        let folder = file::folder_to_throw_away().map_err(|error| StoreError::Failed(Box::new(error)))?;
        let file = file::to_throw_away(&folder.path().join("scratch.sqlite"));
        Self::start(file, options, Held::Scratch(folder)).await
    }

    async fn start(
        file: SqliteConnectOptions,
        options: SqliteOptions,
        held: Held,
    ) -> Result<Self, StoreError> {
        let write_connection = file.connect().await.map_err(Fault::from)?;
        let only_reading = file::only_reading(file.get_filename());
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(only_reading)
            .await
            .map_err(Fault::from)?;
        let committed = Arc::new(Notify::new());
        Ok(Self {
            readers,
            writer: Writer::start(file.clone(), write_connection, Arc::clone(&committed)),
            bindings: Arc::new(options.bindings),
            clock: options.clock,
            options: file,
            committed,
            _held: Arc::new(held),
        })
    }

    /// Brings the schema up to this program's version, while nobody writes.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // A pool of one: sqlx's migrator on a bare connection makes a future that cannot move between threads.
        let one = SqlitePoolOptions::new().max_connections(1);
        let pool = one.connect_with(self.options.clone()).await.map_err(Fault::from)?;
        sqlx::migrate!().run(&pool).await.map_err(not_migrated)?;
        pool.close().await;
        Ok(())
    }

    /// The migrations that this program knows, by their numbers.
    pub fn known_migrations() -> Vec<i64> {
        sqlx::migrate!().iter().map(|migration| migration.version).collect()
    }

    /// Those that the schema has been through; none where there is no schema yet.
    pub async fn applied_migrations(&self) -> Result<Vec<i64>, StoreError> {
        let tables: i64 =
            sqlx::query_scalar("select count(*) from sqlite_master where name = '_sqlx_migrations'")
                .fetch_one(&self.readers)
                .await
                .map_err(Fault::from)?;
        if tables == 0 {
            return Ok(Vec::new());
        }
        let applied =
            sqlx::query_scalar("select version from _sqlx_migrations where success order by version");
        Ok(applied.fetch_all(&self.readers).await.map_err(Fault::from)?)
    }

    /// The connections that read.
    pub fn pool(&self) -> &SqlitePool {
        &self.readers
    }

    /// Wakes whoever waits on it after every commit: there may be something in the spool. Ask for the wake-up before
    /// looking, and look once in a while all the same.
    pub fn spool_notify(&self) -> Arc<Notify> {
        Arc::clone(&self.committed)
    }

    /// The write connection, for a short job: [`Turn::connection`], then [`Turn::commit`], or drop it.
    pub(crate) async fn turn(&self) -> Result<Turn, StoreError> {
        self.writer.turn().await
    }

    async fn session(&self) -> Answer<PoolConnection<Db>> {
        Ok(self.readers.acquire().await?)
    }
}

/// One process owns the file, so no release has to live with the schema of the next: it is left untouched.
fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Failed(
            format!("the file was written by a newer version of smista: it knows migration {version}").into(),
        ),
        error => StoreError::Failed(Box::new(error)),
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn desk(&self) -> Result<Box<dyn Desk>, StoreError> {
        let turn = self.turn().await?;
        Ok(Box::new(SqliteDesk::new(turn, Arc::clone(&self.bindings), self.clock.clone())))
    }

    async fn reserve_protocolli(&self, anno: i32, count: i64) -> Result<i64, StoreError> {
        let mut turn = self.turn().await?;
        let first = casi::reserve_protocolli(turn.connection(), i64::from(anno), count).await?;
        turn.commit().await?;
        Ok(first)
    }

    async fn catalogue_revision(&self) -> Result<i64, StoreError> {
        Ok(catalogue::revision(&mut *self.session().await?).await?)
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        let mut snapshot = self.readers.begin().await.map_err(Fault::from)?;
        Ok(catalogue::read(&mut snapshot).await?)
    }

    async fn replace_catalogue(
        &self,
        expected_revision: i64,
        new: &Catalogue,
        outbox: &[OutboxMessage],
        now: DateTime<Utc>,
    ) -> Result<(i64, Committed), StoreError> {
        // No desk is open while the turn is ours.
        let mut turn = self.turn().await?;
        let revision = catalogue::replace(turn.connection(), expected_revision, new).await?;
        catalogue::refuse_groups_in_use(turn.connection(), new).await?;
        writes::publish(turn.connection(), outbox, &self.bindings, now).await?;
        turn.commit().await?;
        Ok((revision, Committed::default()))
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
        let mut turn = self.turn().await?;
        let added = register::add(turn.connection(), cittadino).await?;
        turn.commit().await?;
        Ok(added)
    }

    async fn save_cliente(&self, cliente: &Cliente) -> Result<(), StoreError> {
        let mut turn = self.turn().await?;
        accounts::save_cliente(turn.connection(), cliente).await?;
        turn.commit().await
    }

    async fn save_token(&self, token: &ApiToken) -> Result<(), StoreError> {
        let mut turn = self.turn().await?;
        accounts::save_token(turn.connection(), token).await?;
        turn.commit().await
    }

    async fn touch_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut turn = self.turn().await?;
        accounts::touch_token(turn.connection(), prefix, at).await?;
        turn.commit().await
    }

    async fn revoke_token(&self, prefix: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut turn = self.turn().await?;
        let ended = accounts::revoke_token(turn.connection(), prefix, at).await?;
        turn.commit().await?;
        Ok(ended)
    }

    async fn purge(&self, expired: &Expired) -> Result<Purged, StoreError> {
        let mut turn = self.turn().await?;
        let gone = accounts::purge(turn.connection(), expired).await?;
        turn.commit().await?;
        Ok(gone)
    }

    /// Both ways: readers, and the writer, without whom nothing is accepted.
    async fn ping(&self) -> Result<(), StoreError> {
        self.catalogue_revision().await?;
        self.writer.ping().await
    }
}
