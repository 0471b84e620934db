//! The office under test: the real parts, put together as the binary does, with the clock in the story's hands.

pub mod answer;
pub mod catalogue;
pub mod contract;
mod databases;
pub mod ears;
pub mod office;
pub mod proxy;
pub mod simulate;
mod stored;

pub use answer::Answer;
pub use databases::{DEEPEST_OUTBOX, OwnDatabase};
pub use ears::Ears;
pub use office::{SetUp, TestOffice};
pub use stored::columns_that_hold;

/// Makes two tests of each story: embedded, and on PostgreSQL with RabbitMQ.
#[macro_export]
macro_rules! stories {
    ($( $(#[$meta:meta])* async fn $name:ident($office:ident: &TestOffice) $body:block )*) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a story need not use everything that its file imports")]
            use super::*;

            async fn story($office: &$crate::TestOffice) $body

            #[tokio::test]
            async fn embedded() {
                $crate::TestOffice::tell($crate::SetUp::Embedded, |office| Box::pin(story(office))).await;
            }

            #[tokio::test]
            async fn scaled() {
                $crate::TestOffice::tell($crate::SetUp::Scaled, |office| Box::pin(story(office))).await;
            }
        }
    )* };
}

/// Makes one test of each story that means something only where several processes, or a broker, have their part in it: on
/// PostgreSQL with RabbitMQ.
#[macro_export]
macro_rules! scaled_stories {
    ($( $(#[$meta:meta])* async fn $name:ident($office:ident: &TestOffice) $body:block )*) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a story need not use everything that its file imports")]
            use super::*;

            async fn story($office: &$crate::TestOffice) $body

            #[tokio::test]
            async fn scaled() {
                $crate::TestOffice::tell($crate::SetUp::Scaled, |office| Box::pin(story(office))).await;
            }
        }
    )* };
}
