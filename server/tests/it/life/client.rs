//! HTTP/1.1 by hand over a TCP stream: bytes out, replies in.
//!
//! A reply that does not come within `PATIENCE` fails the test; nothing is tried twice.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Far longer than anything takes; ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

/// A reply, or its head.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// A `GET`.
pub(super) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: t\r\n\r\n").into_bytes()
}

/// The example's scoring request with an id, and `headers` with their line ends.
pub(super) fn infer(id: &str, headers: &str) -> Vec<u8> {
    let fields = server::demo::REQUEST.trim().strip_prefix('{').expect("a JSON object");
    let body = format!("{{\"id\": \"{id}\", {fields}");
    let length = body.len();
    let start = "POST /v2/models/fraud/infer HTTP/1.1\r\nhost: t\r\n";
    format!("{start}content-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// The head of a request, with its empty line, and the body.
pub(super) fn split(request: &[u8]) -> (&[u8], &[u8]) {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n");
    request.split_at(end.expect("a head") + 4)
}

// === impl Client ===

impl Client {
    pub(super) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.set_write_timeout(Some(PATIENCE)).expect("set");
        stream.set_nodelay(true).expect("set");
        Self { stream: BufReader::new(stream) }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("sent");
    }

    /// The head of the next reply, an interim one (1xx) included.
    pub(super) fn head(&mut self) -> Answer {
        let line = self.line();
        let mut parts = line.split(' ');
        assert_eq!(parts.next(), Some("HTTP/1.1"), "{line:?}");
        let status = parts.next().and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {line:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return Answer { status, headers, body: Vec::new() };
            }
            let (name, value) = line.split_once(": ").expect("a header");
            headers.push((name.to_lowercase(), value.to_owned()));
        }
    }

    /// The next reply with its body.
    pub(super) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        answer.body = vec![0; answer.length()];
        self.stream.read_exact(&mut answer.body).expect("a whole body");
        answer
    }

    /// Waits for the connection's end; false when bytes come instead.
    pub(super) fn is_closed(&mut self) -> bool {
        match self.stream.fill_buf() {
            Ok(bytes) => bytes.is_empty(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
                true
            }
        }
    }

    /// Whether no byte has come so far. Does not wait.
    pub(super) fn has_nothing_yet(&mut self) -> bool {
        let stream = self.stream.get_ref();
        stream.set_nonblocking(true).expect("set");
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).expect("set");
        let nothing = peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        nothing && self.stream.buffer().is_empty()
    }

    /// Sends `bytes` and the end of sending; returns all that comes until the server hangs up.
    pub(super) fn send_and_hear_all(mut self, bytes: &[u8]) -> Vec<u8> {
        let stream = self.stream.get_mut();
        // A server that has heard enough may hang up in the middle: that is an answer too.
        let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut heard = Vec::new();
        if let Err(error) = self.stream.read_to_end(&mut heard) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
        heard
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line in time");
        let line = line.strip_suffix("\r\n").unwrap_or_else(|| panic!("no whole line: {line:?}"));
        line.to_owned()
    }
}

// === impl Answer ===

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What `content-length` says; 0 without one.
    pub(super) fn length(&self) -> usize {
        self.header("content-length").map_or(0, |length| length.parse().expect("a length"))
    }

    /// A text field of the JSON body.
    #[track_caller]
    pub(super) fn text(&self, field: &str) -> String {
        let body: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        body[field].as_str().unwrap_or_else(|| panic!("no {field} in {body}")).to_owned()
    }
}
