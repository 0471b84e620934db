//! The answer to a command, made once inside its transaction and once for the caller, byte for byte the same.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use smista_domain::caso::ContactLimits;
use smista_domain::command::CommandKind;
use smista_domain::ids::CasoId;
use smista_domain::refusal::Refusal;
use smista_messages::problem::{Language, Problem};
use smista_office::reading::CaseSummary;
use smista_office::{Applied, Outcome, Rendered};
use smista_store::IdempotentAnswer;

use super::conditions::etag;
use super::door_problem::{DoorProblem, PROBLEM_JSON};

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How outcomes are told to one caller. Everything that the answer depends on besides the outcome is fixed here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    pub(crate) language: Language,
    pub(crate) limits: ContactLimits,
    pub(crate) now: DateTime<Utc>,
}

impl Telling {
    /// What is kept under the idempotency key: the answer, refusals included. Outcomes that are nobody's answer, such
    /// as a panic, are not kept, so that the same request may be tried again; nor is a version conflict, after which
    /// the caller reads the case anew and tries again with the version found.
    pub(crate) fn render(&self, outcome: &Outcome) -> Rendered {
        let answer = match outcome {
            Outcome::Refused(Refusal::Conflict { .. }) => None,
            outcome => self.answer(outcome),
        };
        Rendered { answer, message: None }
    }

    /// The caller's response.
    pub(crate) fn response(&self, outcome: &Outcome) -> Result<Response, DoorProblem> {
        match outcome {
            Outcome::Applied(_) | Outcome::Refused(_) | Outcome::NoOperator(_) => {
                self.answer(outcome).as_ref().map(to_response).ok_or(DoorProblem::Internal)
            }
            Outcome::Answered(answer) => {
                let mut response = to_response(answer);
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
                Ok(response)
            }
            Outcome::KeyOfOtherRequest => Err(DoorProblem::IdempotencyKeyReused),
            Outcome::Failed(error) => {
                let cause: &(dyn std::error::Error + 'static) = &**error;
                tracing::error!(error = cause, "the store refused the data of a command");
                Err(DoorProblem::Internal)
            }
            Outcome::Panicked | Outcome::SeenBefore | Outcome::OpenedBefore(_) => {
                tracing::error!("a command panicked, or came back as a message or an opening would");
                Err(DoorProblem::Internal)
            }
        }
    }

    fn answer(&self, outcome: &Outcome) -> Option<IdempotentAnswer> {
        match outcome {
            Outcome::Applied(applied) => self.of_case(applied),
            Outcome::Refused(refusal) => self.keep_problem(&Problem::of_refusal(refusal, self.language)),
            Outcome::NoOperator(no_operator) => {
                self.keep_problem(&DoorProblem::from(*no_operator).problem(self.language))
            }
            // The case is read after the desk, as it stands then.
            Outcome::OpenedBefore(_)
            | Outcome::SeenBefore
            | Outcome::Answered(_)
            | Outcome::KeyOfOtherRequest
            | Outcome::Panicked
            | Outcome::Failed(_) => None,
        }
    }

    /// Where the case stands now; of words and personal data nothing, which the caller has and the answer's row need
    /// not keep.
    fn of_case(&self, applied: &Applied) -> Option<IdempotentAnswer> {
        let Applied { caso, by, command } = applied;
        let summary = CaseSummary::of(caso, caso, by, self.limits, self.now);
        let tag = ("etag", etag(caso.versione));
        match command {
            CommandKind::Open => {
                let headers = vec![tag, ("location", location(caso.id))];
                self.keep(StatusCode::CREATED, "application/json", headers, &summary)
            }
            _ => self.keep(StatusCode::OK, "application/json", vec![tag], &summary),
        }
    }

    fn keep_problem(&self, problem: &Problem) -> Option<IdempotentAnswer> {
        let status = StatusCode::from_u16(problem.status).ok()?;
        self.keep(status, PROBLEM_JSON, Vec::new(), problem)
    }

    fn keep(
        &self,
        status: StatusCode,
        content_type: &str,
        headers: Vec<(&'static str, String)>,
        body: &impl serde::Serialize,
    ) -> Option<IdempotentAnswer> {
        let mut headers: BTreeMap<&str, String> = headers.into_iter().collect();
        headers.insert("content-type", content_type.to_owned());
        Some(IdempotentAnswer {
            status: status.as_u16(),
            headers: serde_json::to_string(&headers).ok()?,
            body: serde_json::to_vec(body).ok()?,
            at: self.now,
        })
    }
}

/// Where a case is read.
pub(crate) fn location(caso: CasoId) -> String {
    format!("/v1/cases/{caso}")
}

/// An answer as it was kept. One that cannot be read any more is our own fault, not the caller's.
fn to_response(answer: &IdempotentAnswer) -> Response {
    let headers: BTreeMap<String, String> = serde_json::from_str(&answer.headers).unwrap_or_default();
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
