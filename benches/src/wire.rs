//! Just enough HTTP/1.1 to send a request and know where its reply ends.
//!
//! Used by the load of `benches/e2e`, whose own cost must stay small beside the servers'. Replies
//! must carry a content-length, as those of hyper with a whole body do.

#[cfg(test)]
mod tests;

/// A reply taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Names in lower case, and values, as they stood.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: String,
}

const LENGTH: &[u8] = b"content-length:";

/// The bytes of a `POST` of JSON on a connection that is kept.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The length in bytes of the reply that `read` begins with, head and body; `None` while its head
/// is not complete.
///
/// # Errors
/// The head, when its status is not 200 or it has no content-length.
pub fn reply_length(read: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &read[..end];
    let found = head
        .split(|byte| *byte == b'\n')
        .find(|line| line.len() > LENGTH.len() && line[..LENGTH.len()].eq_ignore_ascii_case(LENGTH))
        .and_then(|line| std::str::from_utf8(&line[LENGTH.len()..]).ok())
        .and_then(|length| length.trim().parse::<usize>().ok());
    match found {
        Some(length) if head.starts_with(b"HTTP/1.1 200 ") => Ok(Some(end + 4 + length)),
        _ => Err(String::from_utf8_lossy(head).into_owned()),
    }
}

/// Takes a whole reply apart.
///
/// # Errors
/// What is wrong with it.
pub fn parse(reply: &[u8]) -> Result<Reply, String> {
    let text = std::str::from_utf8(reply).map_err(|error| error.to_string())?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or("no end of the head")?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("header \"{line}\""))?;
        Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = head.lines().skip(1).map(header).collect::<Result<_, String>>()?;
    Ok(Reply { headers, body: body.to_owned() })
}
