//! Problem documents (RFC 9457): the one form in which a refusal leaves the system, over HTTP and over the broker.

use serde::{Deserialize, Serialize};
use smista_domain::refusal::Refusal;

use crate::malformed::Malformed;

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
