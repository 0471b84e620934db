//! One process of the real program, killed when its test ends, and how a test speaks to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

/// Questions after which a process that does not come round has gone wrong.
const MOST_QUESTIONS: usize = 200_000;

/// A running process.
pub(crate) struct Smista {
    child: Child,
    said: BufReader<ChildStdout>,
    /// Its operations door.
    pub(crate) ops: String,
}

impl Smista {
    /// Starts it with an operations door, and waits until it says where that is.
    pub(crate) fn start(arguments: &[&str], environment: &[(String, String)]) -> Self {
        let mut command = command(arguments, environment);
        let mut child =
            command.args(["--ops", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("it starts");
        let said = BufReader::new(child.stdout.take().expect("its voice"));
        let mut smista = Self { child, said, ops: String::new() };
        smista.ops = between(&smista.line_with("operations at http://"), "http://", "/");
        smista
    }

    /// The next line that it says with this in it.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        let mut line = String::new();
        while self.said.read_line(&mut line).expect("its voice") > 0 {
            if line.contains(part) {
                return line;
            }
            line.clear();
        }
        panic!("it ended without saying {part:?}");
    }

    /// Asks its operations door until it answers so.
    pub(crate) fn wait_for(&self, path: &str, is_it: impl Fn(u16, &str) -> bool) {
        let answered = |_| is_it_so(&self.ops, path, &is_it);
        assert!((0..MOST_QUESTIONS).any(answered), "{path} never came to that");
    }

    /// Until it is ready, or no longer.
    pub(crate) fn wait_until_ready(&self, ready: bool) {
        self.wait_for("/readyz", |status, _| (status == 200) == ready);
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        terminate(&self.child);
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

/// Runs the program to its end, well or not, and answers its exit code and all that it said, errors last.
pub(crate) fn run_to_any_end(arguments: &[&str], environment: &[(String, String)]) -> (Option<i32>, String) {
    let ran = command(arguments, environment).output().expect("it starts");
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// Runs the program to its end, well or not, and answers its exit code and what it said, errors left out.
pub(crate) fn answered(arguments: &[&str], environment: &[(String, String)]) -> (Option<i32>, String) {
    let ran = command(arguments, environment).output().expect("it starts");
    (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// Runs the program to its end and answers what it said.
pub(crate) fn run(arguments: &[&str], environment: &[(String, String)]) -> String {
    let ran = command(arguments, environment).output().expect("it starts");
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Runs the program to its end, however that is: its exit code, what it said, and what it complained of.
pub(crate) fn run_for_outputs(arguments: &[&str], environment: &[(String, String)]) -> (i32, String, String) {
    let ran = command(arguments, environment).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ran.status.code().expect("an exit code"), text(&ran.stdout), text(&ran.stderr))
}

fn command(arguments: &[&str], environment: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smista"));
    command.args(arguments).env("SMISTA_LOG", "warn").envs(environment.iter().cloned());
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command
}

/// What stands between two texts of a line.
pub(crate) fn between(line: &str, before: &str, after: &str) -> String {
    let (_, rest) = line.split_once(before).expect("the text before");
    rest.split(after).next().unwrap_or_default().trim().to_owned()
}

fn is_it_so(address: &str, path: &str, is_it: &impl Fn(u16, &str) -> bool) -> bool {
    let (status, body) = get(address, path);
    is_it(status, &body)
}

/// `GET`.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// A contact by telephone that becomes a case of the second level, opened in the name of some operator of the sample.
pub(crate) fn open_case(address: &str, token: &str) -> String {
    open_case_in_trace(address, token, "")
}

/// The same, in this trace.
pub(crate) fn open_case_in_trace(address: &str, token: &str, traceparent: &str) -> String {
    let body = serde_json::json!({
        "motivo": "reclamo", "canale": "telefono", "description": "Nessuno risponde.",
        "tripletta": { "ente": "firenze", "macrostruttura": "anagrafe", "servizio": "variazione-residenza" },
        "anagrafica": { "nome": "Ada", "cognome": "Prova", "telefono": "055 0000001" },
    });
    let headers = format!("Smista-Operatore: operatore.1\r\ntraceparent: {traceparent}\r\n");
    let (status, answer) = post(address, token, "/v1/contacts", &headers, &body);
    assert_eq!(status, 201, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    answer["id"].as_str().expect("an id").to_owned()
}

/// `POST`, with these header lines besides.
pub(crate) fn post(address: &str, token: &str, path: &str, headers: &str, body: &Value) -> (u16, String) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    exchange(address, &(head + &body))
}

fn exchange(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (status, body)
}
