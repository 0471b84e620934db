//! Who calls: the token's client, and the operator for whom it speaks.
//!
//! Each request is answered by a look at its token that began after it came, so that revoking one holds at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use smista_domain::attore::Attore;
use smista_messages::problem::Language;
use smista_office::operator_for;
use smista_store::{ApiToken, Cliente, Delegation};

use super::door::Door;
use super::door_problem::DoorProblem;
use super::language::language_of;
use super::route::Access;
use crate::token::digest_if_token;

/// The header that names the operator.
pub(crate) const OPERATORE: &str = "smista-operatore";
/// How exactly a token's last use is kept.
const LAST_USED_EXACT_TO: TimeDelta = TimeDelta::minutes(1);

/// Who makes a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The client's name.
    pub(crate) cliente: String,
    /// For whom it may speak.
    pub(crate) delegation: Arc<Delegation>,
    /// The operator.
    pub(crate) attore: Attore,
    /// The language that problems are told in.
    pub(crate) language: Language,
}

/// Lets a request through to its route, with its [`Caller`], or answers with the problem.
pub(crate) async fn let_in(
    State((door, access)): State<(Door, Access)>,
    mut request: Request,
    next: Next,
) -> Response {
    match identify(&door, access, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn identify(door: &Door, access: Access, headers: &HeaderMap) -> Result<Caller, DoorProblem> {
    let token = bearer(headers).ok_or(DoorProblem::TokenMissing)?;
    let digest = digest_if_token(token).ok_or(DoorProblem::TokenUnknown)?;
    let looked = AtomicBool::new(false);
    let look = async || {
        looked.store(true, Ordering::Relaxed);
        Ok(door.office().store.token_by_digest(&digest).await?.map(Arc::new))
    };
    let known = door.shared.tokens.find(&digest, look).await?;
    let (token, cliente) = known.as_deref().ok_or(DoorProblem::TokenUnknown)?;
    let now = door.office().surroundings.now();
    check(token, now)?;
    door.count_request(&cliente.nome)?;
    // Those who shared the look leave its note to the one that looked.
    if looked.into_inner() {
        touch(door, token, now).await;
    }
    let attore = operator(door, cliente, headers).await?;
    if !access.admits(attore.ruolo.name()) {
        return Err(DoorProblem::Role);
    }
    let delegation = Arc::new(cliente.delegation.clone());
    Ok(Caller { cliente: cliente.nome.clone(), delegation, attore, language: language_of(headers) })
}

/// The token of `Authorization: Bearer …` (RFC 6750); the scheme's name in any case (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn check(token: &ApiToken, now: DateTime<Utc>) -> Result<(), DoorProblem> {
    if token.revoked_at.is_some_and(|revoked_at| revoked_at <= now) {
        return Err(DoorProblem::TokenRevoked);
    }
    if token.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(DoorProblem::TokenExpired);
    }
    Ok(())
}

/// Notes the use of a token now and then. That it could not be noted keeps nobody out.
async fn touch(door: &Door, token: &ApiToken, now: DateTime<Utc>) {
    let recent = |used: DateTime<Utc>| now.signed_duration_since(used) < LAST_USED_EXACT_TO;
    if token.last_used_at.is_some_and(recent) {
        return;
    }
    if let Err(error) = door.office().store.touch_token(&token.prefix, now).await {
        let cause: &(dyn std::error::Error + 'static) = &error;
        tracing::warn!(token = token.prefix, error = cause, "the last use of a token was not noted");
    }
}

async fn operator(door: &Door, cliente: &Cliente, headers: &HeaderMap) -> Result<Attore, DoorProblem> {
    // A header that is no text names nobody whom the client may speak for.
    let named = headers.get(OPERATORE).map(|value| value.to_str().unwrap_or("").trim());
    Ok(operator_for(&cliente.delegation, named, &*door.catalogue().await?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().expect("a header"));
        headers
    }

    #[test]
    fn only_a_bearer_token_is_read() {
        assert_eq!(bearer(&authorization("Bearer abc")), Some("abc"));
        assert_eq!(bearer(&authorization("bearer  abc ")), Some("abc"));
        for value in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(bearer(&authorization(value)), None, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn a_token_ends_when_it_is_revoked_or_its_time_is_over() {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let token = |expires_at, revoked_at| ApiToken {
            prefix: "smista_00000000".to_owned(),
            digest: [0; 32],
            cliente: "crm".to_owned(),
            created_at: at(0),
            expires_at,
            last_used_at: None,
            revoked_at,
        };
        assert_eq!(check(&token(None, None), at(10)), Ok(()));
        assert_eq!(check(&token(Some(at(11)), None), at(10)), Ok(()));
        assert_eq!(check(&token(Some(at(10)), None), at(10)), Err(DoorProblem::TokenExpired));
        assert_eq!(check(&token(Some(at(5)), Some(at(3))), at(10)), Err(DoorProblem::TokenRevoked));
    }
}
