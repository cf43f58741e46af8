//! Alerts from a spec's YAML to receivers over real connections: bytes, proofs, tries, restarts.
//!
//! The clock is a number that the tests hand on, so that nothing waits; what a receiver has got is
//! known when a call has returned.

mod bench;
mod receiver;

use aws_lc_rs::hmac;
use bench::{Bench, HOUR, S, event};
use receiver::Answer;
use server::alerts::State;

/// HMAC by another library than the server's.
fn signature(algorithm: hmac::Algorithm, key: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(algorithm, key.as_bytes()), body);
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn each_form_arrives_as_its_receiver_wants_it() {
    let mut bench = Bench::open().await;
    let forms =
        ["cloudevents", "azure-devops", "event-grid", "github", "alertmanager", "azure-common"];
    for form in forms {
        bench.webhook(form, &format!("/{form}?sig=s1g"), "headers: {X-Team: fraud desk}");
    }
    let alerts = bench.process();
    assert_eq!(alerts.push(0, &event(), bench.alerts()).await, Ok(6));
    assert_eq!(alerts.deliver_due(0, &bench.targets()).await, Ok(6));
    let got = bench.receiver.take();
    assert_eq!(got.len(), 6);
    for form in forms {
        let one = got.iter().find(|one| one.path.starts_with(&format!("/{form}"))).expect(form);
        assert_eq!(one.method, "POST");
        let path = match form {
            "event-grid" => "/event-grid?sig=s1g&api-version=2018-01-01".to_owned(),
            "alertmanager" => "/alertmanager/api/v2/alerts?sig=s1g".to_owned(),
            _ => format!("/{form}?sig=s1g"),
        };
        assert_eq!(one.path, path);
        let content_type = match form {
            "cloudevents" | "event-grid" => "application/cloudevents+json; charset=utf-8",
            _ => "application/json",
        };
        assert_eq!(one.header("content-type"), Some(content_type), "{form}");
        assert_eq!(one.header("x-team"), Some("fraud desk"));
        assert_eq!(one.header("idempotency-key"), Some(event().key().as_str()));
        assert!(one.header("user-agent").expect("named").starts_with("skeg/"));
        let secret = bench.secret(form);
        let sha1 = signature(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret, &one.body);
        let sha256 = signature(hmac::HMAC_SHA256, &secret, &one.body);
        let (name, proof) = match form {
            "cloudevents" => ("x-hub-signature-256", format!("sha256={sha256}")),
            "azure-devops" => ("x-hub-signature", format!("sha1={sha1}")),
            "event-grid" => ("aeg-sas-key", secret),
            _ => ("authorization", format!("Bearer {secret}")),
        };
        assert_eq!(one.header(name), Some(proof.as_str()), "{form}");
        let body = String::from_utf8(one.body.clone()).expect("text");
        assert!(body.contains(&event().key()), "{form}: {body}");
        let is_github = form == "github";
        assert_eq!(one.header("x-github-api-version").is_some(), is_github);
        assert_eq!(one.header("accept") == Some("application/vnd.github+json"), is_github);
    }
    assert_eq!(bench.counted(&alerts, "sent"), 6);
    // Nothing of a secret or an address has come into the store.
    let store = bench.whole_store().await;
    assert!(store.contains("alerts/v1/sent/") && !store.contains("alerts/v1/outbox/"), "{store}");
    for hidden in ["s1g", "s3cret", "127.0.0.1", bench.folder().as_str()] {
        assert!(!store.contains(hidden), "{hidden} is in {store}");
    }
}

