//! Where the words about a citizen are kept, and that they are nowhere else.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use serde_json::{Value, json};
use smista_tests::catalogue::{ANNA, CARLO, MUSEI, RESIDENZA, RITA, SPINA, tripletta};
use smista_tests::{Answer, TestOffice, columns_that_hold, stories};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::bodies::{answer, contact, merged};
use crate::broker_door::{introduce_the_client, message, on_case, publish};

/// Stands in every text that a citizen, or somebody about a citizen, brings into these stories, and nowhere else.
const WORD: &str = "canarino";
/// The same for telephone numbers.
const NUMBER: &str = "5519283746";

/// The only columns that may hold them: they can be erased there, and nothing else needs them.
const KEPT: [&str; 3] = ["revisione.contenuto", "revisione.email", "revisione.telefono"];
/// The citizens' register is there to hold them (R24).
const REGISTER: [&str; 5] =
    ["cittadino.cognome", "cittadino.email", "cittadino.indirizzo", "cittadino.nome", "cittadino.telefono"];

fn anagrafica() -> Value {
    json!({
        "nome": "Nome canarino", "cognome": "Cognome canarino", "telefono": NUMBER,
        "email": "posta.canarino@example.it", "indirizzo": "Via del canarino 7",
    })
}

fn reclamo(servizio: &str) -> Value {
    let said = json!({ "anagrafica": anagrafica(), "description": "Ha perso il suo canarino." });
    merged(contact("reclamo", servizio, json!({})), said)
}

async fn holding(office: &TestOffice) -> BTreeSet<String> {
    let mut columns = columns_that_hold(&office.system, WORD).await;
    columns.extend(columns_that_hold(&office.system, NUMBER).await);
    columns
}

fn names(columns: &[&[&str]]) -> BTreeSet<String> {
    columns.concat().into_iter().map(str::to_owned).collect()
}

/// Everything that smista and its libraries log on this thread, in the finest detail that names no bytes on the wire.
struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
    _until_dropped: DefaultGuard,
}

#[derive(Clone)]
struct Pen(Arc<Mutex<Vec<u8>>>);

impl io::Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn open() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let pen = Pen(Arc::clone(&lines));
        let finest = Targets::new().with_default(tracing::Level::DEBUG).with_targets(
            ["smista", "smista_intake", "smista_office", "smista_handlers", "smista_queues"]
                .map(|target| (target, tracing::Level::TRACE)),
        );
        let layer = fmt::layer().with_ansi(false).with_writer(move || pen.clone()).with_filter(finest);
        let subscriber = tracing_subscriber::registry().with(layer);
        Self { lines, _until_dropped: tracing::subscriber::set_default(subscriber) }
    }

    fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&lines).into_owned()
    }
}

/// An answer that repeats nothing of what was sent.
#[track_caller]
fn says_nothing(answer: &Answer) {
    let told = answer.body.to_string();
    assert!(!told.contains(WORD) && !told.contains(NUMBER), "{told}");
}

stories! {
    async fn words_about_a_citizen_are_kept_where_they_can_be_erased_and_nowhere_else(office: &TestOffice) {
        let log = Log::open();
        introduce_the_client(office).await;
        office.listen().await;
        let key = [("idempotency-key", "una-volta")];
        let opened =
            office.call(ANNA, Method::POST, "/v1/contacts", &key, Some(reclamo(RESIDENZA))).await.ok();
        says_nothing(&opened);
        // The fact of the opening waits to be published or worked, and says nothing either.
        assert_eq!(holding(office).await, names(&[&KEPT]));
        office.settle().await;

        let caso = opened.id();
        let note = json!({ "text": "Cerca sempre il canarino." });
        let rejected = json!({ "causa": "errore_operatore", "note": "Il canarino non è nostro." });
        says_nothing(&office.command(ANNA, &caso, "note", note).await.ok());
        let corrected = json!({ "anagrafica": anagrafica() });
        says_nothing(&office.command(ANNA, &caso, "correct-anagrafica", corrected).await.ok());
        says_nothing(&office.command(CARLO, &caso, "involve", json!({ "specialista": SPINA })).await.ok());
        let seen = json!({ "text": "Il canarino è al mercato." });
        says_nothing(&office.command(SPINA, &caso, "contribute", seen).await.ok());
        let wait = json!({ "reason": "Si cerca il canarino." });
        says_nothing(&office.command(CARLO, &caso, "suspend", wait).await.ok());
        says_nothing(&office.command(CARLO, &caso, "reject", rejected.clone()).await.ok());
        office.settle().await;
        office.get(RITA, &format!("/v1/cases/{caso}/triage")).await;
        let back = json!({ "tripletta": tripletta(RESIDENZA), "note": "Il canarino è vostro." });
        says_nothing(&office.command(RITA, &caso, "reassign", back).await.ok());
        office.settle().await;
        let found = merged(answer("telefono", "da_comunicare", &[]), json!({ "text": "Il canarino è tornato." }));
        says_nothing(&office.command(CARLO, &caso, "resolve", json!({ "answer": found })).await.ok());

        // Over the broker: one that is done, two that are refused.
        publish(office, &[
            message("1", "contact.open", ANNA, reclamo(RESIDENZA)),
            message("2", "contact.open", ANNA, reclamo(MUSEI)),
            on_case(&caso, "3", "case.reject", CARLO, merged(rejected, json!({ "causa": "canarino" }))),
        ])
        .await;
        assert_eq!(holding(office).await, names(&[&KEPT]));

        let registered = json!({ "anagrafica": anagrafica(), "identificazione": "documento" });
        office.post(ANNA, "/v1/citizens", registered).await.ok();
        office.post(ANNA, "/v1/citizens/search", json!({ "telefono": NUMBER })).await.ok();
        office.post(ANNA, "/v1/cases/search", json!({ "telefono": NUMBER })).await.ok();
        assert_eq!(holding(office).await, names(&[&KEPT, &REGISTER]));

        if let Some(ears) = office.listen().await {
            let heard = [ears.heard("case.opened").await, ears.heard("command.refused").await].concat();
            assert!(!json!(heard).to_string().contains(WORD), "{heard:?}");
        }
        let told = log.text();
        assert!(told.contains("smista"), "the log was listened to");
        let line = told.lines().find(|line| line.contains(WORD) || line.contains(NUMBER));
        assert_eq!(line, None);
    }
}
