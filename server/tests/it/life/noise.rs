//! Bytes that are no request, or nearly one: each is refused, and the worker lives.
//!
//! Made from fixed seeds, which a failure names.

use std::sync::Arc;

use super::client::{self, infer};
use super::house::{House, limits};

#[test]
fn random_bytes_as_a_head_are_refused_and_the_worker_lives() {
    let house = House::open(limits());
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..random.usize(1..600)).map(|_| random.u8(..)).collect();
        let answered = house.client().send_and_hear_all(&bytes);
        let refused = answered.is_empty() || answered.starts_with(b"HTTP/1.1 400 ");
        assert!(refused, "seed {seed}: {}", String::from_utf8_lossy(&answered));
    }
    still_scores(house);
}

#[test]
fn damaged_requests_get_a_status_or_a_closed_connection_and_the_worker_lives() {
    let house = House::open(limits());
    let sound = infer("sound", "");
    let (mut scored, mut refused) = (0, 0);
    for seed in 0..600 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut request = sound.clone();
        for _ in 0..random.usize(1..4) {
            let place = random.usize(..request.len());
            match random.u8(..3) {
                0 => request[place] = random.u8(..),
                1 => drop(request.remove(place)),
                _ => request.truncate(place + 1),
            }
        }
        let answered = house.client().send_and_hear_all(&request);
        let heard = String::from_utf8_lossy(&answered);
        // HTTP/1.0 answers a version that was damaged into 1.0.
        let status = heard.strip_prefix("HTTP/1.1 ").or_else(|| heard.strip_prefix("HTTP/1.0 "));
        match status.map(|status| &status[..1]) {
            Some("2") => scored += 1,
            Some("4") => refused += 1,
            _ => assert!(heard.is_empty(), "seed {seed}: {heard}"),
        }
    }
    // The damage is of a kind that some requests survive.
    assert!(scored > 0 && refused > 0, "{scored} scored, {refused} refused");
    still_scores(house);
}

#[test]
fn damaged_bodies_are_always_answered() {
    let house = House::open(limits());
    let sound = infer("sound", "");
    let start = sound.len() - client::split(&sound).1.len();
    let mut client = house.client();
    for seed in 0..2000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut request = sound.clone();
        for _ in 0..random.usize(1..4) {
            let place = random.usize(start..request.len());
            request[place] = *random.choice(br#"{}[]",:0123456789.-+eE\utrnl x"#).expect("one");
        }
        client.send(&request);
        // On the same connection: one that broke off would fail the next.
        let status = client.answer().status;
        let body = String::from_utf8_lossy(&request[start..]);
        assert!(matches!(status, 200 | 400), "seed {seed}: {status} for {body}");
    }
    drop(client);
    still_scores(house);
}

/// The worker answers, has nothing in hand, ends when it should, and no row is unaccounted for.
#[track_caller]
fn still_scores(house: House) {
    let mut client = house.client();
    client.send(&infer("after-it-all", ""));
    assert_eq!(client.answer().text("id"), "after-it-all");
    let shared = Arc::clone(&house.shared);
    let closed = house.close();
    assert_eq!(shared.metrics.inflight(), 0);
    assert_eq!(closed.ledger.written, closed.rows.len() as u64);
    assert!(closed.rows.iter().any(|row| row.request_id == "after-it-all"));
}
