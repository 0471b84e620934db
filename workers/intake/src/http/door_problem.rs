//! What the door itself refuses, before or beside any decision: problem documents (RFC 9457) in both languages.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use smista_domain::refusal::Refusal;
use smista_messages::malformed::Malformed;
use smista_messages::problem::{Language, Problem};
use smista_store::StoreError;

use crate::lanes::NotApplied;
use smista_office::NoOperator;

/// The media type of a problem document.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why the door did not let a request through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DoorProblem {
    /// No bearer token.
    TokenMissing,
    /// A token that nobody was given.
    TokenUnknown,
    /// A token past its time.
    TokenExpired,
    /// A token that was ended.
    TokenRevoked,
    /// No operator for the request.
    Operator(NoOperator),
    /// The operator's role has no use of the route.
    Role,
    /// Too many requests of this client; try again after so many seconds.
    RateLimited(u64),
    /// Too many commands are waiting.
    Overloaded,
    /// Too much waits to be published.
    Backlog,
    /// The store is away for the moment.
    Unavailable,
    /// Our own fault.
    Internal,
    /// No such route, case, group or citizen; or one that the caller may not know of.
    NotFound,
    /// The route does not take this method.
    MethodNotAllowed,
    /// The body is not JSON by its content type.
    UnsupportedMediaType,
    /// The body is larger than so many bytes.
    BodyTooLarge(usize),
    /// The body did not arrive, or is not UTF-8.
    BodyUnreadable,
    /// A command that moves a case needs `If-Match`.
    PreconditionRequired,
    /// `If-Match` is no version.
    PreconditionMalformed,
    /// `Idempotency-Key` is empty, too long or not printable ASCII.
    IdempotencyKeyMalformed,
    /// The key came with another request before.
    IdempotencyKeyReused,
    /// The path or the query does not fit.
    Parameter(&'static str),
    /// A field of the body can be read, but says nothing that the route can use.
    BodyField(&'static str),
    /// A search by a citizen's telephone or email needs one of them.
    NothingToSearchBy,
    /// The body is JSON, but not what the route takes.
    Malformed(Malformed),
    /// The register does without the anagrafica that identifies nobody, or the like: a rule of the process.
    Refused(Refusal),
}

impl DoorProblem {
    /// The document in the caller's language.
    pub(crate) fn problem(&self, language: Language) -> Problem {
        match self {
            Self::Malformed(malformed) => return Problem::of_malformed(malformed, language),
            Self::Refused(refusal) => return Problem::of_refusal(refusal, language),
            _ => {}
        }
        let (code, status, italian, english) = self.texts();
        let title = match (language, status) {
            (Language::Italian, 500..) => "Il servizio non è riuscito a rispondere",
            (Language::Italian, _) => "La richiesta non è stata accolta",
            (Language::English, 500..) => "The service could not answer",
            (Language::English, _) => "The request was refused",
        };
        let detail = match language {
            Language::Italian => italian,
            Language::English => english,
        };
        let problem = Problem::new(code, status, title, detail);
        match self {
            Self::Parameter(name) | Self::BodyField(name) => problem.at_field(*name),
            Self::Operator(_) | Self::Role => problem.of_clause("R14"),
            _ => problem,
        }
    }

    /// The response, with the headers that some of them call for.
    pub(crate) fn response(&self, language: Language) -> Response {
        let mut headers = HeaderMap::new();
        match self {
            Self::TokenMissing | Self::TokenUnknown | Self::TokenExpired | Self::TokenRevoked => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::RateLimited(secs) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*secs));
            }
            Self::Overloaded | Self::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // Publishing has fallen far behind; it does not catch up in a second.
            Self::Backlog => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        (headers, problem_response(&self.problem(language))).into_response()
    }

    /// Code, status, Italian, English.
    #[rustfmt::skip]
    fn texts(&self) -> (&'static str, u16, String, String) {
        let (code, status, italian, english) = match self {
            Self::TokenMissing => ("token-missing", 401,
                "Manca il token di accesso: indicarlo nell'intestazione «Authorization: Bearer …».",
                "The access token is missing: send it as «Authorization: Bearer …»."),
            Self::TokenUnknown => ("token-unknown", 401,
                "Il token di accesso non è valido.", "The access token is not valid."),
            Self::TokenExpired => ("token-expired", 401,
                "Il token di accesso è scaduto: chiederne uno nuovo a chi gestisce il sistema.",
                "The access token has expired: ask whoever runs the system for a new one."),
            Self::TokenRevoked => ("token-revoked", 401,
                "Il token di accesso è stato revocato: chiederne uno nuovo a chi gestisce il sistema.",
                "The access token was revoked: ask whoever runs the system for a new one."),
            Self::Operator(NoOperator::NotNamed) => ("operator-not-named", 403,
                "Indicare l'operatore per cui si agisce nell'intestazione «Smista-Operatore».",
                "Name the operator whom the request is for in the header «Smista-Operatore»."),
            // A client that is not known has no token, and does not come so far.
            Self::Operator(NoOperator::NotDelegated | NoOperator::UnknownClient) => ("operator-not-delegated", 403,
                "Il client non può agire per l'operatore indicato.",
                "The client may not act for the operator named."),
            Self::Role => ("not-your-role", 403,
                "Il ruolo dell'operatore non consente questa richiesta.",
                "The operator's role does not allow this request."),
            Self::RateLimited(_) => ("rate-limited", 429,
                "Troppe richieste in poco tempo: riprovare tra qualche istante.",
                "Too many requests in a short time: try again in a moment."),
            Self::Overloaded => ("overloaded", 503,
                "Il servizio è sovraccarico: riprovare tra qualche istante. Nulla è stato registrato.",
                "The service is overloaded: try again in a moment. Nothing was recorded."),
            Self::Backlog => ("backlog", 503,
                "Troppe comunicazioni attendono ancora di essere inoltrate: per il momento si può soltanto consultare. \
                 Riprovare tra qualche istante: nulla è stato registrato.",
                "Too many messages still wait to be published: for the moment one can only read. Try again in a moment: \
                 nothing was recorded."),
            Self::Unavailable => ("unavailable", 503,
                "Il servizio non è disponibile al momento: riprovare tra qualche istante, con la stessa \
                 «Idempotency-Key».",
                "The service is not available for the moment: try again, with the same «Idempotency-Key»."),
            Self::Internal => ("internal", 500,
                "Si è verificato un errore interno: avvisare chi gestisce il sistema.",
                "Something went wrong on our side: please tell whoever runs the system."),
            Self::NotFound => ("not-found", 404,
                "Non esiste, o non è visibile a questo operatore.",
                "It does not exist, or this operator may not see it."),
            Self::MethodNotAllowed => ("method-not-allowed", 405,
                "L'indirizzo esiste, ma non con questo metodo HTTP.",
                "The address exists, but not with this HTTP method."),
            Self::UnsupportedMediaType => ("unsupported-media-type", 415,
                "Il corpo della richiesta deve essere JSON: «Content-Type: application/json».",
                "The body must be JSON: «Content-Type: application/json»."),
            Self::BodyTooLarge(limit) => return ("body-too-large", 413,
                format!("Il corpo della richiesta supera il massimo di {limit} byte."),
                format!("The body is larger than the maximum of {limit} bytes.")),
            Self::BodyUnreadable => ("malformed", 400,
                "Il corpo della richiesta non è arrivato per intero o non è testo UTF-8.",
                "The body did not arrive whole or is not UTF-8 text."),
            Self::PreconditionRequired => ("precondition-required", 428,
                "Indicare in «If-Match» la versione del caso su cui si agisce, per esempio «\"3\"».",
                "Say in «If-Match» which version of the case this is for, for instance «\"3\"»."),
            Self::PreconditionMalformed => ("malformed-if-match", 400,
                "«If-Match» deve contenere una sola versione tra virgolette, come nell'«ETag» del caso.",
                "«If-Match» must hold one version in quotes, as the «ETag» of the case does."),
            Self::IdempotencyKeyMalformed => ("malformed-idempotency-key", 400,
                "«Idempotency-Key» deve avere da 1 a 128 caratteri ASCII stampabili.",
                "«Idempotency-Key» must have 1 to 128 printable ASCII characters."),
            Self::IdempotencyKeyReused => ("idempotency-key-reused", 422,
                "La stessa «Idempotency-Key» è già stata usata per una richiesta diversa.",
                "The same «Idempotency-Key» was used for another request before."),
            Self::Parameter(_) => ("malformed-parameter", 400,
                "Un parametro dell'indirizzo non è valido.", "A parameter of the address is not valid."),
            Self::BodyField("limit") => ("malformed-parameter", 400,
                "Il numero di righe richiesto è fuori dai limiti.", "The number of rows asked for is out of bounds."),
            Self::BodyField("cursor") => ("malformed-parameter", 400,
                "«cursor» deve essere il «next» della pagina precedente.",
                "«cursor» must be the «next» of the page before."),
            Self::BodyField(_) => ("malformed-parameter", 400,
                "Il valore di un campo del corpo non è tra quelli ammessi.",
                "The value of a field of the body is none of those admitted."),
            Self::NothingToSearchBy => ("nothing-to-search-by", 422,
                "Indicare almeno un telefono o un indirizzo email.",
                "Give a telephone number or an email address at least."),
            // Both have documents of their own; these are never read.
            Self::Malformed(_) => ("malformed", 400, "", ""),
            Self::Refused(refusal) => (refusal.code(), 422, "", ""),
        };
        (code, status, italian.to_owned(), english.to_owned())
    }
}

