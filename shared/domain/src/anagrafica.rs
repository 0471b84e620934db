//! The citizen's personal data, as a case or the register holds it.
//!
//! Nothing here shows a value in `Debug`: logs and panics must not carry a name, a number or an address.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::{TextError, checked};

/// Why a number or an address was refused. Never repeats the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecapitoError {
    /// Blank, too long, or with U+0000.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Not a telephone number: 5 to 15 digits with an optional international prefix (ITU-T E.164).
    #[error(
        "il numero di telefono non è valido: servono da 5 a 15 cifre, con prefisso internazionale facoltativo"
    )]
    Telefono,
    /// Not an address of RFC 5321.
    #[error("l'indirizzo email non è valido")]
    Email,
}

macro_rules! personal {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The value. It is personal data: never log it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl TryFrom<String> for $name {
            type Error = RecapitoError;
            fn try_from(text: String) -> Result<Self, RecapitoError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }
    };
}

personal!(
    /// A name, a surname or a postal address.
    DatoPersonale
);
personal!(
    /// A telephone number in international form, `+39055…`, so that the same number is always the same text.
    /// A number without a prefix is Italian.
    Telefono
);
personal!(
    /// An email address, its domain in lower case.
    Email
);

impl DatoPersonale {
    /// Trimmed, not blank, at most 200 characters.
    pub fn new(text: &str) -> Result<Self, RecapitoError> {
        Ok(Self(checked(text.trim(), 200)?))
    }
}

impl Telefono {
    /// Keeps the digits; blanks, dots, dashes, slashes and brackets are how people write, not the number.
    pub fn new(text: &str) -> Result<Self, RecapitoError> {
        let written = checked(text.trim(), 40)?;
        let compact: String = written.chars().filter(|c| !" .-/()".contains(*c)).collect();
        let (prefixed, digits) = match (compact.strip_prefix('+'), compact.strip_prefix("00")) {
            (Some(rest), _) | (None, Some(rest)) => (true, rest),
            (None, None) => (false, compact.as_str()),
        };
        let international = if prefixed { digits.to_owned() } else { format!("39{digits}") };
        let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && digits.len() >= 5;
        if is_number && international.len() <= 15 && !international.starts_with('0') {
            Ok(Self(format!("+{international}")))
        } else {
            Err(RecapitoError::Telefono)
        }
    }
}

impl Email {
    /// Checks the form of RFC 5321; whether somebody reads it, only sending shows.
    pub fn new(text: &str) -> Result<Self, RecapitoError> {
        let text = checked(text.trim(), 254)?;
        let options = email_address::Options::default().without_display_text().without_domain_literal();
        let options = options.with_required_tld();
        let address = email_address::EmailAddress::parse_with_options(&text, options)
            .map_err(|_invalid| RecapitoError::Email)?;
        Ok(Self(format!("{}@{}", address.local_part(), address.domain().to_lowercase())))
    }
}

/// The citizen's data on a case (glossary). Which parts are mandatory depends on the motivo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anagrafica {
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nome: Option<DatoPersonale>,
    /// Surname.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cognome: Option<DatoPersonale>,
    /// Where the citizen can be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telefono: Option<Telefono>,
    /// Where the citizen can be written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Where the citizen lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indirizzo: Option<DatoPersonale>,
}

impl Anagrafica {
    /// What 4.1-6 and row 5 require and this lacks; empty when complete: nome, cognome, and telefono or email.
    pub fn missing_mandatory(&self) -> Vec<&'static str> {
        let reachable = self.telefono.is_some() || self.email.is_some();
        [
            (self.nome.is_none(), "nome"),
            (self.cognome.is_none(), "cognome"),
            (!reachable, "telefono oppure email"),
        ]
        .into_iter()
        .filter_map(|(missing, field)| missing.then_some(field))
        .collect()
    }

    /// Whether nothing at all was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This anagrafica with the given parts put in their places; parts that `change` leaves out stay.
    pub fn changed_by(&self, change: &Anagrafica) -> Anagrafica {
        Anagrafica {
            nome: change.nome.clone().or_else(|| self.nome.clone()),
            cognome: change.cognome.clone().or_else(|| self.cognome.clone()),
            telefono: change.telefono.clone().or_else(|| self.telefono.clone()),
            email: change.email.clone().or_else(|| self.email.clone()),
            indirizzo: change.indirizzo.clone().or_else(|| self.indirizzo.clone()),
        }
    }
}

/// Where a reported fact is (3-2).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Luogo {
    /// In words: street and number, or a description.
    pub indirizzo: DatoPersonale,
    /// WGS 84, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitudine: Option<f64>,
    /// WGS 84, degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitudine: Option<f64>,
}

impl fmt::Debug for Luogo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Luogo(…)")
    }
}

impl Luogo {
    /// Whether the coordinates, where given, are both given and on the globe.
    pub fn is_on_the_globe(&self) -> bool {
        match (self.latitudine, self.longitudine) {
            (None, None) => true,
            (Some(latitudine), Some(longitudine)) => {
                (-90.0..=90.0).contains(&latitudine) && (-180.0..=180.0).contains(&longitudine)
            }
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests;
