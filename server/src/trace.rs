//! The trace that a request is part of (W3C Trace Context, level 1): read, continued, said back.
//!
//! The server's part is a span of its own under the client's. Who collects the access log or the
//! reply's header can put the parts together; `spans` sends them to where traces are collected.

#[cfg(test)]
mod tests;

/// A client's trace, continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The trace.
    pub id: u128,
    /// The client's part.
    pub parent: u64,
    /// Ours.
    pub span: u64,
    /// 8 bits; the last says that the client records the trace.
    pub flags: u8,
}

impl Trace {
    /// The trace of a `traceparent`; none when that is none. `span` names the server's part; 0 is
    /// no name, and is made one.
    pub fn continued(traceparent: &str, span: u64) -> Option<Self> {
        let version = traceparent.get(..2)?;
        let (trace, parent, flags) =
            (traceparent.get(3..35)?, traceparent.get(36..52)?, traceparent.get(53..55)?);
        let bytes = traceparent.as_bytes();
        let dashed = [2, 35, 52].iter().all(|at| bytes[*at] == b'-');
        // A later version may say more behind a dash; this one may not.
        let rest = match bytes.get(55) {
            None => true,
            Some(b'-') => version != "00",
            Some(_) => false,
        };
        let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let sound = [version, trace, parent, flags].into_iter().all(hex) && version != "ff";
        if !(dashed && rest && sound) {
            return None;
        }
        let id = u128::from_str_radix(trace, 16).ok().filter(|id| *id > 0)?;
        let parent = u64::from_str_radix(parent, 16).ok().filter(|parent| *parent > 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { id, parent, span: span.max(1), flags })
    }

    /// The header for the reply.
    pub fn header(&self) -> String {
        let Self { id, span, flags, .. } = self;
        format!("00-{id:032x}-{span:016x}-{flags:02x}")
    }

    /// Whether the client records the trace.
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}
