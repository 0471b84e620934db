//! What stands in the tables themselves, whichever code wrote it.

use std::collections::BTreeSet;

use smista::system::{Database, System};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

/// The columns, as `table.column`, of which some value holds this text; it must be plain ASCII, so that no encoding of a
/// text, of JSON or of bytes hides it.
pub async fn columns_that_hold(system: &System, text: &str) -> BTreeSet<String> {
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text:?} may be spelt in several ways");
    let columns = match system.database() {
        Database::Sqlite(store) => in_sqlite(store.pool(), text).await,
        Database::Postgres(store) => in_postgres(store.pool(), text).await,
    };
    columns.expect("every table can be read")
}

async fn in_sqlite(pool: &SqlitePool, text: &str) -> Result<BTreeSet<String>, sqlx::Error> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select t.name, c.name from sqlite_schema t, pragma_table_info(t.name) c where t.type = 'table'",
    )
    .fetch_all(pool)
    .await?;
    let mut holding = BTreeSet::new();
    for (table, column) in columns {
        let look = format!(
            r#"select exists (select 1 from "{table}" where instr(cast("{column}" as text), $1) > 0)"#
        );
        if sqlx::query_scalar::<_, bool>(AssertSqlSafe(look)).bind(text).fetch_one(pool).await? {
            holding.insert(format!("{table}.{column}"));
        }
    }
    Ok(holding)
}

async fn in_postgres(pool: &PgPool, text: &str) -> Result<BTreeSet<String>, sqlx::Error> {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
            .fetch_all(pool)
            .await?;
    let mut holding = BTreeSet::new();
    for table in tables {
        // Bytes stand in the row's JSON as hexadecimal digits.
        let look = format!(
            r#"select distinct field.key from "{table}" as row, jsonb_each_text(to_jsonb(row)) as field
            where position($1 in field.value) > 0
               or position(encode(convert_to($1, 'UTF8'), 'hex') in field.value) > 0"#
        );
        let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(look)).bind(text).fetch_all(pool).await?;
        holding.extend(columns.into_iter().map(|column| format!("{table}.{column}")));
    }
    Ok(holding)
}
