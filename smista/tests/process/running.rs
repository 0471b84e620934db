//! One process of the real program, killed when its test ends, and how a test speaks to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The folder of the sample catalogue.
pub(crate) const CATALOGUE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/catalogo");

/// A process that has said nothing for so long has gone wrong. Nothing is ever waited for to the end of it.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);
/// Between two looks at what another process does, which needs the processor more.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// Looks after which what should come has not.
const MOST_LOOKS: usize = 30_000;

/// A running process.
pub(crate) struct Smista {
    child: Child,
    said: Receiver<String>,
    /// Its operations door.
    pub(crate) ops: String,
}

impl Smista {
    /// Starts it with an operations door, and waits until it says where that is.
    pub(crate) fn start(arguments: &[&str], environment: &[(String, String)]) -> Self {
        let mut command = command(arguments, environment);
        let mut child =
            command.args(["--ops", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("it starts");
        let voice = BufReader::new(child.stdout.take().expect("its voice"));
        let (heard, said) = mpsc::channel();
        // Ends with the process, or with the test that no longer listens.
        thread::spawn(move || voice.lines().map_while(Result::ok).try_for_each(|line| heard.send(line)));
        let mut smista = Self { child, said, ops: String::new() };
        smista.ops = between(&smista.line_with("operations at http://"), "http://", "/");
        smista
    }

    /// The next line that it says with this in it.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            match self.said.recv_timeout(LONGEST_SILENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(_other) => {}
                Err(silence) => panic!("it never said {part:?}: {silence}"),
            }
        }
    }

    /// Asks its operations door until it answers so.
    pub(crate) fn wait_for(&self, path: &str, is_it: impl Fn(u16, &str) -> bool) {
        wait_until(path, || {
            let (status, body) = get(&self.ops, path);
            is_it(status, &body)
        });
    }

    /// Until it is ready, or no longer.
    pub(crate) fn wait_until_ready(&self, ready: bool) {
        self.wait_for("/readyz", |status, _| (status == 200) == ready);
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        terminate(&self.child);
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it was alive");
        self.child.wait().expect("it ends");
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

impl Drop for Smista {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A process without an operations door: a command that ends by itself.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self(command(arguments, &[]).spawn().expect("it starts"))
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        terminate(&self.0);
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.0.wait().expect("it ends")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already needs no killing.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn terminate(child: &Child) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill is everywhere").success());
}

/// Looks until it is so.
pub(crate) fn wait_until(what: &str, mut is_it_so: impl FnMut() -> bool) {
    for _look in 0..MOST_LOOKS {
        if is_it_so() {
            return;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    panic!("{what} never came to that");
}

/// Runs the program to its end and answers what it said.
pub(crate) fn run(arguments: &[&str], environment: &[(String, String)]) -> String {
    let ran = run_to_any_end(arguments, environment);
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Runs the program to its end, whatever that is.
pub(crate) fn run_to_any_end(arguments: &[&str], environment: &[(String, String)]) -> Output {
    command(arguments, environment).output().expect("it starts")
}

/// The same: its exit code, and all that it said, errors last.
pub(crate) fn code_and_words(arguments: &[&str], environment: &[(String, String)]) -> (Option<i32>, String) {
    let ran = run_to_any_end(arguments, environment);
    (ran.status.code(), text(&[ran.stdout, ran.stderr].concat()))
}

/// The same for a command that would run for ever if it could: it is to end by itself.
pub(crate) fn gives_up(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = command(arguments, &[]);
    let mut running =
        Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"));
    wait_until("its end", || running.0.try_wait().expect("a process").is_some());
    let mut said = Vec::new();
    running.0.stdout.take().expect("its voice").read_to_end(&mut said).expect("what it said");
    running.0.stderr.take().expect("its voice").read_to_end(&mut said).expect("what it said");
    (running.ended().code(), text(&said))
}

/// The same: its exit code, and what it said, errors left out.
pub(crate) fn answered(arguments: &[&str], environment: &[(String, String)]) -> (Option<i32>, String) {
    let ran = run_to_any_end(arguments, environment);
    (ran.status.code(), text(&ran.stdout))
}

/// The same: its exit code, what it said, and what it complained of.
pub(crate) fn code_words_and_complaints(
    arguments: &[&str],
    environment: &[(String, String)],
) -> (Option<i32>, String, String) {
    let ran = run_to_any_end(arguments, environment);
    (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The program with the settings of the test alone: none of the variables of whoever runs the tests, and a working
/// directory without a `smista.toml`.
pub(crate) fn command(arguments: &[&str], environment: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smista"));
    for (inherited, _) in std::env::vars_os() {
        if inherited.to_string_lossy().starts_with("SMISTA_") {
            command.env_remove(inherited);
        }
    }
    command.args(arguments).env("SMISTA_LOG", "warn").envs(environment.iter().cloned());
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// How many cases there are in each state, as `smista case count` tells it; without the states that have none.
pub(crate) fn counted(arguments: &[&str], environment: &[(String, String)]) -> Vec<(String, u64)> {
    let counted = run(&[&["case", "count", "--by", "stato", "--json"], arguments].concat(), environment);
    let counted: Vec<Value> = serde_json::from_str(&counted).expect("JSON");
    let row = |row: &Value| {
        (row["key"].as_str().expect("a state").to_owned(), row["count"].as_u64().expect("a number"))
    };
    counted.iter().map(row).filter(|(_, count)| *count > 0).collect()
}

/// What stands between two texts of a line.
pub(crate) fn between(line: &str, before: &str, after: &str) -> String {
    let (_, rest) = line.split_once(before).expect("the text before");
    rest.split(after).next().unwrap_or_default().trim().to_owned()
}

/// `GET`.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// `GET` in the name of an operator of the sample.
pub(crate) fn get_as(address: &str, token: &str, operator: &str, path: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    let who = format!("Authorization: Bearer {token}\r\nSmista-Operatore: {operator}\r\n\r\n");
    exchange(address, &(head + &who))
}

/// A contact by telephone that becomes a case of the second level, opened in the name of some operator of the sample.
pub(crate) fn open_case(address: &str, token: &str) -> String {
    open_case_in_trace(address, token, "")
}

/// The same, in this trace.
pub(crate) fn open_case_in_trace(address: &str, token: &str, traceparent: &str) -> String {
    let headers = format!("Smista-Operatore: operatore.1\r\ntraceparent: {traceparent}\r\n");
    let (status, answer) = post(address, token, "/v1/contacts", &headers, &contact());
    assert_eq!(status, 201, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    answer["id"].as_str().expect("an id").to_owned()
}

/// What `open_case` asks for.
pub(crate) fn contact() -> Value {
    serde_json::json!({
        "motivo": "reclamo", "canale": "telefono", "description": "Nessuno risponde.",
        "tripletta": { "ente": "firenze", "macrostruttura": "anagrafe", "servizio": "variazione-residenza" },
        "anagrafica": { "nome": "Ada", "cognome": "Prova", "telefono": "055 0000001" },
    })
}

/// `POST`, with these header lines besides.
pub(crate) fn post(address: &str, token: &str, path: &str, headers: &str, body: &Value) -> (u16, String) {
    exchange(address, &posted(address, token, path, headers, body))
}

/// The bytes of a `POST`.
pub(crate) fn posted(address: &str, token: &str, path: &str, headers: &str, body: &Value) -> String {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    head + &body
}

/// Sends a request as it stands.
pub(crate) fn exchange(address: &str, request: &str) -> (u16, String) {
    try_exchange(address, request).expect("somebody listens and answers")
}

/// The same with a process that may end over it; the status is 0 when the answer was cut before it.
pub(crate) fn try_exchange(address: &str, request: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Ok((status, body))
}
