//! What queues and exchanges are called, and where a message is sent: spelt alike on both brokers.

/// Why a name, or what is made of names, cannot be used; asking again will not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsuitable(pub String);

/// The two exchanges: others may write commands, only smista writes facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exchange {
    Commands,
    Facts,
}

impl Exchange {
    pub const ALL: [Exchange; 2] = [Exchange::Commands, Exchange::Facts];

    /// `commands` or `facts`, as stores and AMQP names spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Exchange::Commands => "commands",
            Exchange::Facts => "facts",
        }
    }
}

/// Where a message goes. Its text form (`commands`, `facts`, `queue:NAME`) is what stores keep in a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// To whichever queues bind its type. A command that no queue takes is an error, a fact is not.
    Exchange(Exchange),
    /// To one queue only, without prefix: a wait that goes back to its worker, a parked message replayed.
    Queue(String),
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Destination::Exchange(exchange) => f.write_str(exchange.as_str()),
            Destination::Queue(name) => write!(f, "queue:{name}"),
        }
    }
}

impl std::str::FromStr for Destination {
    type Err = Unsuitable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.strip_prefix("queue:")) {
            ("commands", _) => Ok(Destination::Exchange(Exchange::Commands)),
            ("facts", _) => Ok(Destination::Exchange(Exchange::Facts)),
            (_, Some(name)) if !name.is_empty() => Ok(Destination::Queue(name.to_owned())),
            _ => Err(Unsuitable(format!("{text:?} is no destination"))),
        }
    }
}

/// What stands before every name on a shared broker, so that installations do not meet: `smista` by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePrefix(String);

impl NamePrefix {
    /// The dead-letter queue's name without prefix.
    pub const DEAD: &'static str = "dead";

    /// Accepts 1 to 64 letters, digits, hyphens and underscores; no dot, which ends the prefix.
    pub fn new(prefix: &str) -> Result<Self, Unsuitable> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(allowed) {
            return Err(Unsuitable(format!(
                "{prefix:?} cannot be a prefix of names: 1 to 64 letters, digits, hyphens and underscores"
            )));
        }
        Ok(Self(prefix.to_owned()))
    }

    /// The prefix alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name of a queue or exchange on the broker.
    pub fn full(&self, name: &str) -> String {
        format!("{}.{name}", self.0)
    }

    /// The name without prefix, when it is one of this installation's.
    pub fn strip<'a>(&self, full: &'a str) -> Option<&'a str> {
        full.strip_prefix(self.0.as_str())?.strip_prefix('.')
    }
}

impl Default for NamePrefix {
    fn default() -> Self {
        Self("smista".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_keep_installations_apart() {
        let prefix = NamePrefix::new("test-1").expect("fine");
        assert_eq!(prefix.full("letters"), "test-1.letters");
        assert_eq!(prefix.strip("test-1.letters"), Some("letters"));
        assert_eq!(prefix.strip("test-10.letters"), None);
        assert_eq!(NamePrefix::default().full("commands"), "smista.commands");
        for bad in ["", "a.b", "a b", &"x".repeat(65)] {
            assert!(NamePrefix::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_destination_survives_its_text_form() {
        let queue = Destination::Queue("letters".to_owned());
        for destination in
            [Destination::Exchange(Exchange::Commands), Destination::Exchange(Exchange::Facts), queue]
        {
            assert_eq!(destination.to_string().parse::<Destination>().expect("parses"), destination);
        }
        assert!("queue:".parse::<Destination>().is_err());
        assert!("letters".parse::<Destination>().is_err());
    }
}
