//! Parked messages as read back, and their end.

use chrono::{DateTime, Utc};
use smista_queues::{Client, DeliveryRef, ErrorText, Parked, ParkedId, ParkedMessage, ShelfError};
use smista_store::StoreError;
use sqlx::types::Json;

use super::{Answer, Fault};
use crate::Connection;

type Time = DateTime<Utc>;
pub(crate) type Headers = Vec<(String, String)>;

struct ParkedRow {
    id: i64,
    queue: String,
    source: Option<String>,
    message_id: Option<String>,
    message_type: Option<String>,
    body: Vec<u8>,
    headers: Json<Headers>,
    client: Option<String>,
    reason: String,
    attempt: i64,
    parked_at: Time,
}

impl ParkedRow {
    fn read(self) -> Answer<ParkedMessage> {
        let client = |text: String| {
            Client::from_text(&text)
                .ok_or_else(|| Fault::corrupt("parcheggio", "its client has no such form"))
        };
        let parked = Parked {
            // It is in no queue any more.
            delivery: DeliveryRef::SpoolRow(0),
            queue: self.queue,
            source: self.source,
            message_id: self.message_id,
            message_type: self.message_type,
            body: self.body.into(),
            headers: self.headers.0,
            client: self.client.map(client).transpose()?,
            reason: ErrorText::new(self.reason),
            attempt: u32::try_from(self.attempt).map_err(|error| Fault::corrupt("parcheggio", error))?,
            parked_at: self.parked_at,
        };
        Ok(ParkedMessage { id: ParkedId(self.id), parked })
    }
}

/// Numbers start at 1, so everything comes after 0.
pub(crate) async fn list(
    connection: &mut Connection,
    after: Option<ParkedId>,
    most: usize,
) -> Answer<Vec<ParkedMessage>> {
    let after = after.map_or(0, |id| id.0);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = sqlx::query_as!(
        ParkedRow,
        r#"select id as "id!", queue, source, message_id, message_type, body, headers as "headers!: Json<Headers>", client,
            reason, attempt, parked_at as "parked_at!: Time"
        from parcheggio where id > $1 order by id limit $2"#,
        after,
        most
    )
    .fetch_all(&mut *connection)
    .await?;
    rows.into_iter().map(ParkedRow::read).collect()
}

pub(crate) async fn find(connection: &mut Connection, id: ParkedId) -> Answer<Option<ParkedMessage>> {
    let row = sqlx::query_as!(
        ParkedRow,
        r#"select id as "id!", queue, source, message_id, message_type, body, headers as "headers!: Json<Headers>", client,
            reason, attempt, parked_at as "parked_at!: Time"
        from parcheggio where id = $1"#,
        id.0
    )
    .fetch_optional(&mut *connection)
    .await?;
    row.map(ParkedRow::read).transpose()
}

/// Whether it was there.
pub(crate) async fn drop(connection: &mut Connection, id: ParkedId) -> Answer<bool> {
    let gone = sqlx::query!("delete from parcheggio where id = $1", id.0).execute(&mut *connection).await?;
    Ok(gone.rows_affected() == 1)
}

impl From<Fault> for ShelfError {
    fn from(fault: Fault) -> Self {
        let error = StoreError::from(fault);
        let text = ErrorText::chain(&error).to_string();
        if matches!(error, StoreError::Data(_)) { Self::Data(text) } else { Self::Unavailable(text) }
    }
}
