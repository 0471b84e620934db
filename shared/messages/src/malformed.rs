//! Why a body could not be read: which field, what is wrong with it, in both languages.
//!
//! Knows what serde and the domain's types say when they refuse. Lets nothing through that the sender wrote: neither a
//! value nor the name of a field that we do not know, for both may be a citizen's words.

use smista_domain::anagrafica::RecapitoError;
use smista_domain::text::TextError;

use crate::problem::Language;

/// Why a command's data could not be read. Names the field, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No command of this type comes in from outside.
    #[error("no command is called {0}")]
    UnknownType(String),
    /// A `case.*` command without a case in its subject.
    #[error("the subject must be the id of a case")]
    NoCase,
    /// Data of a version that this release does not read.
    #[error("the version of the data is not known")]
    UnknownVersion,
    /// Data that does not fit.
    #[error("{}: {}", .path.as_deref().unwrap_or("."), .reason.told(Language::English))]
    Data {
        /// Where, as a path of fields; none for the whole.
        path: Option<String>,
        /// What is wrong.
        reason: Reason,
    },
}

/// What is wrong with a body, or with a field of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No JSON, from this place on.
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// JSON, and something after it.
    AfterTheEnd,
    /// The field is mandatory.
    MissingField,
    /// There is a field that the place does not know.
    UnknownField {
        /// Those that it knows.
        known: Vec<String>,
    },
    /// The field stands there twice.
    DuplicateField,
    /// None of the names that the field admits.
    UnknownName {
        /// Those names.
        admitted: Vec<String>,
    },
    /// Another JSON type than this.
    WrongType(JsonType),
    /// A text with nothing in it.
    Empty,
    /// A text that is too long.
    TooLong {
        /// The most characters.
        limit: usize,
    },
    /// A text with U+0000.
    Null,
    /// No telephone number.
    NotATelefono,
    /// No email address.
    NotAnEmail,
    /// No code.
    NotACode,
    /// No number of a case.
    NotAProtocollo,
    /// No UUID.
    NotAnId,
    /// No time of RFC 3339.
    NotATime,
    /// Wrong in a way that has no name here.
    DoesNotFit,
}

/// What JSON calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// `"…"`.
    Text,
    /// `1`.
    Number,
    /// `true`.
    Boolean,
    /// `{…}`.
    Object,
    /// `[…]`.
    List,
    /// What it should be is not known.
    Another,
}

impl Malformed {
    /// What serde found, told without what it found it in. `is_json` says whether the whole is JSON.
    pub(crate) fn of(error: &serde_path_to_error::Error<serde_json::Error>, is_json: bool) -> Self {
        let path = error.path().to_string();
        let reason = reason(error.inner(), is_json);
        let path = match &reason {
            // serde names the object that lacks it, or has it twice; the field's name is one of ours.
            Reason::MissingField | Reason::DuplicateField => match quoted(&error.inner().to_string()).first()
            {
                Some(field) if path == "." => field.clone(),
                Some(field) => format!("{path}.{field}"),
                None => path,
            },
            // The unknown name is the sender's own: only where it stands is told.
            Reason::UnknownField { .. } => path.rsplit_once('.').map_or(".", |(parent, _)| parent).to_owned(),
            _ => path,
        };
        Self::Data {
            path: (path != "." && !path.is_empty()).then(|| path.chars().take(200).collect()),
            reason,
        }
    }

    /// The field at fault.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Data { path, .. } => path.as_deref(),
            Self::NoCase => Some("subject"),
            Self::UnknownType(_) => Some("type"),
            Self::UnknownVersion => Some("dataschema"),
        }
    }

    /// What is wrong, for people.
    pub fn told(&self, language: Language) -> String {
        match (self, language) {
            (Self::UnknownType(_), Language::Italian) => {
                "Nessun comando ammesso dall'esterno ha questo tipo.".to_owned()
            }
            (Self::UnknownType(_), Language::English) => {
                "No command that may come from outside has this type.".to_owned()
            }
            (Self::UnknownVersion, Language::Italian) => {
                "La versione dei dati del messaggio non è conosciuta.".to_owned()
            }
            (Self::UnknownVersion, Language::English) => {
                "The version of the message's data is not known.".to_owned()
            }
            (Self::NoCase, Language::Italian) => {
                "Il soggetto del messaggio deve essere l'identificativo di un caso.".to_owned()
            }
            (Self::NoCase, Language::English) => "The subject must be the id of a case.".to_owned(),
            (Self::Data { path: None, reason }, _) => sentence(&reason.told(language)),
            (Self::Data { path: Some(path), reason }, Language::Italian) => {
                format!("Campo «{path}»: {}.", reason.told(language))
            }
            (Self::Data { path: Some(path), reason }, Language::English) => {
                format!("Field «{path}»: {}.", reason.told(language))
            }
        }
    }
}

