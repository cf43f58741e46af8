//! The access log: a JSON line on the standard error for each request, or for a share of them.
//!
//! Lines go to a bounded queue and are written by a thread of their own: a scoring thread never
//! waits for a terminal or a pipe. Those that find the queue full are counted, and said at the end.
//! The fields are those of Azure ML's traffic log.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::error::Error;
use crate::protocol::Protocol;
use crate::protocol::json::write::{Write as _, string};

#[cfg(test)]
mod tests;

/// Lines that may wait.
const QUEUE: usize = 8192;
/// Characters of a client's name for itself.
const AGENT_CHARS: usize = 70;
/// Characters of the reason of a failure.
const REASON_CHARS: usize = 200;
/// The status of an answer that the model failed to give.
const MODEL_FAILED: u16 = 424;

/// The way to the log.
#[derive(Debug)]
pub struct AccessLog {
    /// Draws below this are logged; none, when nothing is.
    below: Option<u64>,
    lines: Sender<Vec<u8>>,
    written: Receiver<()>,
    dropped: AtomicU64,
}

/// What came of a request's body, or of a call's message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Came {
    /// As it came, packed or not; 0 when it was not read.
    pub bytes: usize,
    /// From the head to its end, when it was read.
    pub after: Option<Duration>,
}

/// One request, as its line says it.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// When it came, microseconds since 1970 UTC.
    pub time_us: i64,
    /// The HTTP method.
    pub method: &'a str,
    /// The path, without its query.
    pub path: &'a str,
    /// The endpoint that was asked, if one was.
    pub endpoint: Option<&'a str>,
    /// The deployment that answered.
    pub deployment: Option<&'a str>,
    /// What it was spoken in; none for what no model is asked.
    pub protocol: Option<Protocol>,
    /// The status, of HTTP also where it was gRPC.
    pub code: u16,
    /// Why it was not answered.
    pub unanswered: Option<&'a Unanswered>,
    /// The request's name, the client's or ours.
    pub request_id: Option<&'a str>,
    /// The client's own name for it, beside ours.
    pub client_request_id: Option<&'a str>,
    /// The trace that it is part of, as the reply says it.
    pub traceparent: Option<&'a str>,
    /// Bytes of the body as they came.
    pub request_bytes: usize,
    /// Bytes of the reply's body as they went.
    pub response_bytes: usize,
    /// The client's name for itself.
    pub user_agent: Option<&'a str>,
    /// From the head to the end of the request's body, when that was read.
    pub request_duration: Option<Duration>,
    /// From the head to the model's answer, when there was one.
    pub response_duration: Option<Duration>,
    /// From the head to the encoded reply.
    pub duration: Duration,
}

/// Why a request was not answered; kept beside its reply for its line.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// What the client was told.
    reason: String,
    /// The model ran, and failed.
    is_models: bool,
}

// === impl Unanswered ===

impl Unanswered {
    /// What `error` says, cut where it is long.
    pub fn of(error: &Error) -> Self {
        let reason = error.to_string().chars().take(REASON_CHARS).collect();
        Self { reason, is_models: error.status() == MODEL_FAILED }
    }

    /// What the client was told.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the model ran, and failed.
    pub fn is_models(&self) -> bool {
        self.is_models
    }
}

// === impl AccessLog ===

impl AccessLog {
    /// Logs this share of the requests, 0 to 1, from a thread "skeg-access".
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub fn start(share: f64) -> std::io::Result<Self> {
        let (lines, taken) = bounded::<Vec<u8>>(QUEUE);
        let (says, written) = bounded(0);
        let below = (share > 0.0).then_some((share.min(1.0) * (1_u64 << 32) as f64) as u64);
        if below.is_some() {
            // Its own way there: whoever reads it slowly must not hold up those who log through the
            // library's lock.
            let out = File::from(std::io::stderr().as_fd().try_clone_to_owned()?);
            let thread = std::thread::Builder::new().name("skeg-access".to_owned());
            thread.spawn(move || write_all(&taken, &says, out))?;
        }
        Ok(Self { below, lines, written, dropped: AtomicU64::new(0) })
    }

    /// Whether a request with this draw, uniform over `u32`, has a line.
    #[inline]
    pub fn takes(&self, draw: impl FnOnce() -> u32) -> bool {
        self.below.is_some_and(|below| u64::from(draw()) < below)
    }

    /// Hands a line over.
    pub fn log(&self, access: Access<'_>) {
        match self.lines.try_send(access.line()) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until all lines so far are written, for no longer than `patience`; the lines that
    /// found the queue full.
    pub fn finish(&self, patience: Duration) -> u64 {
        // An empty line is asked for an answer.
        if self.below.is_some() && self.lines.send_timeout(Vec::new(), patience).is_ok() {
            let _ = self.written.recv_timeout(patience);
        }
        self.dropped.load(Ordering::Relaxed)
    }
}

fn write_all(lines: &Receiver<Vec<u8>>, says: &Sender<()>, mut out: File) {
    while let Ok(line) = lines.recv() {
        if line.is_empty() {
            let _ = says.send(());
            continue;
        }
        // A closed pipe is the reader's choice.
        let _ = out.write_all(&line);
    }
}

// === impl Access ===

impl Access<'_> {
    fn line(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        let time = jiff::Timestamp::from_microsecond(self.time_us).unwrap_or_default();
        out.extend_from_slice(b"{\"time\":");
        string(&mut out, &time.to_string());
        let reason = self.unanswered.map(|why| why.reason.as_str());
        let of_model = self.unanswered.filter(|why| why.is_models);
        let texts = [
            ("method", Some(self.method)),
            ("path", Some(self.path)),
            ("endpoint", self.endpoint),
            ("deployment", self.deployment),
            ("protocol", self.protocol.map(Protocol::name)),
            ("request_id", self.request_id),
            ("client_request_id", self.client_request_id),
            ("traceparent", self.traceparent),
            ("code_reason", reason),
            ("model_reason", reason.filter(|_| of_model.is_some())),
        ];
        for (key, text) in texts {
            named(&mut out, key);
            match text {
                Some(text) => string(&mut out, text),
                None => out.extend_from_slice(b"null"),
            }
        }
        named(&mut out, "user_agent");
        let agent: String = self.user_agent.unwrap_or_default().chars().take(AGENT_CHARS).collect();
        string(&mut out, &agent);
        let numbers = [
            ("code", usize::from(self.code)),
            ("request_bytes", self.request_bytes),
            ("response_bytes", self.response_bytes),
        ];
        for (key, number) in numbers {
            named(&mut out, key);
            number.write(&mut out);
        }
        // What Azure's model containers would have said: nothing where none was asked.
        named(&mut out, "model_code");
        match (self.code, of_model) {
            (200, _) if self.protocol.is_some() => out.extend_from_slice(b"200"),
            (_, Some(_)) => out.extend_from_slice(b"500"),
            _ => out.extend_from_slice(b"null"),
        }
        let durations = [
            ("request_duration_ms", self.request_duration),
            ("response_duration_ms", self.response_duration),
            ("duration_ms", Some(self.duration)),
        ];
        for (key, duration) in durations {
            named(&mut out, key);
            match duration {
                Some(duration) => (duration.as_secs_f64() * 1e3).write(&mut out),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.extend_from_slice(b"}\n");
        out
    }
}

fn named(out: &mut Vec<u8>, key: &str) {
    out.push(b',');
    string(out, key);
    out.push(b':');
}
