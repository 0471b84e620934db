//! The headers that make a command safe to repeat or bind it to a version: `If-Match`, `Idempotency-Key`,
//! `traceparent`.

use axum::http::{HeaderMap, HeaderValue, header};
use smista_domain::command::CommandKind;

use super::door_problem::DoorProblem;

/// The header by which a client makes a POST safe to repeat.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest key, in bytes.
const KEY_BYTES: usize = 128;

/// The entity tag of a version (RFC 9110, 8.8.3).
pub(crate) fn etag(versione: i64) -> String {
    format!("\"{versione}\"")
}

/// The version that a command is for. Mandatory for what moves a case; `*` and weak tags say no version.
pub(crate) fn expected_version(headers: &HeaderMap, kind: CommandKind) -> Result<Option<i64>, DoorProblem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return if moves_the_case(kind) { Err(DoorProblem::PreconditionRequired) } else { Ok(None) };
    };
    let tag = value.to_str().ok().map(str::trim);
    let digits = tag.and_then(|tag| tag.strip_prefix('"')).and_then(|tag| tag.strip_suffix('"'));
    digits
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .map(Some)
        .ok_or(DoorProblem::PreconditionMalformed)
}

/// Whether a command depends on where the case stands: all but those that only add to it.
pub(crate) fn moves_the_case(kind: CommandKind) -> bool {
    !matches!(kind, CommandKind::Note | CommandKind::CorrectAnagrafica | CommandKind::Contribute)
}

/// The client's key, if it gave one.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, DoorProblem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let printable = |key: &&str| {
        (1..=KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
    };
    let key = value.to_str().ok().map(str::trim).filter(printable);
    key.map(|key| Some(key.to_owned())).ok_or(DoorProblem::IdempotencyKeyMalformed)
}

/// The header of W3C Trace Context.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// The caller's trace context; one that is malformed is ignored.
pub(crate) fn traceparent(headers: &HeaderMap) -> Option<String> {
    smista_queues::traceparent::valid(headers.get(TRACEPARENT).map(HeaderValue::to_str)?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header"));
        headers
    }

    #[test]
    fn what_moves_a_case_needs_the_version_that_the_caller_saw() {
        let none = HeaderMap::new();
        assert_eq!(expected_version(&none, CommandKind::Reject), Err(DoorProblem::PreconditionRequired));
        assert_eq!(expected_version(&none, CommandKind::Note), Ok(None));
        assert_eq!(expected_version(&none, CommandKind::CorrectAnagrafica), Ok(None));
        assert_eq!(expected_version(&none, CommandKind::Contribute), Ok(None));
        let seen = with("if-match", &etag(12));
        assert_eq!(expected_version(&seen, CommandKind::Reject), Ok(Some(12)));
        assert_eq!(expected_version(&seen, CommandKind::Note), Ok(Some(12)));
    }

    #[test]
    fn a_tag_that_says_no_version_is_refused() {
        for tag in ["*", "12", "W/\"12\"", "\"\"", "\"+1\"", "\"1\", \"2\"", "\"99999999999999999999\""] {
            let refused = expected_version(&with("if-match", tag), CommandKind::Accept);
            assert_eq!(refused, Err(DoorProblem::PreconditionMalformed), "{tag}");
        }
    }

    #[test]
    fn an_idempotency_key_is_short_and_printable() {
        assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
        assert_eq!(idempotency_key(&with(IDEMPOTENCY_KEY, " a-1 ")), Ok(Some("a-1".to_owned())));
        for key in ["", " ", &"x".repeat(129)] {
            let refused = idempotency_key(&with(IDEMPOTENCY_KEY, key));
            assert_eq!(refused, Err(DoorProblem::IdempotencyKeyMalformed), "{key}");
        }
    }
}
