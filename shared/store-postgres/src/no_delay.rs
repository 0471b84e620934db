//! TCP_NODELAY for sessions with the server.
//!
//! sqlx 0.9.0 leaves Nagle's algorithm on: of a statement that goes out in several writes, as all do that are larger than
//! one TLS record, the last waits until the server acknowledges the others, which it puts off for 40 ms. The library has
//! mended this since, and this file goes with its next release. Until then it gives nobody the socket that it made, so it
//! is found by its number.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// Every session that the pool opens sends at once what it is given to send.
pub fn without_delay(pool: PgPoolOptions, server: &PgConnectOptions) -> PgPoolOptions {
    let port = server.get_port();
    pool.after_connect(move |_session, _about| {
        set_on_sockets_to(port);
        Box::pin(async { Ok(()) })
    })
}

/// Not every system has this list, and without it everything still works, only later.
#[cfg(target_os = "linux")]
fn set_on_sockets_to(port: u16) {
    use nix::sys::socket::sockopt::TcpNoDelay;
    use nix::sys::socket::{SockaddrStorage, getpeername, setsockopt};

    let numbers = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    for number in numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        let Ok(peer) = getpeername::<SockaddrStorage>(number) else { continue };
        let to = peer.as_sockaddr_in().map(|v4| v4.port());
        let to = to.or_else(|| peer.as_sockaddr_in6().map(|v6| v6.port()));
        if to == Some(port)
            && let Err(error) = setsockopt(number, TcpNoDelay, &true)
        {
            tracing::debug!(%error, "sessions with PostgreSQL send with a delay");
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn set_on_sockets_to(_port: u16) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_socket_to_the_port_sends_at_once_and_no_other() {
        let listeners = [(), ()].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [to_it, elsewhere] = listeners.each_ref().map(|listener| {
            let address = listener.local_addr().expect("bound");
            (std::net::TcpStream::connect(address).expect("connected"), address.port())
        });
        set_on_sockets_to(to_it.1);
        assert!(to_it.0.nodelay().expect("asked"));
        assert!(!elsewhere.0.nodelay().expect("asked"));
    }
}
