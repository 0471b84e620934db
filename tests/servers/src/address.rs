//! The part of a server's URL that a person or a socket needs. Its Display leaves the password out.

use std::fmt;

use anyhow::{Context as _, Result};

/// A server, without what only a login needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    scheme: String,
    /// Its name or number.
    pub host: String,
    /// That of the URL, else the usual one of its scheme.
    pub port: u16,
    /// What follows the first slash after the authority, without it: the database or the encoded virtual host.
    path: String,
}

impl Address {
    /// What a URL names; no error repeats it, since it may hold a password.
    pub fn of(url: &str) -> Result<Self> {
        // The URL may carry a password, so that no error repeats it.
        let (scheme, rest) =
            url.split_once("://").context("a server's URL needs a scheme, such as amqp://")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
        let usual_port = if scheme.starts_with("amqp") { 5672 } else { 5432 };
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().context("the port of a server's URL is no number")?),
            None => (server, usual_port),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        Ok(Self { scheme: scheme.to_owned(), host: host.to_owned(), port, path: path.to_owned() })
    }

    /// It is this machine's own.
    pub fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "127.0.0.1" | "localhost")
    }

    /// The virtual host of an AMQP URL; without one, the broker's default.
    pub fn vhost(&self) -> &str {
        match self.path.as_str() {
            "" | "%2f" | "%2F" => "/",
            named => named,
        }
    }
}

/// Account and password of a broker's URL; without them, the account that each broker brings along.
pub fn login(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let named = authority.rsplit_once('@').map(|(login, _)| login.split_once(':').unwrap_or((login, "")));
    named.unwrap_or(("guest", "guest"))
}

/// The same server, another database.
pub fn with_database(url: &str, database: &str) -> Result<String> {
    let (scheme, rest) =
        url.split_once("://").context("a database's URL needs a scheme, such as postgres://")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let options = rest.split_once('?').map(|(_, options)| format!("?{options}")).unwrap_or_default();
    Ok(format!("{scheme}://{authority}/{database}{options}"))
}

/// The same server behind another port of this machine.
///
/// # Errors
/// It is no URL.
pub fn with_local_port(url: &str, port: u16) -> Result<String> {
    let (scheme, rest) = url.split_once("://").context("a server's URL needs a scheme, such as amqp://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let login = authority.rsplit_once('@').map(|(login, _)| format!("{login}@")).unwrap_or_default();
    Ok(format!("{scheme}://{login}127.0.0.1:{port}/{path}"))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}:{}/{}", self.scheme, self.host, self.port, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_default_by_scheme_and_passwords_are_not_shown() {
        let broker = Address::of("amqp://guest:s3cr:t@broker").unwrap();
        assert_eq!((broker.host.as_str(), broker.port, broker.vhost()), ("broker", 5672, "/"));
        assert_eq!(broker.to_string(), "amqp://broker:5672/");
        let store = Address::of("postgres://postgres@127.0.0.1/smista?sslmode=disable").unwrap();
        assert_eq!((store.port, store.path.as_str(), store.is_loopback()), (5432, "smista", true));
    }

    #[test]
    fn a_virtual_host_may_be_the_encoded_slash_or_a_name() {
        assert_eq!(Address::of("amqp://127.0.0.1:5673/%2f").unwrap().vhost(), "/");
        assert_eq!(Address::of("amqp://127.0.0.1:5673/smista").unwrap().vhost(), "smista");
    }

    #[test]
    fn a_login_is_read_from_the_url_or_is_the_usual_one() {
        assert_eq!(login("amqp://smista:s3cr:t@broker:5672/%2f"), ("smista", "s3cr:t"));
        assert_eq!(login("amqp://broker/office"), ("guest", "guest"));
    }

    #[test]
    fn an_error_does_not_repeat_the_url() {
        let error = Address::of("amqp://guest:hidden@broker:port/").unwrap_err();
        assert!(!format!("{error:#}").contains("hidden"), "{error:#}");
    }

    #[test]
    fn another_port_keeps_login_and_path() {
        let other = |url| with_local_port(url, 7).unwrap();
        assert_eq!(other("amqp://guest:s3cr:t@broker:5672/%2f"), "amqp://guest:s3cr:t@127.0.0.1:7/%2f");
        assert_eq!(other("postgres://h/one?sslmode=disable"), "postgres://127.0.0.1:7/one?sslmode=disable");
    }

    #[test]
    fn another_database_keeps_the_options() {
        let other = |url| with_database(url, "scratch").unwrap();
        assert_eq!(
            other("postgres://p@h:5432/one?sslmode=disable"),
            "postgres://p@h:5432/scratch?sslmode=disable"
        );
        assert_eq!(other("postgres://p@h"), "postgres://p@h/scratch");
    }
}