#[tokio::test]
async fn a_receiver_that_fails_in_each_way_gets_the_same_bytes_again() {
    let mut bench = Bench::open().await;
    bench.webhook("azure-devops", "/hook", "");
    let alerts = bench.process();
    alerts.push(0, &event(), bench.alerts()).await.expect("kept");
    let answers = [Answer::Status(500), Answer::Cut, Answer::Status(302), Answer::Status(410)];
    bench.receiver.will(answers.into_iter().chain([Answer::Status(204)]));
    let mut bodies = Vec::new();
    for number in 0..5 {
        // The secret rotates before each try.
        let secret = format!("s3cret-{number}");
        bench.set_secret("azure-devops", &secret);
        assert_eq!(alerts.deliver_due(number * HOUR, &bench.targets()).await, Ok(1), "{number}");
        let mut got = bench.receiver.take();
        assert_eq!(got.len(), 1, "{number}");
        let one = got.remove(0);
        let sha1 = signature(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret, &one.body);
        assert_eq!(one.header("x-hub-signature"), Some(format!("sha1={sha1}").as_str()));
        bodies.push(one.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_eq!(alerts.deliver_due(9 * HOUR, &bench.targets()).await, Ok(0));
    assert_eq!((bench.counted(&alerts, "sent"), bench.counted(&alerts, "failed")), (1, 4));
    assert!(!bench.whole_store().await.contains("s3cret"));
}

#[tokio::test]
async fn who_refuses_is_asked_again_later_and_who_asks_for_time_gets_it() {
    for (answer, not_yet, by_then) in [
        (Answer::Status(503), 0, 4 * S),
        (Answer::Status(429), 0, 4 * S),
        (Answer::Status(408), 0, 4 * S),
        (Answer::Status(410), 29 * S, 120 * S),
        (Answer::Status(401), 29 * S, 120 * S),
        (Answer::RetryAfter(503, 90), 89 * S, 90 * S),
        (Answer::RetryAfter(429, 1_000_000), HOUR - S, HOUR),
    ] {
        let mut bench = Bench::open().await;
        bench.webhook("cloudevents", "/hook", "");
        let alerts = bench.process();
        alerts.push(0, &event(), bench.alerts()).await.expect("kept");
        bench.receiver.will([answer]);
        assert_eq!(alerts.deliver_due(0, &bench.targets()).await, Ok(1));
        // A new process knows it as well as the old one.
        for alerts in [&alerts, &bench.process()] {
            assert_eq!(alerts.deliver_due(not_yet, &bench.targets()).await, Ok(0), "{answer:?}");
        }
        assert_eq!(bench.process().deliver_due(by_then, &bench.targets()).await, Ok(1));
        assert_eq!(bench.receiver.take().len(), 2, "{answer:?}");
    }
}

#[tokio::test]
async fn a_restart_with_a_full_outbox_delivers_each_once() {
    for is_on_disk in [false, true] {
        let mut bench = if is_on_disk { Bench::on_disk().await } else { Bench::open().await };
        bench.webhook("cloudevents", "/a", "");
        bench.webhook("github", "/b", "");
        let first = bench.process();
        let mut keys = Vec::new();
        for number in 0..10 {
            for state in [State::Fired, State::Resolved] {
                let mut event = event();
                event.deployment = format!("d{number}");
                event.time_us += i64::from(state == State::Resolved);
                event.state = state;
                assert_eq!(first.push(0, &event, bench.alerts()).await, Ok(2));
                keys.push(event.key());
            }
        }
        // It ends after some of them.
        assert_eq!(first.deliver_due(0, &bench.targets()).await, Ok(8));
        drop(first);
        let second = bench.process();
        while second.deliver_due(0, &bench.targets()).await.expect("delivered") > 0 {}
        let mut got: Vec<String> =
            bench.receiver.take().into_iter().map(|one| one.about()).collect();
        let mut expected: Vec<String> =
            keys.iter().flat_map(|key| [format!("/a {key}"), format!("/b {key}")]).collect();
        // Both about one deployment came in their order.
        for pair in keys.chunks(2) {
            let place = |key: &str| got.iter().position(|one| *one == format!("/a {key}"));
            assert!(place(&pair[0]) < place(&pair[1]));
        }
        got.sort();
        expected.sort();
        assert_eq!(got, expected);
        assert_eq!(bench.process().deliver_due(HOUR, &bench.targets()).await, Ok(0));
    }
}

#[tokio::test]
async fn a_second_push_of_the_same_key_sends_nothing() {
    let mut bench = Bench::open().await;
    bench.webhook("cloudevents", "/hook", "");
    let alerts = bench.process();
    assert_eq!(alerts.push(0, &event(), bench.alerts()).await, Ok(1));
    let mut again = event();
    again.replica = "another".to_owned();
    again.time_us += S;
    assert_eq!(alerts.push(0, &again, bench.alerts()).await, Ok(0));
    assert_eq!(alerts.deliver_due(0, &bench.targets()).await, Ok(1));
    for alerts in [&alerts, &bench.process()] {
        assert_eq!(alerts.push(HOUR, &again, bench.alerts()).await, Ok(0));
        assert_eq!(alerts.deliver_due(HOUR, &bench.targets()).await, Ok(0));
    }
    assert_eq!(bench.receiver.take().len(), 1);
    // A webhook that the spec has got meanwhile does not know it yet.
    bench.webhook("alertmanager", "/new", "");
    assert_eq!(alerts.push(HOUR, &again, bench.alerts()).await, Ok(1));
    assert_eq!(alerts.deliver_due(HOUR, &bench.targets()).await, Ok(1));
    assert_eq!(bench.receiver.take()[0].path, "/new/api/v2/alerts");
}

#[tokio::test]
async fn a_message_that_was_sent_and_still_lies_there_is_not_sent_again() {
    let mut bench = Bench::open().await;
    bench.webhook("cloudevents", "/hook", "");
    let alerts = bench.process();
    alerts.push(0, &event(), bench.alerts()).await.expect("kept");
    let waiting = bench.object("alerts/v1/outbox").await;
    assert_eq!(alerts.deliver_due(0, &bench.targets()).await, Ok(1));
    // The process ended between the note that it was sent and the end of the message.
    bench.put(&waiting).await;
    let next = bench.process();
    assert_eq!(next.deliver_due(HOUR, &bench.targets()).await, Ok(1));
    assert_eq!(bench.receiver.take().len(), 1);
    assert!(!bench.whole_store().await.contains("alerts/v1/outbox/"));
}

#[tokio::test]
async fn of_two_that_deliver_at_once_one_makes_each_try() {
    let mut bench = Bench::open().await;
    bench.webhook("cloudevents", "/hook", "");
    let (a, b) = (bench.process(), bench.process());
    for number in 0..8 {
        let mut event = event();
        event.deployment = format!("d{number}");
        a.push(0, &event, bench.alerts()).await.expect("kept");
    }
    let targets = bench.targets();
    let (first, second) = tokio::join!(a.deliver_due(0, &targets), b.deliver_due(0, &targets));
    assert!(first.is_ok() && second.is_ok());
    let mut got: Vec<String> = bench.receiver.take().into_iter().map(|one| one.about()).collect();
    got.sort();
    let count = got.len();
    got.dedup();
    assert_eq!((got.len(), count), (8, 8));
}
