//! The table of routes against the document, the examples and the domain; then the door itself, on a store that knows
//! tokens and a catalogue and is away for everything else.

mod away;
mod document;

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::DateTime;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use smista_domain::command::{CommandKind, Opening};
use smista_messages::commands::{FROM_OUTSIDE, LISTS, body as read_body, parse_body};
use smista_messages::malformed::{Malformed, Reason};
use smista_messages::problem::Problem;
use tower::ServiceExt;

use super::*;
use away::{TOKEN, door_away, door_behind, gate};

#[test]
fn every_route_is_in_the_document_and_nothing_else_is() {
    let document = openapi();
    let paths = document["paths"].as_object().expect("paths");
    let in_document: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, verbs)| {
            verbs.as_object().expect("verbs").keys().map(|verb| (path.clone(), verb.clone()))
        })
        .collect();
    let in_table: BTreeSet<(String, String)> =
        routes().into_iter().map(|route| (route.path, format!("{:?}", route.verb).to_lowercase())).collect();
    assert_eq!(in_document, in_table);
    assert_eq!(in_table.len(), routes().len(), "no route stands twice in the table");
}

#[test]
fn names_are_unique_and_every_route_shows_what_success_looks_like() {
    let routes = routes();
    let names: BTreeSet<&str> = routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names.len(), routes.len());
    for route in &routes {
        assert!(!route.response.is_null(), "{} has no example of its answer", route.name);
        let takes_a_body = route.verb == Verb::Post;
        assert_eq!(!route.requests.is_empty(), takes_a_body, "{} and its example of a body", route.name);
    }
}

#[test]
fn every_command_from_outside_has_its_route_and_each_example_is_one() {
    let routes = routes();
    for kind in FROM_OUTSIDE {
        let of_kind: Vec<_> = routes.iter().filter(|route| route.command == Some(kind)).collect();
        let [route] = of_kind.as_slice() else { panic!("{kind:?} has {} routes", of_kind.len()) };
        for example in &route.requests {
            let command = parse_body(kind, &example.body.to_string());
            let command = command.unwrap_or_else(|error| panic!("{kind:?}, {}: {error}", example.name));
            assert_eq!(command.kind(), kind);
        }
    }
    assert!(routes.iter().all(|route| route.command != Some(CommandKind::Route)), "the system's own");
}

#[test]
fn every_other_example_is_read_as_its_route_reads_it() {
    for route in routes().iter().filter(|route| !route.requests.is_empty()) {
        for example in &route.requests {
            let text = example.body.to_string();
            let read = match route.name.as_str() {
                "openContact" => read_body::<Opening>(&text).map(drop),
                "searchCases" => read_body::<cases::CaseSearch>(&text).map(drop),
                "earlierCases" => read_body::<desks::EarlierCases>(&text).map(drop),
                "searchCitizens" => read_body::<desks::Reached>(&text).map(drop),
                "searchSheets" => read_body::<catalogue::SheetQuery>(&text).map(drop),
                "registerCitizen" => read_body::<citizens::Registration>(&text).map(drop),
                _ if route.command.is_some() => Ok(()),
                other => panic!("{other} takes a body that no test reads"),
            };
            read.unwrap_or_else(|error| panic!("{}, {}: {error}", route.name, example.name));
        }
    }
}

#[test]
fn a_command_that_moves_a_case_says_in_the_document_that_it_needs_a_version() {
    let document = openapi();
    let if_match = |path: &str| {
        let parameters =
            document["paths"][path]["post"]["parameters"].as_array().expect("parameters").clone();
        parameters
            .into_iter()
            .find(|parameter| parameter["name"] == "If-Match")
            .map(|found| found["required"].clone())
    };
    assert_eq!(if_match("/v1/cases/{id}/take-over"), Some(json!(true)));
    assert_eq!(if_match("/v1/cases/{id}/correct-anagrafica"), Some(json!(false)));
    assert_eq!(if_match("/v1/contacts"), None);
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or("");
        kind.strip_prefix("urn:smista:problem:").unwrap_or(kind)
    }
}

