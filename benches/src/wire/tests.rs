//! Replies cut at every byte, and replies that are no answer.

use super::{parse, post, reply_length};

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nx-a: b\r\nContent-Length: 2\r\n\r\n{}";

#[test]
fn a_request_says_how_long_it_is() {
    let request = String::from_utf8(post("/v2", "{}")).unwrap();
    assert!(request.starts_with("POST /v2 HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("content-length: 2\r\n\r\n{}"), "{request}");
}

#[test]
fn a_reply_ends_where_its_head_says() {
    let head = REPLY.len() - 2;
    for cut in 0..=REPLY.len() {
        let wanted = (cut >= head).then_some(REPLY.len());
        assert_eq!(reply_length(&REPLY[..cut]), Ok(wanted), "cut at {cut}");
    }
    let two = [REPLY, REPLY].concat();
    assert_eq!(reply_length(&two), Ok(Some(REPLY.len())));
}

#[test]
fn another_status_or_no_length_is_refused() {
    let busy = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n";
    assert!(reply_length(busy).unwrap_err().contains("429"));
    assert!(reply_length(b"HTTP/1.1 200 OK\r\nx-a: b\r\n\r\n").is_err());
}

#[test]
fn a_reply_comes_apart() {
    let reply = parse(REPLY).unwrap();
    let headers: Vec<_> = reply.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(headers, [("x-a", "b"), ("content-length", "2")]);
    assert_eq!(reply.body, "{}");
}
