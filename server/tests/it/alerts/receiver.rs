//! A receiver of webhooks on a free port: keeps what comes, answers as it was told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a request is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Status(u16),
    /// With so many seconds of `Retry-After`.
    RetryAfter(u16, u64),
    /// The connection ends instead of an answer.
    Cut,
}

/// What came.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// One receiver; 200 is its answer when nothing else was asked for.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Debug, Default)]
struct Desk {
    answers: VecDeque<Answer>,
    requests: Vec<Request>,
}

// === impl Receiver ===

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let desk = Arc::new(Mutex::new(Desk::default()));
        let kept = Arc::clone(&desk);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        Self { address, desk }
    }

    /// The next requests are answered so.
    pub(super) fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.desk.lock().expect("whole").answers.extend(answers);
    }

    /// What has come since this was asked last.
    pub(super) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.desk.lock().expect("whole").requests)
    }
}

async fn serve(mut stream: TcpStream, desk: Arc<Mutex<Desk>>) {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        assert!(stream.read_buf(&mut bytes).await.expect("read") > 0, "a head that ends");
    };
    let text = String::from_utf8(bytes[..head].to_vec()).expect("text");
    let mut lines = text.lines();
    let mut start = lines.next().expect("a request").split(' ').map(str::to_owned);
    let (method, path) = (start.next().expect("a method"), start.next().expect("a path"));
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = pairs.map(|(k, v)| (k.to_lowercase(), v.to_owned())).collect();
    let mut request = Request { method, path, headers, body: bytes.split_off(head) };
    // Who follows a redirect sends none.
    let length = request.header("content-length").unwrap_or("0");
    let length: usize = length.parse().expect("a number");
    while request.body.len() < length {
        assert!(stream.read_buf(&mut request.body).await.expect("read") > 0, "a body that ends");
    }
    let answer = {
        let mut desk = desk.lock().expect("whole");
        desk.requests.push(request);
        desk.answers.pop_front().unwrap_or(Answer::Status(200))
    };
    let (status, header) = match answer {
        Answer::Status(status) => (status, "location: /elsewhere\r\n".to_owned()),
        Answer::RetryAfter(status, seconds) => (status, format!("retry-after: {seconds}\r\n")),
        Answer::Cut => return,
    };
    let length = if status == 204 { "" } else { "content-length: 0\r\n" };
    let reply = format!("HTTP/1.1 {status} Said\r\n{header}{length}\r\n");
    stream.write_all(reply.as_bytes()).await.expect("written");
}

// === impl Request ===

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Path and key.
    pub(super) fn about(&self) -> String {
        format!("{} {}", self.path, self.header("idempotency-key").expect("a key"))
    }
}