/// Carries the problem to [`super::in_the_callers_language`], which knows the request's headers.
impl IntoResponse for DoorProblem {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Malformed> for DoorProblem {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<NotApplied> for DoorProblem {
    fn from(not_applied: NotApplied) -> Self {
        match not_applied {
            NotApplied::Full => Self::Overloaded,
            NotApplied::Unavailable => Self::Unavailable,
            NotApplied::Failed => Self::Internal,
        }
    }
}

impl From<NoOperator> for DoorProblem {
    fn from(no_operator: NoOperator) -> Self {
        Self::Operator(no_operator)
    }
}

/// Logs what the caller is not told. Display of a store's error holds no data of a case.
impl From<StoreError> for DoorProblem {
    fn from(error: StoreError) -> Self {
        let cause: &(dyn std::error::Error + 'static) = &error;
        tracing::error!(error = cause, "a request failed on the store");
        if error.is_transient() { Self::Unavailable } else { Self::Internal }
    }
}

/// One of each, for the tests of the lists that name them all.
#[cfg(test)]
pub(crate) fn one_of_each() -> Vec<DoorProblem> {
    use DoorProblem::*;
    vec![
        TokenMissing,
        TokenUnknown,
        TokenExpired,
        TokenRevoked,
        Operator(NoOperator::NotNamed),
        Operator(NoOperator::NotDelegated),
        Role,
        RateLimited(1),
        Overloaded,
        Backlog,
        Unavailable,
        Internal,
        NotFound,
        MethodNotAllowed,
        UnsupportedMediaType,
        BodyTooLarge(1),
        BodyUnreadable,
        PreconditionRequired,
        PreconditionMalformed,
        IdempotencyKeyMalformed,
        IdempotencyKeyReused,
        Parameter("limit"),
        BodyField("limit"),
        BodyField("cursor"),
        BodyField("stati"),
        NothingToSearchBy,
        Malformed(smista_messages::malformed::Malformed::NoCase),
    ]
}

/// A problem document as a response.
pub(crate) fn problem_response(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response()
}
