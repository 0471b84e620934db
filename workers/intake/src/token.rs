//! API tokens: how they are made, read and kept. `smista_` + eight readable characters + `_` + 256 random bits.
//!
//! Only the SHA-256 of a token is stored. It is looked up by that digest, so that how long the look-up takes says
//! nothing about a token that somebody guesses.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use smista_store::{ApiToken, Store, StoreError};

const BEGINS: &str = "smista_";
/// Readable characters by which people speak of a token; random too, so that no two tokens share them.
const HANDLE_CHARS: usize = 8;
const SECRET_BYTES: usize = 32;
/// 256 bits in base64url without padding.
const SECRET_CHARS: usize = 43;

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The operating system gave no random bytes.
    #[error("no random bytes to be had")]
    Randomness(#[source] getrandom::Error),
    /// The token could not be stored.
    #[error("the token could not be stored")]
    Store(#[from] StoreError),
}

/// A new token. This is the only time that it can be read.
pub struct IssuedToken {
    /// What the client bears.
    pub token: String,
    /// What is kept of it.
    pub stored: ApiToken,
}

/// Makes a token for a client that exists, and stores what is kept of it.
pub async fn issue_token(
    store: &dyn Store,
    cliente: &str,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<IssuedToken, IssueError> {
    let issued = make(cliente, now, expires_at).map_err(IssueError::Randomness)?;
    store.save_token(&issued.stored).await?;
    Ok(issued)
}

/// What is kept of a token that a client may still use `now`; none for any other text.
pub async fn live_token(
    store: &dyn Store,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Option<ApiToken>, StoreError> {
    let Some(digest) = digest_if_token(token) else { return Ok(None) };
    let known = store.token_by_digest(&digest).await?.map(|(token, _cliente)| token);
    let passed = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at <= now);
    Ok(known.filter(|token| !passed(token.expires_at) && !passed(token.revoked_at)))
}

/// Secrets come from the operating system, never from a generator that a test or simulation hands in.
fn make(
    cliente: &str,
    now: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Result<IssuedToken, getrandom::Error> {
    let mut secret = [0_u8; SECRET_BYTES];
    let mut handle = [0_u8; HANDLE_CHARS / 2];
    getrandom::fill(&mut secret)?;
    getrandom::fill(&mut handle)?;
    let handle: String = handle.iter().map(|byte| format!("{byte:02x}")).collect();
    let prefix = format!("{BEGINS}{handle}");
    let token = format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(secret));
    let stored = ApiToken {
        prefix,
        digest: digest_of(&token),
        cliente: cliente.to_owned(),
        created_at: now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    Ok(IssuedToken { token, stored })
}

/// What a token is looked up by; none for a text that cannot be one, which need not trouble the store.
pub(crate) fn digest_if_token(text: &str) -> Option<[u8; 32]> {
    let (handle, secret) = text.strip_prefix(BEGINS)?.split_at_checked(HANDLE_CHARS)?;
    let secret = secret.strip_prefix('_')?;
    let well_formed = handle.bytes().all(|byte| byte.is_ascii_hexdigit())
        && secret.len() == SECRET_CHARS
        && secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    well_formed.then(|| digest_of(text))
}

fn digest_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued() -> IssuedToken {
        make("crm", DateTime::UNIX_EPOCH, None).expect("random bytes")
    }

    #[test]
    fn a_token_is_found_by_the_digest_that_is_stored_and_never_made_twice() {
        let (one, other) = (issued(), issued());
        assert_eq!(digest_if_token(&one.token), Some(one.stored.digest));
        assert!(one.token.starts_with(&one.stored.prefix));
        assert_ne!(one.stored.digest, other.stored.digest);
        assert_ne!(one.stored.prefix, other.stored.prefix);
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        let token = issued().token;
        let cut = token[..token.len() - 1].to_owned();
        for text in ["", "smista_", "Basic abc", "smista_èèèè_x", cut.as_str(), &format!("{token}x")] {
            assert_eq!(digest_if_token(text), None, "{text}");
        }
    }
}
