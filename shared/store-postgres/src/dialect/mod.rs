//! What only PostgreSQL says: sets by `unnest`, row and advisory locks, its own clock for leases.

pub(crate) mod loads;
pub(crate) mod seldom;
pub(crate) mod shelf;
pub(crate) mod taking;
pub(crate) mod writes;

use crate::Connection;
use crate::queries::Answer;

/// One array for each column, filled in one pass over the rows.
macro_rules! arrays {
    ($rows:expr => $row:pat => $($name:ident = $value:expr),+ $(,)?) => {
        $(let mut $name = Vec::with_capacity($rows.len());)+
        for $row in $rows.iter() {
            $($name.push($value);)+
        }
    };
}
use arrays;

/// How a desk begins: the catalogue stays as it is until the transaction ends, and no row is written for that. Advisory
/// locks are apart in each database; the second key keeps installations in schemas of one database apart.
///
/// Plans are made once: the statements of a desk are long, and what their arrays hold makes no other plan better. They look
/// everything up by key, also on a table that was empty when the plan was made.
pub(crate) const BEGIN_WITH_THE_CATALOGUE: &str = "begin; \
    select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true), \
    pg_advisory_xact_lock_shared(hashtext('smista.catalogo'), hashtext(current_schema()))";

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
