//! What the HTTP door answered, and what a story says about it.

use serde_json::Value;

/// An answer of the door.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// Response headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; null when it was empty.
    pub body: Value,
}

impl Answer {
    /// The answer to a request that must succeed.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "expected success, got {} {}", self.status, self.body);
        self
    }

    /// The answer to a request that must be refused with this problem, by the end of its `type`.
    #[track_caller]
    pub fn refused(self, code: &str) -> Self {
        let problem = self.text("/type");
        assert_eq!(problem, format!("urn:smista:problem:{code}"), "{} {}", self.status, self.body);
        self
    }

    /// The same, and the problem names this clause.
    #[track_caller]
    pub fn by_clause(self, clause: &str) -> Self {
        assert_eq!(self.text("/clause"), clause, "{}", self.body);
        self
    }

    /// The text at a JSON pointer; empty where there is none.
    pub fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The number at a JSON pointer; 0 where there is none.
    pub fn number(&self, pointer: &str) -> i64 {
        self.body.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
    }

    /// The array at a JSON pointer; empty where there is none.
    pub fn list(&self, pointer: &str) -> Vec<Value> {
        self.body.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// A response header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Where the case stands: `rigettato`, `risolto_secondo_livello/da_comunicare`.
    pub fn stato(&self) -> String {
        match self.text("/attributo") {
            attributo if attributo.is_empty() => self.text("/stato"),
            attributo => format!("{}/{attributo}", self.text("/stato")),
        }
    }

    /// The id of the case.
    #[track_caller]
    pub fn id(&self) -> String {
        let id = self.text("/id");
        assert!(!id.is_empty(), "no case in {}", self.body);
        id
    }
}
