//! Problem documents (RFC 9457): the one form in which a refusal leaves the system, over HTTP and over the broker.

use serde::{Deserialize, Serialize};
use smista_domain::ids::Login;
use smista_domain::motivo::Motivo;
use smista_domain::refusal::Refusal;

use crate::malformed::{Malformed, Reason};

/// A problem document. `type` is stable; `title` and `detail` are for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:smista:problem:` and a stable code.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// HTTP status code.
    pub status: u16,
    /// The kind of problem, in a few words.
    pub title: String,
    /// What is wrong here, and what to do about it.
    pub detail: String,
    /// The clause of the process, or the reading, behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What a program needs to go on without reading the detail.
    #[serde(flatten)]
    pub more: More,
}

/// Members of our own (RFC 9457, 3.2). Each is there where the problem has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct More {
    /// The fields that are missing; `a|b` where one of the two is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What the field admits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub admitted: Vec<String>,
    /// The version that the case has now. The desk tells a conflict only to who may see the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// Who holds the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub titolare: Option<Login>,
}

impl More {
    fn of_refusal(refusal: &Refusal) -> Self {
        let none = Self::default();
        if let Refusal::Anagrafica { missing } = refusal {
            let missing = missing.iter().map(|field| field.replace(" oppure ", "|")).collect();
            Self { missing, ..none }
        } else if let Refusal::Missing { field, .. } = refusal {
            Self { missing: vec![(*field).to_owned()], ..none }
        } else if let Refusal::Profile { profilo, .. } = refusal {
            let admitted = Motivo::ALL.iter().filter(|motivo| motivo.admitted_on(*profilo));
            Self { admitted: admitted.map(|motivo| motivo.as_str().to_owned()).collect(), ..none }
        } else if let Refusal::Conflict { actual, .. } = refusal {
            Self { version: Some(*actual), ..none }
        } else if let Refusal::HeldBy { titolare } = refusal {
            Self { titolare: Some(titolare.clone()), ..none }
        } else {
            none
        }
    }

    fn of_malformed(malformed: &Malformed) -> Self {
        let Malformed::Data { path, reason } = malformed else { return Self::default() };
        match reason {
            Reason::MissingField => Self { missing: path.iter().cloned().collect(), ..Self::default() },
            Reason::UnknownField { known: admitted } | Reason::UnknownName { admitted } => {
                Self { admitted: admitted.clone(), ..Self::default() }
            }
            Reason::NotJson { .. }
            | Reason::AfterTheEnd
            | Reason::DuplicateField
            | Reason::WrongType(_)
            | Reason::Empty
            | Reason::TooLong { .. }
            | Reason::Null
            | Reason::NotATelefono
            | Reason::NotAnEmail
            | Reason::NotACode
            | Reason::NotAProtocollo
            | Reason::NotAnId
            | Reason::NotATime
            | Reason::DoesNotFit => Self::default(),
        }
    }
}

/// The language of the texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The operators'.
    #[default]
    Italian,
    /// For whoever develops a front end.
    English,
}

impl Problem {
    /// A problem by its code.
    pub fn new(code: &str, status: u16, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            problem_type: format!("urn:smista:problem:{code}"),
            status,
            title: title.into(),
            detail: detail.into(),
            clause: None,
            field: None,
            more: More::default(),
        }
    }

    /// The same, naming the field at fault.
    pub fn at_field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The same, naming the clause behind it.
    pub fn of_clause(self, clause: impl Into<String>) -> Self {
        Self { clause: Some(clause.into()), ..self }
    }

    /// The document for a refusal.
    pub fn of_refusal(refusal: &Refusal, language: Language) -> Self {
        let (title, detail) = match language {
            Language::Italian => ("La richiesta non è stata accolta", refusal.italian()),
            Language::English => ("The request was refused", refusal.english()),
        };
        let problem =
            Self::new(refusal.code(), status_of(refusal), title, detail).of_clause(refusal.clause());
        let problem = Self { more: More::of_refusal(refusal), ..problem };
        match refusal.field() {
            Some(field) => problem.at_field(field),
            None => problem,
        }
    }

    /// The document for a command that could not be read.
    pub fn of_malformed(malformed: &Malformed, language: Language) -> Self {
        let title = match language {
            Language::Italian => "La richiesta non è leggibile",
            Language::English => "The request cannot be read",
        };
        let problem = Self::new("malformed", 400, title, malformed.told(language));
        let problem = Self { more: More::of_malformed(malformed), ..problem };
        match malformed.field() {
            Some(field) => problem.at_field(field),
            None => problem,
        }
    }
}

/// The HTTP status of a refusal.
fn status_of(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::Hidden => 404,
        Refusal::Role { .. } | Refusal::NotYourGroup { .. } | Refusal::InboundEmail => 403,
        Refusal::State { .. }
        | Refusal::Figlio { .. }
        | Refusal::HeldBy { .. }
        | Refusal::HeldByNobody
        | Refusal::HeldByYou
        | Refusal::AlreadyAccepted
        | Refusal::HasCompetentGroup { .. } => 409,
        Refusal::Conflict { .. } => 412,
        Refusal::Profile { .. }
        | Refusal::MotivoNotHandled { .. }
        | Refusal::UnknownTripletta { .. }
        | Refusal::Missing { .. }
        | Refusal::NotAdmitted { .. }
        | Refusal::Anagrafica { .. }
        | Refusal::Padre { .. }
        | Refusal::NoContactBack
        | Refusal::GroupRetired { .. }
        | Refusal::NotASpecialist { .. }
        | Refusal::Reassignment { .. }
        | Refusal::CancelReason { .. } => 422,
    }
}
