//! Text that is safe to keep: bounded, trimmed, and without the character that one of our engines refuses.

use serde::{Deserialize, Serialize};

/// Why a text was refused. The `Display` form is in Italian, for the operator who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("il testo è vuoto")]
    Empty,
    /// More characters than the limit.
    #[error("il testo ha {chars} caratteri, il massimo è {limit}")]
    TooLong {
        /// Characters found.
        chars: usize,
        /// Characters admitted.
        limit: usize,
    },
    /// U+0000, which PostgreSQL cannot store.
    #[error("il testo contiene il carattere nullo (U+0000)")]
    Null,
    /// A code or login with characters outside its alphabet.
    #[error("«{0}» non è un codice valido: sono ammesse lettere minuscole, cifre e i segni - . _ @")]
    NotACode(String),
}

/// Free text that somebody wrote: not blank, at most [`Testo::MAX_CHARS`] characters, no U+0000.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Testo(String);

impl Testo {
    /// The longest text a field takes, in characters.
    pub const MAX_CHARS: usize = 8_000;

    /// Trims and checks.
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text: String = text.into();
        checked(text.trim(), Self::MAX_CHARS).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Personal data may stand in any free text, so `Debug` shows only how long it is.
impl std::fmt::Debug for Testo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Testo({} chars)", self.0.chars().count())
    }
}

impl TryFrom<String> for Testo {
    type Error = TextError;
    fn try_from(text: String) -> Result<Self, TextError> {
        Self::new(text)
    }
}

impl From<Testo> for String {
    fn from(text: Testo) -> String {
        text.0
    }
}

/// A name or number that another system gave, as it is written there: not empty, at most [`NomeEsterno::MAX_CHARS`]
/// characters, no U+0000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NomeEsterno(String);

impl NomeEsterno {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 200;

    /// Checks, and changes nothing.
    pub fn new(name: impl Into<String>) -> Result<Self, TextError> {
        checked(&name.into(), Self::MAX_CHARS).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NomeEsterno {
    type Error = TextError;
    fn try_from(name: String) -> Result<Self, TextError> {
        Self::new(name)
    }
}

impl From<NomeEsterno> for String {
    fn from(name: NomeEsterno) -> String {
        name.0
    }
}

/// A bounded text, or the reason why it is none.
pub(crate) fn checked(text: &str, limit: usize) -> Result<String, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.contains('\0') {
        return Err(TextError::Null);
    }
    let chars = text.chars().count();
    if chars > limit {
        return Err(TextError::TooLong { chars, limit });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