/// With a capital at the front and a full stop at the end.
fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str())
}

impl Reason {
    /// What is wrong, without a full stop.
    pub fn told(&self, language: Language) -> String {
        match language {
            Language::Italian => self.italian(),
            Language::English => self.english(),
        }
    }

    fn italian(&self) -> String {
        match self {
            Self::NotJson { line, column } => {
                format!("il corpo non è JSON valido (riga {line}, colonna {column})")
            }
            Self::AfterTheEnd => "c'è dell'altro testo dopo la fine del corpo JSON".to_owned(),
            Self::MissingField => "il campo è obbligatorio e manca".to_owned(),
            Self::UnknownField { known } if known.is_empty() => "non sono ammessi campi".to_owned(),
            Self::UnknownField { known } => {
                format!("c'è un campo sconosciuto; sono ammessi: {}", known.join(", "))
            }
            Self::DuplicateField => "il campo è indicato due volte".to_owned(),
            Self::UnknownName { admitted } => {
                format!("il valore non è tra quelli ammessi: {}", admitted.join(", "))
            }
            Self::WrongType(JsonType::Text) => "serve un testo".to_owned(),
            Self::WrongType(JsonType::Number) => "serve un numero".to_owned(),
            Self::WrongType(JsonType::Boolean) => "serve true oppure false".to_owned(),
            Self::WrongType(JsonType::Object) => "serve un oggetto JSON".to_owned(),
            Self::WrongType(JsonType::List) => "serve una lista JSON".to_owned(),
            Self::WrongType(JsonType::Another) => "il valore è di un tipo non ammesso".to_owned(),
            Self::Empty => TextError::Empty.to_string(),
            Self::TooLong { limit } => format!("il testo supera il massimo di {limit} caratteri"),
            Self::Null => TextError::Null.to_string(),
            Self::NotATelefono => RecapitoError::Telefono.to_string(),
            Self::NotAnEmail => RecapitoError::Email.to_string(),
            Self::NotACode => {
                "non è un codice valido: sono ammesse lettere minuscole, cifre e i segni - . _ @".to_owned()
            }
            Self::NotAProtocollo => "non è un numero di protocollo (esempio: 2026-000042)".to_owned(),
            Self::NotAnId => "non è un identificativo (UUID)".to_owned(),
            Self::NotATime => "non è un istante (esempio: 2026-11-20T09:30:00Z)".to_owned(),
            Self::DoesNotFit => "il valore non è valido".to_owned(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::NotJson { line, column } => {
                format!("the body is no valid JSON (line {line}, column {column})")
            }
            Self::AfterTheEnd => "there is text after the end of the JSON body".to_owned(),
            Self::MissingField => "the field is mandatory and missing".to_owned(),
            Self::UnknownField { known } if known.is_empty() => "no fields are admitted".to_owned(),
            Self::UnknownField { known } => {
                format!("there is an unknown field; admitted are: {}", known.join(", "))
            }
            Self::DuplicateField => "the field is given twice".to_owned(),
            Self::UnknownName { admitted } => {
                format!("the value is none of those admitted: {}", admitted.join(", "))
            }
            Self::WrongType(JsonType::Text) => "it must be a text".to_owned(),
            Self::WrongType(JsonType::Number) => "it must be a number".to_owned(),
            Self::WrongType(JsonType::Boolean) => "it must be true or false".to_owned(),
            Self::WrongType(JsonType::Object) => "it must be a JSON object".to_owned(),
            Self::WrongType(JsonType::List) => "it must be a JSON list".to_owned(),
            Self::WrongType(JsonType::Another) => "the value is of a type that is not admitted".to_owned(),
            Self::Empty => "the text is empty".to_owned(),
            Self::TooLong { limit } => format!("the text is longer than {limit} characters"),
            Self::Null => "the text holds the null character (U+0000)".to_owned(),
            Self::NotATelefono => {
                "not a telephone number: 5 to 15 digits, with or without an international prefix".to_owned()
            }
            Self::NotAnEmail => "not an email address".to_owned(),
            Self::NotACode => {
                "not a code: lower-case letters, digits and the signs - . _ @ are admitted".to_owned()
            }
            Self::NotAProtocollo => "not the number of a case (for instance 2026-000042)".to_owned(),
            Self::NotAnId => "not an identifier (UUID)".to_owned(),
            Self::NotATime => "not a time (for instance 2026-11-20T09:30:00Z)".to_owned(),
            Self::DoesNotFit => "the value is not valid".to_owned(),
        }
    }
}

/// serde's words, recognised. They quote what was found, so none of them is passed on.
fn reason(error: &serde_json::Error, is_json: bool) -> Reason {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text);
    if !is_json {
        return Reason::NotJson { line: error.line(), column: error.column() };
    }
    // A value where a name from a list belongs is a fault of syntax to serde.
    if error.classify() != serde_json::error::Category::Data {
        return Reason::WrongType(JsonType::Another);
    }
    if text.starts_with("missing field") {
        Reason::MissingField
    } else if text.starts_with("duplicate field") {
        Reason::DuplicateField
    } else if text.starts_with("unknown field") {
        Reason::UnknownField { known: admitted(text) }
    } else if text.starts_with("unknown variant") {
        Reason::UnknownName { admitted: admitted(text) }
    } else if text.starts_with("invalid type") || text.starts_with("invalid length") {
        Reason::WrongType(expected_type(text))
    } else {
        of_a_type(text)
    }
}

