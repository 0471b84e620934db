//! Names of things: codes that people give (catalogue, logins) and identifiers that the system gives.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text::{TextError, checked};

macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $limit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Lower-case letters, digits and `- . _ @`, at most the length that its column takes.
            pub fn new(code: impl Into<String>) -> Result<Self, TextError> {
                let code: String = code.into();
                let admitted = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._@".contains(c);
                let code = checked(&code, $limit)?;
                if code.chars().all(admitted) { Ok(Self(code)) } else { Err(TextError::NotACode(code)) }
            }

            /// The code as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;
            fn try_from(code: String) -> Result<Self, TextError> {
                Self::new(code)
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> String {
                code.0
            }
        }
    };
}

code!(
    /// A public body: `firenze`, `provincia-firenze`.
    EnteId, 64
);
code!(
    /// An organisational unit within its Ente: `servizi-demografici`.
    MacrostrutturaId, 96
);
code!(
    /// A service within its Macrostruttura: `carta-identita`.
    ServizioId, 96
);
code!(
    /// A group of second-level referents, unique over all Enti: `firenze-anagrafe`.
    GruppoId, 96
);
code!(
    /// A sheet of the knowledge base, unique over all Enti.
    SchedaId, 128
);
code!(
    /// A document that the knowledge base holds, unique over all Enti.
    DocumentoId, 128
);
code!(
    /// The login of an operator or of a named system actor (clause 2-1).
    Login, 64
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id!(
    /// A Caso. UUIDv7, so that ids sort by registration.
    CasoId
);
uuid_id!(
    /// A contact that may have opened several cases (R22).
    ContattoId
);
uuid_id!(
    /// A citizen of the register (R24).
    CittadinoId
);
uuid_id!(
    /// A published fact: made of its case's row of history and its place there, so that repeating it repeats its id.
    FactId
);

/// Ente / Macrostruttura / Servizio: names one service (clause 3-3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tripletta {
    /// The body that offers the service.
    pub ente: EnteId,
    /// The unit that is responsible for it.
    pub macrostruttura: MacrostrutturaId,
    /// The service.
    pub servizio: ServizioId,
}

impl fmt::Display for Tripletta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.ente, self.macrostruttura, self.servizio)
    }
}

/// The number that the citizen hears: `2026-000042`. Unique within the year of registration in Europe/Rome;
/// gaps are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Protocollo {
    /// Year of registration, Europe/Rome.
    pub anno: i32,
    /// Counter within the year, from 1.
    pub numero: i64,
}

impl fmt::Display for Protocollo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:06}", self.anno, self.numero)
    }
}

/// A text that is not a protocol number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» non è un numero di protocollo (esempio: 2026-000042)")]
pub struct NotAProtocollo(pub String);

impl std::str::FromStr for Protocollo {
    type Err = NotAProtocollo;
    fn from_str(text: &str) -> Result<Self, NotAProtocollo> {
        let refused = || NotAProtocollo(text.chars().take(40).collect());
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (anno, numero) = text.trim().split_once('-').ok_or_else(refused)?;
        if anno.len() != 4 || !digits(anno) || !digits(numero) {
            return Err(refused());
        }
        match (anno.parse(), numero.parse()) {
            (Ok(anno), Ok(numero)) if numero > 0 => Ok(Self { anno, numero }),
            _ => Err(refused()),
        }
    }
}

impl TryFrom<String> for Protocollo {
    type Error = NotAProtocollo;
    fn try_from(text: String) -> Result<Self, NotAProtocollo> {
        text.parse()
    }
}

impl From<Protocollo> for String {
    fn from(protocollo: Protocollo) -> String {
        protocollo.to_string()
    }
}

#[cfg(test)]
mod tests;
