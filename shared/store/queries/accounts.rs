//! Clients, their tokens, and what is purged when it has had its time.

use chrono::{DateTime, Utc};
use smista_store::{ApiToken, Cliente, Delegation, Expired, PURGE_CHUNK, Purged};
use sqlx::types::Json;

use super::{Answer, Fault, micros};
use crate::Connection;

type Time = DateTime<Utc>;

struct TokenRow {
    prefix: String,
    digest: Vec<u8>,
    cliente: String,
    created_at: Time,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    revoked_at: Option<Time>,
}

impl TokenRow {
    fn read(self) -> Answer<ApiToken> {
        let wrong_length = |_digest| Fault::corrupt("token", "a digest is not 32 bytes long");
        Ok(ApiToken {
            prefix: self.prefix,
            digest: self.digest.try_into().map_err(wrong_length)?,
            cliente: self.cliente,
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
        })
    }
}

pub(crate) async fn save_cliente(connection: &mut Connection, cliente: &Cliente) -> Answer<()> {
    sqlx::query!(
        "insert into cliente (nome, delegation) values ($1, $2)
        on conflict (nome) do update set delegation = excluded.delegation",
        cliente.nome,
        Json(&cliente.delegation) as _
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn cliente(connection: &mut Connection, nome: &str) -> Answer<Option<Cliente>> {
    let row = sqlx::query!(
        r#"select nome, delegation as "delegation!: Json<Delegation>" from cliente where nome = $1"#,
        nome
    )
    .fetch_optional(&mut *connection)
    .await?;
    Ok(row.map(|row| Cliente { nome: row.nome, delegation: row.delegation.0 }))
}

pub(crate) async fn save_token(connection: &mut Connection, token: &ApiToken) -> Answer<()> {
    sqlx::query!(
        "insert into api_token
            (prefix, digest, cliente, created_at, expires_at, last_used_at, revoked_at)
        values ($1, $2, $3, $4, $5, $6, $7)",
        token.prefix,
        &token.digest[..],
        token.cliente,
        micros(token.created_at),
        token.expires_at.map(micros),
        token.last_used_at.map(micros),
        token.revoked_at.map(micros)
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn token_by_digest(
    connection: &mut Connection,
    digest: &[u8; 32],
) -> Answer<Option<(ApiToken, Cliente)>> {
    let row = sqlx::query!(
        r#"select prefix, digest, cliente, created_at as "created_at!: Time", expires_at as "expires_at: Time",
            last_used_at as "last_used_at: Time", revoked_at as "revoked_at: Time",
            delegation as "delegation!: Json<Delegation>"
        from api_token join cliente on cliente.nome = api_token.cliente where digest = $1"#,
        &digest[..]
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let cliente = Cliente { nome: row.cliente.clone(), delegation: row.delegation.0 };
    let token = TokenRow {
        prefix: row.prefix,
        digest: row.digest,
        cliente: row.cliente,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    };
    Ok(Some((token.read()?, cliente)))
}

pub(crate) async fn tokens(connection: &mut Connection) -> Answer<Vec<ApiToken>> {
    let rows = sqlx::query_as!(
        TokenRow,
        r#"select prefix, digest, cliente, created_at as "created_at!: Time", expires_at as "expires_at: Time",
            last_used_at as "last_used_at: Time", revoked_at as "revoked_at: Time"
        from api_token order by created_at, prefix"#
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter().map(TokenRow::read).collect()
}

pub(crate) async fn touch_token(connection: &mut Connection, prefix: &str, at: Time) -> Answer<()> {
    sqlx::query!("update api_token set last_used_at = $2 where prefix = $1", prefix, micros(at))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Whether there was a token to end.
pub(crate) async fn revoke_token(connection: &mut Connection, prefix: &str, at: Time) -> Answer<bool> {
    let ended = sqlx::query!(
        "update api_token set revoked_at = coalesce(revoked_at, $2) where prefix = $1",
        prefix,
        micros(at)
    )
    .execute(&mut *connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// The oldest go first, at most a chunk of each table.
pub(crate) async fn purge(connection: &mut Connection, expired: &Expired) -> Answer<Purged> {
    let chunk = i64::try_from(PURGE_CHUNK).unwrap_or(i64::MAX);
    let inbox = sqlx::query!(
        "delete from inbox where (worker, source, id) in (
            select worker, source, id from inbox where received_at < $1 order by received_at limit $2
        )",
        micros(expired.inbox_before),
        chunk
    )
    .execute(&mut *connection)
    .await?;
    let idempotency = sqlx::query!(
        "delete from idempotency where (cliente, key) in (
            select cliente, key from idempotency where at < $1 order by at limit $2
        )",
        micros(expired.idempotency_before),
        chunk
    )
    .execute(&mut *connection)
    .await?;
    let parked = sqlx::query!(
        "delete from parcheggio where id in (
            select id from parcheggio where parked_at < $1 order by parked_at limit $2
        )",
        micros(expired.parked_before),
        chunk
    )
    .execute(&mut *connection)
    .await?;
    Ok(Purged {
        inbox: inbox.rows_affected(),
        idempotency: idempotency.rows_affected(),
        parked: parked.rows_affected(),
    })
}
