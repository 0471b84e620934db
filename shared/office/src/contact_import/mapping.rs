//! How the columns of a CSV file become contacts: a TOML file, read strictly.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use smista_domain::motivo::{CanaleInbound, Motivo, MotivoAnnullamento};

use super::local_time;

/// A mapping. Columns are named as in the file's header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Names where the contacts come from. With a line's key it is what the line is known by for ever: do not
    /// change it between two runs.
    pub source: String,
    /// What stands between two columns, if no comma: Excel writes `;` where it speaks Italian.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// The column that is unique in the source.
    pub key: String,
    /// When the contact took place; now, if left out.
    pub opened_at: Option<TimeColumn>,
    /// The service.
    pub servizio: ServiceColumns,
    /// The channel.
    pub canale: ChannelColumn,
    /// The first rule whose conditions hold gives the motivo.
    pub motivo: Vec<MotivoRule>,
    /// Lines that open and cancel at once (row 12).
    pub annullamento: Option<CancelRule>,
    /// The description: text with `{column}` in it.
    pub description: String,
    /// Where the reported fact is.
    pub place: Option<PlaceColumns>,
    /// The citizen's data.
    pub anagrafica: Option<CitizenColumns>,
}

/// A column with a local time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeColumn {
    /// The column.
    pub column: String,
    /// Its form, as strftime writes it.
    pub format: String,
    /// It holds a day without a time, which is taken as the midnight that it begins with.
    #[serde(default)]
    pub date_only: bool,
    /// Its time zone, by IANA name.
    pub zone: Tz,
}

/// Columns that name the service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceColumns {
    /// The column with the Ente.
    pub ente: String,
    /// The Macrostruttura of all services.
    pub macrostruttura: String,
    /// The column with the service.
    pub servizio: String,
    /// Whether Enti and services that the catalogue lacks are created, on profilo base.
    #[serde(default)]
    pub create_unseen: bool,
}

/// The column with the channel, and what its values mean. A value that is not listed is refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelColumn {
    /// The column.
    pub column: String,
    /// What each value means here.
    pub values: BTreeMap<String, CanaleInbound>,
}

/// A motivo, and when it is meant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MotivoRule {
    /// Columns with the values that they must have; none: always.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// The motivo.
    pub is: Motivo,
}

/// Lines to cancel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelRule {
    /// Columns with the values that they must have.
    pub when: BTreeMap<String, String>,
    /// The reason.
    pub motivo: MotivoAnnullamento,
    /// More about it.
    pub note: Option<String>,
}

/// Columns of a place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceColumns {
    /// Street and number.
    pub indirizzo: String,
    /// Degrees.
    pub latitudine: Option<String>,
    /// Degrees.
    pub longitudine: Option<String>,
}

/// Columns of the citizen's data, or none and invented data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitizenColumns {
    /// Lines with these values have no anagrafica.
    #[serde(default)]
    pub unless: BTreeMap<String, String>,
    /// Invents a citizen from the line's key, always the same one; for files whose personal data was removed.
    #[serde(default)]
    pub made_up: bool,
    /// Column.
    pub nome: Option<String>,
    /// Column.
    pub cognome: Option<String>,
    /// Column.
    pub telefono: Option<String>,
    /// Column.
    pub email: Option<String>,
    /// Column.
    pub indirizzo: Option<String>,
}

/// A mapping that cannot be read, with the place.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file.
    #[error("cannot read the mapping")]
    File(#[from] std::io::Error),
    /// Its contents.
    #[error("the mapping is not valid")]
    Toml(#[from] toml::de::Error),
    /// The CSV file lacks columns that the mapping names.
    #[error("the file has no columns {0:?}, which the mapping names")]
    MissingColumns(Vec<String>),
    /// Two columns of the CSV file have one name.
    #[error("the file has several columns named {0:?}: the mapping could mean any of them")]
    DuplicateColumns(Vec<String>),
    /// The header is one column, with something in it that separates columns elsewhere.
    #[error("the header is a single column with {0:?} in it: put `delimiter = {0:?}` in the mapping")]
    OtherDelimiter(char),
    /// The delimiter is no character of ASCII.
    #[error("the delimiter {0:?} is not a single ASCII character")]
    Delimiter(char),
    /// The header is written in another encoding.
    #[error(
        "the file is not UTF-8: save it as \"CSV UTF-8\", or convert it with `iconv -f WINDOWS-1252 -t UTF-8`"
    )]
    NotUtf8,
    /// Two names that the file tells apart would be one service, or one Ente, of the catalogue.
    #[error(
        "{one:?} and {other:?} would both get the code {code:?}: create one of them in the catalogue first"
    )]
    SameCode {
        /// The code.
        code: String,
        /// A name.
        one: String,
        /// Another.
        other: String,
    },
    /// The CSV file cannot be opened or has no header.
    #[error("cannot read the CSV file")]
    Csv(#[from] csv::Error),
}

/// Reads a mapping.
pub fn read_mapping(path: &Path) -> Result<Mapping, MappingError> {
    Ok(toml::from_str(&std::fs::read_to_string(path)?)?)
}

impl TimeColumn {
    /// The instant of a local time.
    pub(super) fn instant(&self, text: &str) -> Option<DateTime<Utc>> {
        let text = text.trim();
        let local = if self.date_only {
            NaiveDate::parse_from_str(text, &self.format).ok()?.and_time(NaiveTime::MIN)
        } else {
            NaiveDateTime::parse_from_str(text, &self.format).ok()?
        };
        local_time::instant(local, self.zone)
    }
}

fn comma() -> char {
    ','
}

impl Mapping {
    /// What stands between two columns, as a CSV reader takes it.
    pub(super) fn delimiter_byte(&self) -> Result<u8, MappingError> {
        let ascii = self.delimiter.is_ascii().then(|| u8::try_from(self.delimiter).ok()).flatten();
        ascii.ok_or(MappingError::Delimiter(self.delimiter))
    }

    /// Every column that the mapping names.
    pub(super) fn columns(&self) -> Vec<&str> {
        let mut columns = vec![
            self.key.as_str(),
            self.servizio.ente.as_str(),
            self.servizio.servizio.as_str(),
            self.canale.column.as_str(),
        ];
        columns.extend(self.opened_at.iter().map(|time| time.column.as_str()));
        columns.extend(self.motivo.iter().flat_map(|rule| rule.when.keys()).map(String::as_str));
        columns.extend(self.annullamento.iter().flat_map(|rule| rule.when.keys()).map(String::as_str));
        columns.extend(pieces(&self.description).filter_map(|piece| piece.ok()));
        if let Some(place) = &self.place {
            columns.push(&place.indirizzo);
            columns.extend([&place.latitudine, &place.longitudine].into_iter().flatten().map(String::as_str));
        }
        if let Some(citizen) = &self.anagrafica {
            let fields =
                [&citizen.nome, &citizen.cognome, &citizen.telefono, &citizen.email, &citizen.indirizzo];
            columns.extend(fields.into_iter().flatten().map(String::as_str));
            columns.extend(citizen.unless.keys().map(String::as_str));
        }
        columns
    }
}

/// The pieces of a text with `{column}` in it: `Ok` a column, `Err` plain text.
pub(super) fn pieces(template: &str) -> impl Iterator<Item = Result<&str, &str>> {
    template.split('{').enumerate().flat_map(|(place, piece)| {
        match piece.split_once('}') {
            Some((column, text)) if place > 0 => [Some(Ok(column)), Some(Err(text))],
            _ => [Some(Err(piece)), None],
        }
        .into_iter()
        .flatten()
    })
}
