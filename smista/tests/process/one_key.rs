//! One contact, asked for again and again with its key at the doors of two processes, is one case.

use serde_json::Value;

use crate::running::{CATALOGUE, Smista, between, contact, counted, post, run};
use crate::servers::OwnServers;

const AT_ONCE: usize = 100;

#[test]
fn a_hundred_equal_calls_to_two_processes_open_one_case() {
    let servers = OwnServers::create();
    let environment = servers.environment();
    run(&["migrate"], &environment);
    run(&["catalogue", "import", CATALOGUE], &environment);
    let made = ["token", "create", "--client", "prova", "--ruolo", "primo_livello", "--json"];
    let made: Value = serde_json::from_str(&run(&made, &environment)).expect("JSON");
    let token = made["token"].as_str().expect("a token");
    let mut doors = [(); 2].map(|()| Smista::start(&["serve", "--listen", "127.0.0.1:0"], &environment));
    let addresses = doors.each_mut().map(|door| between(&door.line_with("serving http://"), "http://", "/"));

    let headers = "Smista-Operatore: operatore.1\r\nIdempotency-Key: la-stessa\r\n";
    let call = |place: usize| post(&addresses[place % 2], token, "/v1/contacts", headers, &contact());
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..AT_ONCE).map(|place| scope.spawn(move || call(place))).collect();
        calls.into_iter().map(|call| call.join().expect("an answer")).collect()
    });
    assert_eq!(answers[0].0, 201, "{}", answers[0].1);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(counted(&[], &environment), [("assegnato".to_owned(), 1)]);
    for door in doors {
        door.terminate();
        assert_eq!(door.ended().code(), Some(0));
    }
    assert_eq!(servers.number("select count(*) from outbox"), 0);
    assert_eq!(servers.number("select count(*) from caso_storia"), 1, "opened once, and nobody has worked");
}
