//! What can be wrong with the files, said in Italian to the person who wrote them and in English to ours.

use std::fmt;

use smista_domain::sms_text::{SmsEncoding, SmsLength};
use smista_domain::text::TextError;

/// One mistake and where it is. `Display` is in Italian; [`CatalogueFileError::english`] says the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CatalogueFileError {
    /// The file, relative to the folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The mistake.
    pub problem: Problem,
}

/// A mistake. Keys and codes are quoted as they stand in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each variant is explained by its two messages below")]
pub enum Problem {
    EmptyFolder,
    NotUtf8,
    Syntax(String),
    UnknownKey(String),
    MissingKey(&'static str),
    WrongType { key: String, wanted: Wanted },
    BadText { key: String, italian: String, english: String },
    UnknownValue { key: &'static str, value: String, admitted: &'static str },
    NoEnte,
    Duplicate { code: String, first_file: String, first_line: usize },
    Repeated { code: String },
    Unknown { key: &'static str, code: String },
    OfAnotherEnte { key: &'static str, code: String, ente: String },
    UnitInsideItself { code: String },
    NotAReferent { login: String, ente: String },
    ReservedLogin { login: String },
    NoFallback { ente: String },
    NeedsAvanzato { key: &'static str },
    NoSection,
    SmsTooLong { ucs2: bool, units: usize, parts: usize, max_units: usize, plain: Option<String> },
    NoSuchFile(String),
    DocumentTooLarge { size_bytes: u64, max_bytes: u64 },
}

/// The type that a value should have had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// A string.
    Text,
    /// An array of strings.
    Texts,
    /// `true` or `false`.
    Flag,
    /// `[[key]]`.
    Tables,
}

impl Problem {
    /// A text or code that its field does not take.
    pub(super) fn bad_text(key: &str, reason: &TextError) -> Self {
        let english = match reason {
            TextError::Empty => "the text is empty".to_owned(),
            TextError::TooLong { chars, limit } => {
                format!("the text has {chars} characters, the limit is {limit}")
            }
            TextError::Null => "the text contains the null character (U+0000)".to_owned(),
            TextError::NotACode(code) => {
                format!("“{code}” is not a code: lower-case letters, digits and - . _ @ are admitted")
            }
        };
        Self::BadText { key: key.to_owned(), italian: reason.to_string(), english }
    }

    /// A text that would take more messages than the gateway sends at once.
    pub(super) fn sms_too_long(length: SmsLength, max_parts: usize, plain: Option<String>) -> Self {
        let encoding = length.encoding;
        let max_units =
            if max_parts == 1 { encoding.units_alone() } else { encoding.units_per_part() * max_parts };
        let ucs2 = encoding == SmsEncoding::Ucs2;
        Self::SmsTooLong { ucs2, units: length.units, parts: length.parts, max_units, plain }
    }

    /// The message in Italian.
    pub fn italian(&self) -> String {
        match self {
            Self::EmptyFolder => "la cartella non contiene alcun Ente".into(),
            Self::NotUtf8 => "il file non è scritto in UTF-8".into(),
            Self::Syntax(reason) => format!("il file non è TOML valido: {reason}"),
            Self::UnknownKey(key) => format!("la chiave «{key}» non è prevista qui"),
            Self::MissingKey(key) => format!("manca la chiave «{key}»"),
            Self::WrongType { key, wanted } => format!("«{key}» deve essere {}", wanted.italian()),
            Self::BadText { key, italian, .. } => format!("«{key}»: {italian}"),
            Self::UnknownValue { key, value, admitted } => {
                format!("«{key}» non può valere «{value}»: i valori ammessi sono {admitted}")
            }
            Self::NoEnte => {
                "manca la chiave «ente»: in testa al file o, per un operatore, accanto al ruolo".into()
            }
            Self::Duplicate { code, first_file, first_line } => {
                format!("il codice «{code}» è già usato in {first_file}, riga {first_line}")
            }
            Self::Repeated { code } => format!("«{code}» compare due volte nello stesso elenco"),
            Self::Unknown { key, code } => format!("«{key}»: «{code}» non esiste nel catalogo"),
            Self::OfAnotherEnte { key, code, ente } => {
                format!("«{key}»: «{code}» appartiene all'Ente «{ente}»")
            }
            Self::UnitInsideItself { code } => {
                format!("la macrostruttura «{code}» finisce per far parte di sé stessa")
            }
            Self::NotAReferent { login, ente } => {
                format!("«{login}» non è un operatore di secondo livello dell'Ente «{ente}»")
            }
            Self::ReservedLogin { login } => {
                format!("l'utente «{login}» è riservato al sistema: occorre un altro nome utente")
            }
            Self::NoFallback { ente } => {
                format!("l'Ente «{ente}» ha servizi con profilo avanzato: indicare «gruppo_di_ripiego»")
            }
            Self::NeedsAvanzato { key } => format!("«{key}» richiede un servizio con profilo avanzato"),
            Self::NoSection => "la scheda non ha alcuna sezione".into(),
            Self::SmsTooLong { ucs2, units, parts, max_units, plain } => {
                let why = if *ucs2 { " perché contiene caratteri fuori dall'alfabeto GSM" } else { "" };
                let hint =
                    plain.as_ref().map(|text| format!("; si può scrivere: «{text}»")).unwrap_or_default();
                format!(
                    "il testo SMS occupa {units} unità in {parts} messaggi, il massimo è {max_units}{why}{hint}"
                )
            }
            Self::NoSuchFile(path) => format!("il documento «{path}» non si trova nella cartella"),
            Self::DocumentTooLarge { size_bytes, max_bytes } => {
                format!("il documento occupa {size_bytes} byte, il massimo è {max_bytes}")
            }
        }
    }

    /// The message in English.
    pub fn english(&self) -> String {
        match self {
            Self::EmptyFolder => "the folder defines no Ente".into(),
            Self::NotUtf8 => "the file is not UTF-8".into(),
            Self::Syntax(reason) => format!("the file is not valid TOML: {reason}"),
            Self::UnknownKey(key) => format!("the key “{key}” does not belong here"),
            Self::MissingKey(key) => format!("the key “{key}” is missing"),
            Self::WrongType { key, wanted } => format!("“{key}” must be {}", wanted.english()),
            Self::BadText { key, english, .. } => format!("“{key}”: {english}"),
            Self::UnknownValue { key, value, admitted } => {
                format!("“{key}” cannot be “{value}”: the values are {admitted}")
            }
            Self::NoEnte => {
                "the key “ente” is missing: at the head of the file or, for an operator, beside the role"
                    .into()
            }
            Self::Duplicate { code, first_file, first_line } => {
                format!("the code “{code}” is already used in {first_file}, line {first_line}")
            }
            Self::Repeated { code } => format!("“{code}” stands twice in one list"),
            Self::Unknown { key, code } => format!("“{key}”: “{code}” is not in the catalogue"),
            Self::OfAnotherEnte { key, code, ente } => {
                format!("“{key}”: “{code}” belongs to the Ente “{ente}”")
            }
            Self::UnitInsideItself { code } => format!("the unit “{code}” ends up inside itself"),
            Self::NotAReferent { login, ente } => {
                format!("“{login}” is no second-level operator of the Ente “{ente}”")
            }
            Self::ReservedLogin { login } => {
                format!("the login “{login}” is reserved for the system: choose another")
            }
            Self::NoFallback { ente } => {
                format!("the Ente “{ente}” has services on avanzato: name its “gruppo_di_ripiego”")
            }
            Self::NeedsAvanzato { key } => format!("“{key}” needs a service on avanzato"),
            Self::NoSection => "the sheet has no section".into(),
            Self::SmsTooLong { ucs2, units, parts, max_units, plain } => {
                let why = if *ucs2 { " because of characters outside the GSM alphabet" } else { "" };
                let hint =
                    plain.as_ref().map(|text| format!("; it could read: “{text}”")).unwrap_or_default();
                format!(
                    "the SMS text takes {units} units in {parts} messages, the limit is {max_units}{why}{hint}"
                )
            }
            Self::NoSuchFile(path) => format!("the document “{path}” is not in the folder"),
            Self::DocumentTooLarge { size_bytes, max_bytes } => {
                format!("the document takes {size_bytes} bytes, the limit is {max_bytes}")
            }
        }
    }
}

impl Wanted {
    fn italian(self) -> &'static str {
        match self {
            Self::Text => "un testo fra virgolette",
            Self::Texts => "un elenco di testi fra virgolette",
            Self::Flag => "true oppure false",
            Self::Tables => "un elenco di tabelle, scritte con doppie parentesi quadre",
        }
    }

    fn english(self) -> &'static str {
        match self {
            Self::Text => "a quoted text",
            Self::Texts => "a list of quoted texts",
            Self::Flag => "true or false",
            Self::Tables => "a list of tables, written with double brackets",
        }
    }
}

impl CatalogueFileError {
    /// The whole message in English; `Display` is the Italian one.
    pub fn english(&self) -> String {
        format!("{}:{}: {}", self.file, self.line, self.problem.english())
    }
}

impl fmt::Display for CatalogueFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem.italian())
    }
}

impl std::error::Error for CatalogueFileError {}
