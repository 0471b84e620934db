//! A receiver of spans (OTLP over HTTP, protobuf), as a collector would be.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// Keeps every span that it is sent.
pub(crate) struct Receiver {
    /// Where processes send them.
    pub(crate) endpoint: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Receiver {
    /// Listens until the test's program ends.
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let spans = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&spans);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, kept) = (stream.expect("a connection"), Arc::clone(&kept));
                std::thread::spawn(move || take_all(stream, &kept));
            }
        });
        Self { endpoint, spans }
    }

    /// What came so far.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.spans.lock().expect("no panic").clone()
    }
}

fn take_all(stream: TcpStream, kept: &Mutex<Vec<Span>>) {
    let mut requests = BufReader::new(stream);
    while let Some(body) = next_body(&mut requests) {
        let request = ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP");
        let spans = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        kept.lock().expect("no panic").extend(spans.flat_map(|scope| scope.spans));
        requests.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("answered");
    }
}

/// The body of the next request; none when the sender is gone.
fn next_body(requests: &mut impl BufRead) -> Option<Vec<u8>> {
    let (mut length, mut line) = (0, String::new());
    while requests.read_line(&mut line).ok().filter(|bytes| *bytes > 0).is_some() {
        let (name, value) = line.split_once(':').unwrap_or((line.trim(), ""));
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().expect("a length");
        } else if name.is_empty() {
            let mut body = vec![0; length];
            requests.read_exact(&mut body).expect("a body");
            return Some(body);
        }
        line.clear();
    }
    None
}

/// Every text that a span carries.
pub(crate) fn texts(span: &Span) -> Vec<String> {
    let of_events = span.events.iter().flat_map(|event| &event.attributes);
    let values = span.attributes.iter().chain(of_events).filter_map(|pair| pair.value.clone()?.value);
    let texts = values.filter_map(|value| match value {
        Value::StringValue(text) => Some(text),
        _ => None,
    });
    let names = span.events.iter().map(|event| event.name.clone());
    texts.chain(names).chain([span.name.clone()]).collect()
}
