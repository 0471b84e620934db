//! A link between smista and a server that can be slow, silent or cut: the faults of a network, which this machine's own
//! does not have. Knows bytes, not what they mean.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes taken from a socket at once.
const PIECE: usize = 16 * 1024;
/// Pieces under way in one direction; more stay with whoever sends them, as in a router's buffer.
const UNDER_WAY: usize = 256;

/// How a link is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Link {
    /// How long each byte is under way, in each direction.
    pub delay: Duration,
    /// Bytes a second, in each direction of each connection; none: as many as there are.
    pub throttle: Option<NonZeroU32>,
    /// Whatever is sent is lost, and nobody is told: a half-open connection. It stays so when the link is better, until
    /// somebody gives it up.
    pub silent: bool,
}

/// Listens on a port of its own, and hands on to a server's.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    link: Mutex<Link>,
    connections: Mutex<Vec<Connection>>,
    /// Bytes handed on.
    passed: AtomicU64,
    over: AtomicBool,
}

/// Two ends.
struct Connection {
    client: TcpStream,
    server: TcpStream,
}

/// Bytes, and when they are due.
type Piece = (Instant, Vec<u8>);

#[expect(clippy::disallowed_methods, reason = "delays are of the real clock: sockets know no other")]
fn now() -> Instant {
    Instant::now()
}

impl Proxy {
    /// A link to the server that listens on this port of this machine.
    ///
    /// # Panics
    /// No port is free.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            link: Mutex::default(),
            connections: Mutex::default(),
            passed: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            // Some have gone again before they are accepted.
            for client in listener.incoming().flatten() {
                if accepting.over.load(Ordering::Acquire) {
                    return;
                }
                // A server that is not there: the connection ends as soon as it has begun.
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                    _ = accepting.connect(client, server);
                }
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on the link is so.
    pub fn set(&self, link: Link) {
        *lock(&self.shared.link) = link;
    }

    /// Ends every connection; new ones may be made. Answers how many there were.
    pub fn cut(&self) -> usize {
        let connections = std::mem::take(&mut *lock(&self.shared.connections));
        connections.iter().filter(|connection| connection.end()).count()
    }

    /// Bytes handed on so far, both ways.
    pub fn passed(&self) -> u64 {
        self.shared.passed.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        // Whoever accepts is woken.
        drop(TcpStream::connect(self.address));
        self.cut();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// Both ends are told; answers whether there was anybody to tell.
    fn end(&self) -> bool {
        let told = [&self.client, &self.server].map(|end| end.shutdown(Shutdown::Both).is_ok());
        told.contains(&true)
    }
}

impl Shared {
    fn connect(self: &Arc<Self>, client: TcpStream, server: TcpStream) -> std::io::Result<()> {
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        // Whether something that was sent between the two is lost.
        let dead = Arc::new(AtomicBool::new(false));
        self.pump(client.try_clone()?, server.try_clone()?, &dead);
        self.pump(server.try_clone()?, client.try_clone()?, &dead);
        lock(&self.connections).push(Connection { client, server });
        Ok(())
    }

    /// Hands on what comes from one end to the other, until one of them ends.
    fn pump(self: &Arc<Self>, from: TcpStream, to: TcpStream, dead: &Arc<AtomicBool>) {
        let (under_way, arrives) = sync_channel(UNDER_WAY);
        let shared = Arc::clone(self);
        thread::spawn(move || shared.take(from, &under_way));
        let (shared, dead) = (Arc::clone(self), Arc::clone(dead));
        thread::spawn(move || shared.hand_on(to, &arrives, &dead));
    }

    fn take(&self, mut from: TcpStream, under_way: &SyncSender<Piece>) {
        let mut piece = vec![0; PIECE];
        while let Ok(length) = from.read(&mut piece) {
            let due = now() + lock(&self.link).delay;
            if length == 0 || under_way.send((due, piece[..length].to_vec())).is_err() {
                return;
            }
        }
    }

    fn hand_on(&self, mut to: TcpStream, arrives: &Receiver<Piece>, dead: &AtomicBool) {
        for (due, piece) in arrives {
            thread::sleep(due.saturating_duration_since(now()));
            let link = *lock(&self.link);
            if link.silent {
                dead.store(true, Ordering::Release);
            }
            if dead.load(Ordering::Acquire) {
                continue;
            }
            if to.write_all(&piece).is_err() {
                return;
            }
            self.passed.fetch_add(piece.len() as u64, Ordering::Relaxed);
            if let Some(rate) = link.throttle {
                thread::sleep(Duration::from_secs_f64(piece.len() as f64 / f64::from(rate.get())));
            }
        }
        // On a dead connection nobody hears that the other end is gone.
        if !dead.load(Ordering::Acquire) && !lock(&self.link).silent {
            _ = to.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says back whatever it hears.
    fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    let mut heard = [0; 64];
                    while let Ok(length) = client.read(&mut heard) {
                        if length == 0 || client.write_all(&heard[..length]).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        port
    }

    fn ask(client: &mut TcpStream) -> std::io::Result<[u8; 4]> {
        client.write_all(b"eco?")?;
        let mut heard = [0; 4];
        client.read_exact(&mut heard).map(|()| heard)
    }

    fn client(proxy: &Proxy) -> TcpStream {
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).expect("connected");
        client.set_read_timeout(Some(Duration::from_millis(200))).expect("set");
        client
    }

    #[test]
    fn what_is_said_arrives_and_is_counted() {
        let proxy = Proxy::to(echo());
        assert_eq!(&ask(&mut client(&proxy)).expect("an answer"), b"eco?");
        assert_eq!(proxy.passed(), 8);
    }

    #[test]
    fn a_slow_link_answers_after_both_ways() {
        let proxy = Proxy::to(echo());
        let mut client = client(&proxy);
        proxy.set(Link { delay: Duration::from_millis(30), ..Link::default() });
        let began = now();
        ask(&mut client).expect("an answer");
        assert!(began.elapsed() >= Duration::from_millis(60));
    }

    #[test]
    fn a_half_open_connection_stays_dead_and_a_new_one_lives() {
        let proxy = Proxy::to(echo());
        let mut first = client(&proxy);
        ask(&mut first).expect("an answer");
        proxy.set(Link { silent: true, ..Link::default() });
        assert!(ask(&mut first).is_err());
        proxy.set(Link::default());
        assert!(ask(&mut first).is_err());
        ask(&mut client(&proxy)).expect("an answer");
    }

    #[test]
    fn what_is_cut_has_ended() {
        let proxy = Proxy::to(echo());
        let mut client = client(&proxy);
        ask(&mut client).expect("an answer");
        assert_eq!(proxy.cut(), 1);
        assert!(ask(&mut client).is_err());
    }
}
