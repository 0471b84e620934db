//! Tasks that must go on until the stop. One that ends before, well or by a panic, is a failure of the process: it would
//! look alive and leave its work undone.

use std::collections::HashMap;

use tokio::task::{Id, JoinSet};

use super::stopping::Stop;

/// Tasks and what they are called.
#[derive(Default)]
pub(super) struct Supervised {
    tasks: JoinSet<()>,
    names: HashMap<Id, String>,
}

impl Supervised {
    /// Starts one.
    pub(super) fn spawn(&mut self, name: impl Into<String>, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.tasks.spawn(task).id();
        self.names.insert(id, name.into());
    }

    /// Resolves when one has ended, and logs which; never while all go on.
    pub(super) async fn one_ended(&mut self) {
        let (id, panicked) = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => (id, false),
            Some(Err(error)) => (error.id(), error.is_panic()),
            None => return std::future::pending().await,
        };
        let task = self.names.remove(&id).unwrap_or_default();
        tracing::error!(task, panicked, "a task has ended before its time");
    }

    /// After the stop: waits until all have ended, or until they have had their time. What is not done by then returns to
    /// its queue.
    pub(super) async fn finish(&mut self, stop: &Stop) {
        let all_ended = async { while self.tasks.join_next().await.is_some() {} };
        tokio::select! {
            biased;
            () = all_ended => {}
            () = stop.out_of_grace() => {
                tracing::warn!("stopping with work under way; it returns to its queues");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_is_noticed_and_one_that_goes_on_is_not() {
        let mut supervised = Supervised::default();
        supervised.spawn("goes on", std::future::pending());
        tokio::select! {
            biased;
            () = supervised.one_ended() => panic!("it goes on"),
            () = tokio::task::yield_now() => {}
        }
        supervised.spawn("ends", async {});
        supervised.one_ended().await;
        supervised.spawn("panics", async { panic!("it was to be expected") });
        supervised.one_ended().await;
        assert_eq!(supervised.names.into_values().collect::<Vec<_>>(), ["goes on"]);
    }

    #[tokio::test]
    async fn without_any_there_is_none_that_could_end() {
        let mut none = Supervised::default();
        tokio::select! {
            biased;
            () = none.one_ended() => panic!("there is none"),
            () = tokio::task::yield_now() => {}
        }
    }
}
