//! As much of AMQP 0-9-1 as it takes to publish a message with headers of any bytes: the library of our own side writes
//! none that it could not read.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Where RabbitMQ is.
pub(crate) fn url() -> String {
    std::env::var("SMISTA_TEST_AMQP_URL")
        .unwrap_or_else(|_unset| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned())
}

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const FRAME_END: u8 = 0xCE;
const FRAME_MAX: u32 = 131_072;

/// A connection with one channel in confirm mode.
pub(crate) struct Sender {
    stream: TcpStream,
    user: String,
}

impl Sender {
    pub(crate) fn connect(url: &str) -> Self {
        let uri: lapin::uri::AMQPUri = url.parse().expect("a URL of RabbitMQ");
        let address = (uri.authority.host.as_str(), uri.authority.port);
        let mut stream = TcpStream::connect(address).expect("RabbitMQ is there");
        stream.write_all(b"AMQP\0\0\x09\x01").expect("sent");
        let user = uri.authority.userinfo.username.clone();
        let mut sender = Self { stream, user };
        sender.expect(10, 10);
        let secret = format!("\0{}\0{}", sender.user, uri.authority.userinfo.password);
        let no_properties = 0_u32.to_be_bytes().to_vec();
        let start_ok = [no_properties, short(b"PLAIN"), long(secret.as_bytes()), short(b"en_US")].concat();
        sender.call(0, 10, 11, &start_ok);
        sender.expect(10, 30);
        let tuning = [&[0, 1][..], &FRAME_MAX.to_be_bytes(), &[0, 0]].concat();
        sender.call(0, 10, 31, &tuning);
        sender.call(0, 10, 40, &[short(uri.vhost.as_bytes()), short(b""), vec![0]].concat());
        sender.expect(10, 41);
        sender.call(1, 20, 10, &short(b""));
        sender.expect(20, 11);
        sender.call(1, 85, 10, &[0]);
        sender.expect(85, 11);
        sender
    }

    /// Publishes into a queue, in the name of this connection's user, and waits for the broker's confirm.
    pub(crate) fn publish(&mut self, queue: &str, headers: &Table, body: &[u8]) {
        const HEADERS_AND_USER: u16 = 0x2000 | 0x0010;
        let publish = [vec![0, 0], short(b""), short(queue.as_bytes()), vec![0]].concat();
        self.call(1, 60, 40, &publish);
        let length = (body.len() as u64).to_be_bytes();
        let table = long(&headers.0);
        let head = [
            &[0, 60, 0, 0][..],
            &length,
            &HEADERS_AND_USER.to_be_bytes(),
            &table,
            &short(self.user.as_bytes()),
        ];
        self.frame(HEADER, 1, &head.concat());
        self.frame(BODY, 1, body);
        self.expect(60, 80);
    }

    fn call(&mut self, channel: u16, class: u16, method: u16, arguments: &[u8]) {
        self.frame(METHOD, channel, &[&class.to_be_bytes(), &method.to_be_bytes(), arguments].concat());
    }

    fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let size = u32::try_from(payload.len()).expect("a small frame").to_be_bytes();
        let frame = [&[kind][..], &channel.to_be_bytes(), &size, payload, &[FRAME_END]].concat();
        self.stream.write_all(&frame).expect("sent");
    }

    /// The broker's next method is this one.
    fn expect(&mut self, class: u16, method: u16) {
        let mut head = [0; 7];
        self.stream.read_exact(&mut head).expect("an answer");
        let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
        let mut payload = vec![0; size as usize + 1];
        self.stream.read_exact(&mut payload).expect("the rest of it");
        let got =
            (u16::from_be_bytes([payload[0], payload[1]]), u16::from_be_bytes([payload[2], payload[3]]));
        assert_eq!(got, (class, method), "{}", String::from_utf8_lossy(&payload));
    }
}

/// The entries of a table, encoded.
pub(crate) struct Table(Vec<u8>);

impl Table {
    /// A table of one entry.
    pub(crate) fn of(name: &[u8], value: &[u8]) -> Self {
        Self([&short(name), value].concat())
    }

    /// A value of text, for an entry.
    pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
        [b"S", &long(bytes)[..]].concat()
    }

    /// Lists within lists, so many.
    pub(crate) fn nested_lists(levels: usize) -> Self {
        let list = |inner: Vec<u8>, _level| [b"A", &long(&inner)[..]].concat();
        Self::of(b"deep", &(1..levels).fold(list(Vec::new(), 0), list))
    }

    /// Tables within tables, so many.
    pub(crate) fn nested_tables(levels: usize) -> Self {
        let table = |inner: Self, _level| Self::of(b"deep", &[b"F", &long(&inner.0)[..]].concat());
        (0..levels).fold(Self(Vec::new()), table)
    }
}

fn short(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).expect("a short text")][..], bytes].concat()
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("a text").to_be_bytes()[..], bytes].concat()
}