async fn ask(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.expect("infallible").into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, body }
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path)
}

fn post(path: &str) -> axum::http::request::Builder {
    Request::post(path).header(header::CONTENT_TYPE, "application/json")
}

fn bearing(request: axum::http::request::Builder, operatore: &str) -> axum::http::request::Builder {
    request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}")).header("smista-operatore", operatore)
}

fn empty(request: axum::http::request::Builder) -> Request<Body> {
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn the_process_answers_without_a_token_and_says_that_its_store_does_not() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let router = router(door);
    assert_eq!(ask(router.clone(), empty(get("/healthz"))).await.status, StatusCode::OK);
    let ready = ask(router.clone(), empty(get("/readyz"))).await;
    assert_eq!((ready.status, ready.problem()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
    assert!(ready.headers.contains_key(header::RETRY_AFTER));
    let status = ask(router.clone(), empty(get("/status"))).await;
    assert_eq!((status.status, &status.body["store"]), (StatusCode::OK, &json!(false)));
    assert_eq!(ask(router.clone(), empty(get("/metrics"))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(router.clone(), empty(get("/docs"))).await.status, StatusCode::OK);
    assert_eq!(ask(router, empty(get("/openapi.json"))).await.body, openapi());
}

#[tokio::test]
async fn every_route_but_the_public_ones_asks_for_a_token_first() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let router = router(door);
    for route in routes().iter().filter(|route| route.access != Access::Public) {
        let path = route.path.replace("{id}", "x").replace("{ente}", "x");
        let request = match route.verb {
            Verb::Get => get(&path),
            Verb::Post => post(&path),
        };
        let answer = ask(router.clone(), empty(request)).await;
        assert_eq!((answer.status, answer.problem()), (StatusCode::UNAUTHORIZED, "token-missing"), "{path}");
        assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE));
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
}

#[tokio::test]
async fn a_token_speaks_only_for_those_it_names_and_a_role_uses_only_its_routes() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let router = router(door);
    let enti = |operatore: &str| ask(router.clone(), empty(bearing(get("/v1/catalogue/enti"), operatore)));
    assert_eq!(enti("anna").await.status, StatusCode::OK);
    for nobody in ["carla", "nobody", "", "Not A Login"] {
        let refused = enti(nobody).await;
        assert_eq!(
            (refused.status, refused.problem()),
            (StatusCode::FORBIDDEN, "operator-not-delegated"),
            "{nobody}"
        );
    }
    let unnamed = get("/v1/catalogue/enti").header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    assert_eq!(ask(router.clone(), empty(unnamed)).await.problem(), "operator-not-named");
    let unknown = get("/v1/catalogue/enti")
        .header(header::AUTHORIZATION, format!("Bearer {}", TOKEN.replace('A', "B")));
    assert_eq!(ask(router.clone(), empty(unknown)).await.problem(), "token-unknown");
    let rejects = ask(router.clone(), empty(bearing(get("/v1/desks/rejects"), "bruno"))).await;
    assert_eq!((rejects.status, rejects.problem()), (StatusCode::FORBIDDEN, "not-your-role"));
}

