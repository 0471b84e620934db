//! Pages of lists: a limit, and an opaque cursor that says where the next page begins. Oldest first.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, Utc};
use serde::Serialize;
use smista_domain::ids::CasoId;
use smista_store::{Cursor, Page, PageRequest};

use super::door_problem::DoorProblem;

/// Rows in a page when the caller does not say.
const DEFAULT_LIMIT: i64 = 50;
/// The most rows in a page.
pub(crate) const MAX_LIMIT: i64 = 200;

/// A page as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct PageView<T> {
    pub(crate) rows: Vec<T>,
    /// Give it back as `cursor` for the next page; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T> From<Page<T>> for PageView<T> {
    fn from(page: Page<T>) -> Self {
        Self { rows: page.rows, next: page.next.map(encode) }
    }
}

/// `?cursor=…&limit=…`.
pub(crate) struct PageQuery(pub(crate) PageRequest);

impl<S: Sync> FromRequestParts<S> for PageQuery {
    type Rejection = DoorProblem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, DoorProblem> {
        let query = Query::of(parts);
        page_request(query.get("cursor"), query.number("limit")?).map(Self)
    }
}

/// The query of an address, whose values are plain: numbers, codes and cursors.
pub(crate) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        Self(parts.uri.query().unwrap_or(""))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<Option<i64>, DoorProblem> {
        let number = self.get(name).map(|value| value.parse().ok().filter(|number| *number >= 0));
        number.map(|number| number.ok_or(DoorProblem::Parameter(name))).transpose()
    }
}

/// The page that a caller asks for.
pub(crate) fn page_request(cursor: Option<&str>, limit: Option<i64>) -> Result<PageRequest, DoorProblem> {
    let after = cursor.map(|cursor| decode(cursor).ok_or(DoorProblem::Parameter("cursor"))).transpose()?;
    Ok(PageRequest { after, limit: checked_limit(limit)? })
}

/// The page that a caller asks for in a body.
pub(crate) fn page_in_body(cursor: Option<&str>, limit: Option<i64>) -> Result<PageRequest, DoorProblem> {
    page_request(cursor, limit).map_err(|problem| match problem {
        DoorProblem::Parameter(name) => DoorProblem::BodyField(name),
        other => other,
    })
}

/// Whether a time is one that every store can hold: in a year from 1900 to 9999, as contacts have them.
pub(crate) fn can_be_sought(at: DateTime<Utc>) -> bool {
    (1900..=9999).contains(&at.year())
}

/// At least one row, at most 200.
pub(crate) fn checked_limit(limit: Option<i64>) -> Result<i64, DoorProblem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) { Ok(limit) } else { Err(DoorProblem::Parameter("limit")) }
}

fn encode(cursor: Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", cursor.opened_at.timestamp_micros(), cursor.id))
}

fn decode(text: &str) -> Option<Cursor> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (micros, id) = plain.split_once('.')?;
    let opened_at = DateTime::from_timestamp_micros(micros.parse().ok()?).filter(|at| can_be_sought(*at))?;
    Some(Cursor { opened_at, id: CasoId(id.parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_nothing_else_is_one() {
        let opened_at = DateTime::from_timestamp_micros(1_790_000_000_123_456).expect("a time");
        let cursor = Cursor { opened_at, id: CasoId(uuid::Uuid::from_u128(7)) };
        assert_eq!(decode(&encode(cursor)), Some(cursor));
        for text in ["", "abc", "MTIzLg", "%%%"] {
            assert_eq!(decode(text), None, "{text}");
        }
        for year in [-200_000, 1899, 10_000] {
            let opened_at = Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().expect("a time");
            assert_eq!(decode(&encode(Cursor { opened_at, ..cursor })), None, "{year}");
        }
    }

    #[test]
    fn a_page_has_at_least_one_row_and_at_most_two_hundred() {
        let limit = |limit| page_request(None, limit).map(|page| page.limit);
        assert_eq!(limit(None), Ok(DEFAULT_LIMIT));
        assert_eq!(limit(Some(200)), Ok(200));
        for wrong in [0, -1, 201] {
            assert_eq!(limit(Some(wrong)), Err(DoorProblem::Parameter("limit")));
        }
        let bad = page_request(Some("?"), None).map(|page| page.limit);
        assert_eq!(bad, Err(DoorProblem::Parameter("cursor")));
    }
}
