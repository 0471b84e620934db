//! The closed list of answers that a handler may give for a message, and the bounded text of an error.

use std::fmt;

use chrono::{DateTime, Utc};

/// What became of one message. Only the runner turns it into an acknowledgement, a wait or a parked row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its effects are committed.
    Done,
    /// It asks for nothing (any more); says why. Seen before counts here too.
    NothingToDo(String),
    /// Not yet: bring it back at this instant. Counts as no attempt.
    Later(DateTime<Utc>),
    /// It failed and may succeed later: the queue's ladder of waits decides when.
    Transient(ErrorText),
    /// It will never succeed: a person must see it.
    Permanent(ErrorText),
}

/// An error judged, once, at the edge where it was born: `From<SomeError> for Failure` lives beside `SomeError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    Transient(ErrorText),
    Permanent(ErrorText),
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transient(text) => Outcome::Transient(text),
            Failure::Permanent(text) => Outcome::Permanent(text),
        }
    }
}

/// An error's text, at most 1 KiB of UTF-8 without U+0000, which PostgreSQL cannot store. Must hold no personal data: it is stored, listed and logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorText(String);

impl ErrorText {
    /// In bytes.
    pub const LIMIT: usize = 1024;

    pub fn new(text: impl fmt::Display) -> Self {
        let mut text = text.to_string().replace('\0', "\u{fffd}");
        text.truncate(text.floor_char_boundary(Self::LIMIT));
        Self(text)
    }

    /// The error and its sources, outermost first, joined by colons.
    pub fn chain(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        Self::new(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_text_is_cut_at_a_character_within_one_kib() {
        let text = ErrorText::new("è".repeat(600) + "x");
        assert_eq!(text.as_str(), "è".repeat(512));
        let odd = ErrorText::new(format!("x{}", "è".repeat(600)));
        assert_eq!(odd.as_str().len(), 1023);
    }

    #[test]
    fn an_error_text_can_be_stored_whatever_it_quotes() {
        assert_eq!(ErrorText::new("not a name: a\0b").as_str(), "not a name: a\u{fffd}b");
    }
}
