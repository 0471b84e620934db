//! One look at the store for all requests that bear the same token and wait at the same time.
//!
//! Nothing is kept for later: each request is answered by a look that began after it came, so that revoking a token holds
//! at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use smista_store::{ApiToken, Cliente};

use super::door_problem::DoorProblem;

/// What a look found: nothing, where nobody was given such a token.
pub(crate) type Looked = Result<Option<Arc<(ApiToken, Cliente)>>, DoorProblem>;

type Digest = [u8; 32];

/// How long a request waits for its turn before it looks for itself: what keeps one look, such as a session that has gone
/// silent, must not keep all of a client's requests.
const PATIENCE: Duration = Duration::from_millis(100);

/// The tokens that are being looked up.
#[derive(Default)]
pub(crate) struct TokenLookups {
    sought: std::sync::Mutex<HashMap<Digest, Weak<Sought>>>,
}

/// A token that some request bears now.
struct Sought {
    /// Requests that have come so far.
    came: AtomicU64,
    /// How many had come when the last look began, and what it found. Held by the one that looks: the others wait.
    last: tokio::sync::Mutex<(u64, Looked)>,
}

impl TokenLookups {
    /// What `look` finds, or another request's that began after this one came.
    pub(crate) async fn find(&self, digest: &Digest, look: impl AsyncFnOnce() -> Looked) -> Looked {
        let sought = self.sought(digest);
        let mine = sought.came.fetch_add(1, Ordering::SeqCst) + 1;
        let Ok(mut last) = tokio::time::timeout(PATIENCE, sought.last.lock()).await else {
            return look().await;
        };
        if last.0 < mine {
            let came = sought.came.load(Ordering::SeqCst);
            // Both at once, when it has ended: of a look that is given up nothing is left.
            *last = (came, look().await);
        }
        last.1.clone()
    }

    fn sought(&self, digest: &Digest) -> Arc<Sought> {
        let mut all = self.sought.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sought) = all.get(digest).and_then(Weak::upgrade) {
            return sought;
        }
        // Those for which nobody waits any more.
        all.retain(|_digest, sought| sought.strong_count() > 0);
        let sought =
            Arc::new(Sought { came: AtomicU64::new(0), last: tokio::sync::Mutex::new((0, Ok(None))) });
        all.insert(*digest, Arc::downgrade(&sought));
        sought
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use chrono::DateTime;
    use futures::FutureExt as _;
    use smista_store::Delegation;
    use tokio::sync::Semaphore;

    use super::*;

    /// Looks begin at once, end when they may, and find what was there when they began.
    struct Store {
        holds: std::sync::Mutex<Looked>,
        looks: AtomicUsize,
        may_end: Semaphore,
    }

    impl Store {
        fn with_a_token() -> Self {
            let token = ApiToken {
                prefix: "smista_00000000".to_owned(),
                digest: [1; 32],
                cliente: "crm".to_owned(),
                created_at: DateTime::UNIX_EPOCH,
                expires_at: None,
                last_used_at: None,
                revoked_at: None,
            };
            let cliente = Cliente { nome: "crm".to_owned(), delegation: Delegation::default() };
            let holds = std::sync::Mutex::new(Ok(Some(Arc::new((token, cliente)))));
            Self { holds, looks: AtomicUsize::new(0), may_end: Semaphore::new(0) }
        }

        async fn look(&self) -> Looked {
            let found = self.holds.lock().expect("a lock").clone();
            self.looks.fetch_add(1, Ordering::SeqCst);
            self.may_end.acquire().await.expect("open").forget();
            found
        }

        fn now_holds(&self, now: Looked) {
            *self.holds.lock().expect("a lock") = now;
        }

        fn looks(&self) -> usize {
            self.looks.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn whoever_comes_while_a_look_is_under_way_shares_the_next() {
        let (store, lookups) = (Store::with_a_token(), TokenLookups::default());
        let ask = || Box::pin(lookups.find(&[1; 32], || store.look()));
        let mut first = ask();
        assert!(first.as_mut().now_or_never().is_none());
        // Gone from the store while the first look is under way.
        store.now_holds(Ok(None));
        let mut later: Vec<_> = (0..5).map(|_| ask()).collect();
        assert!(later.iter_mut().all(|asking| asking.as_mut().now_or_never().is_none()));
        store.may_end.add_permits(10);
        assert!(first.await.expect("found").is_some());
        // One goes away before its turn; nobody waits for it.
        drop(later.remove(0));
        for asking in later {
            assert_eq!(asking.await, Ok(None));
        }
        assert_eq!(store.looks(), 2);
        assert_eq!(lookups.sought.lock().expect("a lock").len(), 1);
        lookups.sought(&[2; 32]);
        assert_eq!(lookups.sought.lock().expect("a lock").len(), 1, "the first is forgotten");
    }

    #[tokio::test]
    async fn of_a_look_that_was_given_up_nothing_is_left() {
        let (store, lookups) = (Store::with_a_token(), TokenLookups::default());
        let ask = || Box::pin(lookups.find(&[1; 32], || store.look()));
        let (mut first, mut second, mut third) = (ask(), ask(), ask());
        for asking in [&mut first, &mut second, &mut third] {
            assert!(asking.as_mut().now_or_never().is_none());
        }
        // Its caller goes away in the middle of the look, and so does the next, whose look was the third's too.
        drop(first);
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        store.may_end.add_permits(10);
        assert!(third.await.expect("found").is_some(), "it looked anew");
        assert_eq!(store.looks(), 3);
    }

    #[tokio::test]
    async fn a_look_that_failed_is_told_to_all_who_shared_it_and_to_nobody_else() {
        let (store, lookups) = (Store::with_a_token(), TokenLookups::default());
        let ask = || Box::pin(lookups.find(&[1; 32], || store.look()));
        let mut first = ask();
        assert!(first.as_mut().now_or_never().is_none());
        let known = store.holds.lock().expect("a lock").clone();
        store.now_holds(Err(DoorProblem::Unavailable));
        let mut sharing = [ask(), ask()];
        assert!(sharing.iter_mut().all(|asking| asking.as_mut().now_or_never().is_none()));
        store.may_end.add_permits(10);
        assert_eq!(first.await, known);
        for asking in sharing {
            assert_eq!(asking.await, Err(DoorProblem::Unavailable));
        }
        store.now_holds(known.clone());
        assert_eq!(ask().await, known);
        assert_eq!(store.looks(), 3);
    }

    #[tokio::test]
    async fn nobody_waits_long_for_a_look_that_hangs() {
        let (store, lookups) = (Store::with_a_token(), TokenLookups::default());
        let mut hangs = Box::pin(lookups.find(&[1; 32], || store.look()));
        assert!(hangs.as_mut().now_or_never().is_none());
        let found = lookups.find(&[1; 32], async || Ok(None)).await;
        assert_eq!(found, Ok(None), "it looked for itself");
        assert!(hangs.as_mut().now_or_never().is_none());
    }
}
