//! How the sockets of sessions with the server behave: they send at once, and find out when the other end is gone.
//!
//! sqlx 0.9.0 leaves Nagle's algorithm on: of a statement that goes out in several writes, as all do that are larger than
//! one TLS record, the last waits until the server acknowledges the others, which it puts off for 40 ms. The library has
//! mended this since. It also waits for ever for an answer on a link that is half open, as after a power cut of the server or
//! in a firewall that has forgotten the connection, and for one more after each use of a session. The system's own time-outs end
//! such a session, whatever it is at. The library gives nobody the socket that it made, so it is found by its number.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// Seconds of silence after which the other end is asked whether it is there, and between further questions.
#[cfg(target_os = "linux")]
const ASKED_AFTER: u32 = 10;
#[cfg(target_os = "linux")]
const ASKED_EVERY: u32 = 5;
/// Questions without an answer after which it is gone.
#[cfg(target_os = "linux")]
const QUESTIONS: u32 = 3;
/// Milliseconds after which it is gone when what was sent is not acknowledged (RFC 5482).
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: u32 = 25_000;

/// Every session that the pool opens sends at once what it is given to send, and ends with its link.
pub fn with_sockets_set(pool: PgPoolOptions, server: &PgConnectOptions) -> PgPoolOptions {
    let port = server.get_port();
    pool.after_connect(move |_session, _about| {
        set_on_sockets_to(port);
        Box::pin(async { Ok(()) })
    })
}

/// Not every system has this list, and without it everything still works, only later.
#[cfg(target_os = "linux")]
fn set_on_sockets_to(port: u16) {
    use nix::sys::socket::{SockaddrStorage, getpeername};

    let numbers = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    for number in numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        let Ok(peer) = getpeername::<SockaddrStorage>(number) else { continue };
        let to = peer.as_sockaddr_in().map(|v4| v4.port());
        let to = to.or_else(|| peer.as_sockaddr_in6().map(|v6| v6.port()));
        if to == Some(port)
            && let Err(error) = set(number)
        {
            tracing::debug!(%error, "sessions with PostgreSQL have sockets as the system makes them");
        }
    }
}

#[cfg(target_os = "linux")]
fn set(number: std::os::fd::RawFd) -> nix::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};

    setsockopt(number, sockopt::TcpNoDelay, &true)?;
    setsockopt(number, sockopt::KeepAlive, &true)?;
    setsockopt(number, sockopt::TcpKeepIdle, &ASKED_AFTER)?;
    setsockopt(number, sockopt::TcpKeepInterval, &ASKED_EVERY)?;
    setsockopt(number, sockopt::TcpKeepCount, &QUESTIONS)?;
    setsockopt(number, sockopt::TcpUserTimeout, &UNACKNOWLEDGED)
}

#[cfg(not(target_os = "linux"))]
fn set_on_sockets_to(_port: u16) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{getsockopt, sockopt};

    use super::*;

    #[test]
    fn a_socket_to_the_port_sends_at_once_and_notices_silence_and_no_other_does() {
        let listeners = [(), ()].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [to_it, elsewhere] = listeners.each_ref().map(|listener| {
            let address = listener.local_addr().expect("bound");
            (std::net::TcpStream::connect(address).expect("connected"), address.port())
        });
        set_on_sockets_to(to_it.1);
        assert!(to_it.0.nodelay().expect("asked"));
        let number = to_it.0.as_raw_fd();
        assert_eq!(getsockopt(number, sockopt::KeepAlive), Ok(true));
        assert_eq!(getsockopt(number, sockopt::TcpKeepIdle), Ok(ASKED_AFTER));
        assert_eq!(getsockopt(number, sockopt::TcpKeepCount), Ok(QUESTIONS));
        assert_eq!(getsockopt(number, sockopt::TcpUserTimeout), Ok(UNACKNOWLEDGED));
        assert!(!elsewhere.0.nodelay().expect("asked"));
        assert_eq!(getsockopt(elsewhere.0.as_raw_fd(), sockopt::KeepAlive), Ok(false));
    }
}