#[tokio::test]
async fn while_too_much_waits_to_be_published_nothing_is_written_and_reading_goes_on() {
    let (door, _lanes) = door_behind(gate(false), DoorConfig::default());
    let router = router(door);
    for route in routes().iter().filter(|route| route.access != Access::Public) {
        let path = route.path.replace("{id}", "x").replace("{ente}", "x");
        let request = match route.verb {
            Verb::Get => get(&path),
            Verb::Post => post(&path),
        };
        let answer = ask(router.clone(), empty(bearing(request, "anna"))).await;
        assert_eq!(answer.problem() == "backlog", route.changes_something(), "{path}");
        if route.changes_something() {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.headers.contains_key(header::RETRY_AFTER));
        }
    }
    let unknown = ask(router, empty(post("/v1/contacts"))).await;
    assert_eq!(unknown.problem(), "token-missing", "who calls is asked first");
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_refused_without_quoting_them() {
    let (door, _lanes) = door_away(DoorConfig { max_body_bytes: 400, ..DoorConfig::default() });
    let router = router(door);
    let contact = |text: String| {
        let request = bearing(post("/v1/contacts"), "anna").body(Body::from(text)).expect("a request");
        ask(router.clone(), request)
    };
    let wrong = contact(r#"{"canale":"telefono","anagrafica":{"nome":{"Rossi":1}}}"#.to_owned()).await;
    assert_eq!(
        (wrong.status, wrong.body["field"].as_str()),
        (StatusCode::BAD_REQUEST, Some("anagrafica.nome"))
    );
    assert!(!wrong.body.to_string().contains("Rossi"));
    let not_json = contact("{".to_owned()).await;
    assert_eq!((not_json.status, not_json.problem()), (StatusCode::BAD_REQUEST, "malformed"));
    let deep = contact("[".repeat(300)).await;
    assert_eq!(deep.status, StatusCode::BAD_REQUEST);
    let large = contact("x".repeat(401)).await;
    assert_eq!((large.status, large.problem()), (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large"));

    let form = bearing(Request::post("/v1/contacts"), "anna").header(header::CONTENT_TYPE, "text/plain");
    let form = ask(router.clone(), form.body(Body::from("{}")).expect("a request")).await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let bytes = bearing(post("/v1/contacts"), "anna").body(Body::from(vec![0xff, 0xfe])).expect("a request");
    assert_eq!(ask(router.clone(), bytes).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_command_without_the_version_seen_is_sent_back_in_the_callers_language() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let router = router(door);
    let path = "/v1/cases/0198c2f4-7a10-7c3e-9d55-1b2f6e0a9c41/accept";
    let italian = ask(router.clone(), empty(bearing(post(path), "anna"))).await;
    assert_eq!(
        (italian.status, italian.problem()),
        (StatusCode::PRECONDITION_REQUIRED, "precondition-required")
    );
    assert!(italian.body["detail"].as_str().is_some_and(|detail| detail.starts_with("Indicare")));
    let english = bearing(post(path), "anna").header(header::ACCEPT_LANGUAGE, "en");
    let english = ask(router.clone(), empty(english)).await;
    assert!(english.body["detail"].as_str().is_some_and(|detail| detail.starts_with("Say")));
    let elsewhere = ask(router.clone(), empty(bearing(post("/v1/cases/no-id/accept"), "anna"))).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist_are_problems_too() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let router = router(door);
    let unknown = ask(router.clone(), empty(get("/v1/nothing"))).await;
    assert_eq!((unknown.status, unknown.problem()), (StatusCode::NOT_FOUND, "not-found"));
    let method = ask(router, empty(Request::delete("/v1/contacts"))).await;
    assert_eq!((method.status, method.problem()), (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"));
    assert!(method.headers.contains_key(header::ALLOW));
}

#[tokio::test]
async fn a_client_past_its_quota_is_asked_to_wait() {
    let one = std::num::NonZeroU32::MIN;
    let config = DoorConfig { requests_per_second: one, burst: one, ..DoorConfig::default() };
    let (door, _lanes) = door_away(config);
    let router = router(door);
    let first = ask(router.clone(), empty(bearing(get("/v1/catalogue/enti"), "anna"))).await;
    assert_eq!(first.status, StatusCode::OK);
    let mut last = first;
    // The bucket refills by one in a second; asking on must meet it empty.
    for _ in 0..20 {
        last = ask(router.clone(), empty(bearing(get("/v1/catalogue/enti"), "anna"))).await;
        if last.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
    }
    assert_eq!((last.status, last.problem()), (StatusCode::TOO_MANY_REQUESTS, "rate-limited"));
    assert!(last.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn a_store_that_is_away_is_our_problem_and_may_be_tried_again() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let path = "/v1/cases/0198c2f4-7a10-7c3e-9d55-1b2f6e0a9c41";
    let answer = ask(router(door), empty(bearing(get(path), "anna"))).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
}

/// What is kept and what is answered are the same, byte for byte, and a replay says that it is one.
#[tokio::test]
async fn a_kept_answer_is_given_again_as_it_was() {
    let telling = answer::Telling {
        language: Language::Italian,
        limits: smista_domain::caso::ContactLimits::default(),
        now: DateTime::UNIX_EPOCH,
    };
    let refused = smista_office::Outcome::Refused(smista_domain::refusal::Refusal::HeldByYou);
    let kept = telling.render(&refused).answer.expect("refusals are kept");
    let (first, first_body) = telling.response(&refused).expect("a response").into_parts();
    let again = smista_office::Outcome::Answered(kept.clone());
    let (again, again_body) = telling.response(&again).expect("a response").into_parts();
    assert_eq!((first.status, again.status), (StatusCode::CONFLICT, StatusCode::CONFLICT));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(first.headers[header::CONTENT_TYPE], again.headers[header::CONTENT_TYPE]);
    let first_body = first_body.collect().await.expect("a body").to_bytes();
    assert_eq!(first_body, again_body.collect().await.expect("a body").to_bytes());
    assert_eq!(first_body, kept.body);

    let panicked = smista_office::Outcome::Panicked;
    assert!(telling.render(&panicked).answer.is_none(), "5xx is never kept");
}

#[tokio::test]
async fn the_server_answers_and_ends_with_its_lanes_when_told_to() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let (door, lanes) = door_away(DoorConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, router(door), async move {
        let _told_or_dropped = stopped.await;
    }));
    let mut connection = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let request = b"GET /healthz HTTP/1.1\r\nhost: smista\r\nconnection: close\r\n\r\n";
    connection.write_all(request).await.expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.send(()).expect("still serving");
    serving.await.expect("no panic").expect("no error");
    lanes.finished().await;
}

/// A panic must neither close the connection nor tell what it said.
#[tokio::test]
async fn a_panic_is_told_as_our_own_fault() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let metrics: std::sync::Arc<dyn Fn() -> String + Send + Sync> =
        std::sync::Arc::new(|| panic!("the citizen is called Rossi"));
    let shown = Shown { metrics: Some(metrics), ..Shown::default() };
    let office = door.shared.office.clone();
    let (door, _other_lanes) = Door::new(office, gate(true), DoorConfig::default(), shown);
    let answer = ask(router(door), empty(get("/metrics"))).await;
    assert_eq!((answer.status, answer.problem()), (StatusCode::INTERNAL_SERVER_ERROR, "internal"));
    assert!(!answer.body.to_string().contains("Rossi"));
}

#[tokio::test]
async fn an_address_that_is_no_text_is_a_problem_document_too() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let router = router(door);
    for route in routes().iter().filter(|route| route.path.contains('{')) {
        let path = route.path.replace("{id}", "%FF").replace("{ente}", "%FF");
        let request = match route.verb {
            Verb::Get => get(&path),
            Verb::Post => post(&path),
        };
        let answer = ask(router.clone(), empty(bearing(request, "anna"))).await;
        let wanted = if route.access.admits("primo_livello") { "not-found" } else { "not-your-role" };
        assert_eq!(answer.problem(), wanted, "{path}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
}

#[tokio::test]
async fn what_is_under_v1_is_kept_by_no_cache() {
    let (door, _lanes) = door_away(DoorConfig::default());
    let router = router(door);
    for request in [bearing(get("/v1/catalogue/enti"), "anna"), get("/v1/nothing"), get("/v1/desks/rejects")]
    {
        let answer = ask(router.clone(), empty(request)).await;
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers[header::VARY], "Authorization, Smista-Operatore, Accept-Language");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
    let public = ask(router, empty(get("/healthz"))).await;
    assert!(!public.headers.contains_key(header::VARY));
}
