//! Bodies of requests: chunked, too large, asked for, late, broken off.

use std::sync::Arc;
use std::time::Duration;

use super::client::{self, infer};
use super::house::{House, limits};

/// Head of a scoring request with a chunked body.
const CHUNKED_HEAD: &[u8] =
    b"POST /v2/models/fraud/infer HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n";

#[test]
fn a_chunked_body_is_read_whole() {
    let house = House::open(limits());
    let request = infer("chunked", "");
    let (_, body) = client::split(&request);
    let mut client = house.client();
    for size in [1, 7, 100, body.len()] {
        client.send(CHUNKED_HEAD);
        for chunk in body.chunks(size) {
            client.send(format!("{:x};extension=1\r\n", chunk.len()).as_bytes());
            client.send(chunk);
            client.send(b"\r\n");
        }
        client.send(b"0\r\nx-checksum: trailing\r\n\r\n");
        let scored = client.answer();
        assert_eq!((scored.status, scored.text("id")), (200, "chunked".to_owned()), "by {size}");
    }
    assert_eq!(house.close().rows.len(), 4);
}

#[test]
fn a_body_over_the_limit_is_refused_however_it_is_framed() {
    let mut limits = limits();
    limits.body_bytes = 1000;
    let house = House::open(limits);
    let url = "/v2/models/fraud/infer";
    let counted = format!("POST {url} HTTP/1.1\r\nhost: t\r\ncontent-length: 1001\r\n");
    let announced = format!("{counted}expect: 100-continue\r\n\r\n");
    let counted = format!("{counted}\r\n");
    let chunk = format!("3e9\r\n{}\r\n", "x".repeat(1001));
    let chunked = [CHUNKED_HEAD, chunk.as_bytes()].concat();
    // Refused by its head alone, without asking for the body; of no known length, once it is over.
    for request in [announced.as_bytes(), counted.as_bytes(), &chunked] {
        let mut client = house.client();
        client.send(request);
        let refused = client.answer();
        assert_eq!((refused.status, refused.header("connection")), (413, Some("close")));
        assert!(refused.text("error").contains("1000 bytes"), "{refused:?}");
        assert!(client.is_closed());
    }
    let mut client = house.client();
    client.send(&infer("small", ""));
    assert_eq!(client.answer().status, 200);
    assert_eq!(house.close().ledger.offered(), 1);
}

#[test]
fn expect_100_continue_is_answered_before_the_body() {
    let house = House::open(limits());
    let request = infer("expected", "expect: 100-continue\r\n");
    let (head, body) = client::split(&request);
    let mut client = house.client();
    for _ in 0..2 {
        client.send(head);
        assert_eq!(client.head().status, 100);
        assert!(client.has_nothing_yet());
        client.send(body);
        assert_eq!(client.answer().text("id"), "expected");
    }
    assert_eq!(house.close().rows.len(), 2);
}

#[test]
fn half_a_head_is_cut_off_at_its_time_limit() {
    let mut limits = limits();
    limits.header_timeout = Duration::from_millis(50);
    let house = House::open(limits);
    let mut client = house.client();
    client.send(b"POST /v2/models/fraud/infer HTTP/1.1\r\nhost:");
    assert!(client.is_closed());
    assert_eq!(house.close().ledger.offered(), 0);
}

#[test]
fn half_a_body_is_refused_at_its_time_limit() {
    let mut limits = limits();
    limits.body_timeout = Duration::from_millis(50);
    let house = House::open(limits);
    let mut client = house.client();
    let request = infer("slow", "");
    client.send(&request[..request.len() - 1]);
    let refused = client.answer();
    assert_eq!((refused.status, refused.header("connection")), (408, Some("close")));
    assert!(client.is_closed());
    assert_eq!(house.close().ledger.offered(), 0);
}

#[test]
fn a_client_that_leaves_in_the_middle_costs_nobody_anything() {
    let house = House::open(limits());
    let request = infer("left", "expect: 100-continue\r\n");
    let (head, body) = client::split(&request);
    for sent in [0, 1, body.len() / 2, body.len() - 1] {
        let mut client = house.client();
        client.send(head);
        assert_eq!(client.head().status, 100);
        client.send(&body[..sent]);
    }
    let mut stays = house.client();
    stays.send(&infer("stays", ""));
    assert_eq!(stays.answer().status, 200);
    let shared = Arc::clone(&house.shared);
    let closed = house.close();
    assert_eq!(shared.metrics.inflight(), 0);
    assert_eq!((closed.ledger.offered(), closed.rows.len()), (1, 1));
}