/// What the domain's own types say.
fn of_a_type(text: &str) -> Reason {
    let limit = || text.rsplit_once("il massimo è ").and_then(|(_, limit)| limit.parse().ok());
    if text == TextError::Empty.to_string() {
        Reason::Empty
    } else if text == TextError::Null.to_string() {
        Reason::Null
    } else if text == RecapitoError::Telefono.to_string() {
        Reason::NotATelefono
    } else if text == RecapitoError::Email.to_string() {
        Reason::NotAnEmail
    } else if text.ends_with(&Reason::NotACode.italian()) {
        Reason::NotACode
    } else if text.ends_with(&Reason::NotAProtocollo.italian()) {
        Reason::NotAProtocollo
    } else if text.starts_with("UUID parsing failed") {
        Reason::NotAnId
    } else if let (true, Some(limit)) = (text.starts_with("il testo ha "), limit()) {
        Reason::TooLong { limit }
    } else if TIME.contains(&text) {
        Reason::NotATime
    } else {
        Reason::DoesNotFit
    }
}

/// What chrono says of a text that is no time.
const TIME: [&str; 5] = [
    "input contains invalid characters",
    "premature end of input",
    "trailing input",
    "input is out of range",
    "no possible date and time matching input",
];

/// The type that serde expected: what stands last, after anything that it quotes.
fn expected_type(text: &str) -> JsonType {
    let expected = text.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    let says = |words: &[&str]| words.iter().any(|word| expected.contains(word));
    if says(&["sequence"]) {
        JsonType::List
    } else if says(&["struct", "map", "enum"]) && !says(&["string"]) {
        JsonType::Object
    } else if says(&["string", "str", "UUID", "RFC 3339", "variant"]) {
        JsonType::Text
    } else if says(&["bool"]) {
        JsonType::Boolean
    } else if ["i64", "u64", "i32", "u32", "usize", "f64"].contains(&expected) {
        JsonType::Number
    } else {
        JsonType::Another
    }
}

/// The names that serde lists as admitted: after the one that it quotes.
fn admitted(text: &str) -> Vec<String> {
    let listed = text.rsplit_once(", expected ").map_or("", |(_, listed)| listed);
    quoted(listed)
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
