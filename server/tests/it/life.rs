//! The life of connections and requests: one worker in this process, spoken to in bytes over TCP.
//!
//! What a client library would hide or refuse to send, and what has to happen between two steps of
//! the server. Nothing sleeps: a step is over when the bytes that prove it have arrived.

mod bodies;
mod client;
mod house;
mod noise;

use client::{get, infer};
use house::{House, limits};
use server::shutdown::Phase;

#[test]
fn pipelined_requests_are_answered_in_order() {
    let house = House::open(limits());
    let mut client = house.client();
    let ids: Vec<String> = (0..40).map(|number| format!("r-{number}")).collect();
    let mut requests = Vec::new();
    for id in &ids {
        requests.extend(infer(id, "azureml-model-deployment: green\r\n"));
        requests.extend(get("/v2/models/fraud"));
        requests.extend(get("/no/such/route"));
    }
    client.send(&requests);
    for id in &ids {
        let scored = client.answer();
        assert_eq!((scored.status, scored.text("id")), (200, id.clone()), "{scored:?}");
        assert_eq!(scored.header("x-ms-request-id"), Some(id.as_str()));
        assert_eq!(client.answer().text("name"), "fraud");
        assert_eq!(client.answer().status, 404);
    }
    // And the rows stand in the order of the requests.
    let rows = house.close().rows;
    assert_eq!(rows.iter().map(|row| row.request_id.clone()).collect::<Vec<_>>(), ids);
}

#[test]
fn head_has_a_length_and_no_body() {
    let house = House::open(limits());
    let mut client = house.client();
    for path in ["/v2", "/v2/health/live", "/v2/models/fraud", "/no/such/route"] {
        let head = String::from_utf8(get(path)).expect("a request");
        client.send(head.replace("GET", "HEAD").as_bytes());
        let without = client.head();
        // A body would stand here, before the next reply.
        client.send(head.as_bytes());
        let with = client.answer();
        assert_eq!((without.status, without.length()), (with.status, with.body.len()), "{path}");
        assert!(without.length() > 0, "{path}");
    }
    house.close();
}

#[test]
fn readiness_follows_the_phases() {
    let house = House::starting(limits());
    let ask = |path: &str| {
        let mut client = house.client();
        client.send(&get(path));
        client.answer().status
    };
    let of_phase = |phase| {
        house.switch.advance(phase);
        (ask("/v2/health/live"), ask("/v2/health/ready"), ask("/v2/models/fraud/ready"))
    };
    assert_eq!(of_phase(Phase::Starting), (200, 400, 400));
    assert_eq!(of_phase(Phase::Serving), (200, 200, 200));
    assert_eq!(of_phase(Phase::Draining), (200, 400, 400));
    house.close();
}

#[test]
fn an_unknown_model_is_not_denied_while_models_are_loading() {
    let house = House::starting(limits());
    let status = || {
        let nobody = String::from_utf8(infer("early", "")).expect("text");
        let mut client = house.client();
        client.send(nobody.replace("/fraud/", "/nobody/").as_bytes());
        client.answer().status
    };
    assert_eq!(status(), 503);
    house.switch.advance(Phase::Serving);
    assert_eq!(status(), 404);
    house.close();
}

#[test]
fn while_draining_each_reply_is_the_last_of_its_connection() {
    let house = House::open(limits());
    let mut before = house.client();
    before.send(&infer("before", ""));
    assert_eq!(before.answer().header("connection"), None);

    house.switch.advance(Phase::Draining);
    // Both a connection that was open and a new one: nobody is turned away yet.
    for (mut client, id) in [(before, "open"), (house.client(), "new")] {
        client.send(&infer(id, ""));
        let scored = client.answer();
        assert_eq!((scored.status, scored.header("connection")), (200, Some("close")));
        assert!(client.is_closed());
    }
    assert_eq!(house.close().rows.len(), 3);
}

#[test]
fn a_request_in_hand_at_closing_is_answered_and_its_row_written() {
    let house = House::open(limits());
    let mut idle = house.client();
    idle.send(&get("/v2"));
    assert_eq!(idle.answer().status, 200);
    let request = infer("in-hand", "expect: 100-continue\r\n");
    let (head, body) = client::split(&request);
    let mut busy = house.client();
    busy.send(head);
    // The server asks for the body: the request is in hand.
    assert_eq!(busy.head().status, 100);
    assert_eq!(house.shared.metrics.inflight(), 1);

    house.switch.advance(Phase::Closing);
    assert!(idle.is_closed());
    busy.send(body);
    let scored = busy.answer();
    assert_eq!((scored.status, scored.text("id")), (200, "in-hand".to_owned()));
    assert_eq!(scored.header("connection"), Some("close"));
    assert!(busy.is_closed());

    let closed = house.close();
    assert_eq!((closed.ledger.offered(), closed.ledger.written), (1, 1));
    assert_eq!(closed.rows[0].request_id, "in-hand");
}

#[test]
fn a_swap_changes_the_deployment_and_the_revision_between_two_requests() {
    let house = House::open(limits());
    let mut client = house.client();
    let mut answered_by = Vec::new();
    for (revision, green) in [(7, 100.0), (8, 0.0), (9, 100.0)] {
        house.swap(revision, &[("green", green), ("blue", 100.0 - green)]);
        client.send(&infer(&format!("under-{revision}"), ""));
        let scored = client.answer();
        assert_eq!(scored.status, 200);
        let deployment = scored.header("azureml-model-deployment").expect("named").to_owned();
        answered_by.push((deployment, scored.text("model_version")));
    }
    let named = |deployment: &str, version: &str| (deployment.to_owned(), version.to_owned());
    assert_eq!(answered_by, [named("green", "1"), named("blue", "2"), named("green", "1")]);

    let mut rows = house.close().rows;
    rows.sort_by_key(|row| row.revision);
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.revision, row.request_id.as_str(), row.deployment.as_str()))
        .collect();
    let expected = [(7, "under-7", "green"), (8, "under-8", "blue"), (9, "under-9", "green")];
    assert_eq!(seen, expected);
}

#[test]
fn a_request_runs_under_the_snapshot_of_the_moment_its_body_is_there() {
    let house = House::open(limits());
    house.swap(1, &[("green", 100.0), ("blue", 0.0)]);
    let request = infer("late-body", "expect: 100-continue\r\n");
    let (head, body) = client::split(&request);
    let mut client = house.client();
    client.send(head);
    assert_eq!(client.head().status, 100);
    house.swap(2, &[("green", 0.0), ("blue", 100.0)]);
    client.send(body);
    assert_eq!(client.answer().header("azureml-model-deployment"), Some("blue"));
    let rows = house.close().rows;
    assert_eq!((rows[0].revision, rows[0].deployment.as_str()), (2, "blue"));
}

#[test]
fn connections_over_the_limit_wait_and_are_served_later() {
    let mut limits = limits();
    limits.connections_per_worker = 2;
    let house = House::open(limits);
    let mut first = house.client();
    let mut second = house.client();
    let mut waiting = house.client();
    waiting.send(&infer("waited", ""));
    // Each round trip is time in which the one worker would have served the third, if it might.
    for number in 0..50 {
        for client in [&mut first, &mut second] {
            client.send(&infer(&format!("r-{number}"), ""));
            assert_eq!(client.answer().status, 200);
        }
        assert!(waiting.has_nothing_yet(), "served over the limit, round {number}");
    }
    drop(second);
    assert_eq!(waiting.answer().text("id"), "waited");
    first.send(&infer("still-there", ""));
    assert_eq!(first.answer().text("id"), "still-there");
    assert_eq!(house.close().rows.len(), 102);
}
