//! What only PostgreSQL says: sets by `unnest`, row and advisory locks, its own clock for leases.

pub(crate) mod claims;
pub(crate) mod loads;
pub(crate) mod publish;
pub(crate) mod shelf;
pub(crate) mod writes;

use crate::Connection;
use crate::queries::Answer;

/// Keeps the catalogue as it is until the transaction ends, and writes no row for it. Advisory locks are apart in
/// each database; the second key keeps installations in schemas of one database apart.
pub(crate) async fn hold_catalogue(connection: &mut Connection) -> Answer<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock_shared(hashtext('smista.catalogo'), hashtext(current_schema()))"
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Desks and imports end within seconds, but a queue of them may take longer than a desk waits for a row.
pub(crate) async fn wait_longer(connection: &mut Connection) -> Answer<()> {
    sqlx::query!("set local lock_timeout = '30s'").execute(&mut *connection).await?;
    Ok(())
}

/// Waits until nobody holds the catalogue, and keeps it for this transaction alone. Desks that come now wait for its end:
/// do nothing long after this.
pub(crate) async fn seize_catalogue(connection: &mut Connection) -> Answer<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('smista.catalogo'), hashtext(current_schema()))")
        .execute(&mut *connection)
        .await?;
    Ok(())
}
