//! The trace that a request is part of (W3C Trace Context, level 1): read, continued, said back.
//!
//! The server's part is a span of its own under the client's. Nothing is sent anywhere: who
//! collects the access log or the reply's header can put the parts together.

#[cfg(test)]
mod tests;

/// The header, for a reply to a request that came with this one; none when that is no trace.
///
/// `span` names the server's part; 0 is no name, and is made one.
pub fn continued(traceparent: &str, span: u64) -> Option<String> {
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
    let some = |text: &str| text.bytes().any(|b| b != b'0');
    let sound = [version, trace, parent, flags].into_iter().all(hex)
        && version != "ff"
        && some(trace)
        && some(parent);
    (dashed && rest && sound).then(|| format!("00-{trace}-{:016x}-{flags}", span.max(1)))
}
