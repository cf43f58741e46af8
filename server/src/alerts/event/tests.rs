//! A key is of what is said; an event survives its JSON; what cannot be kept is refused.

use super::{Event, FEATURES_MAX, FeatureDrift, Side, State};

/// An event as documents show it.
pub(in crate::alerts) fn event() -> Event {
    let feature = |name: &str, side, metric: &str, value| FeatureDrift {
        name: name.to_owned(),
        side,
        metric: metric.to_owned(),
        variant: "deciles".to_owned(),
        value,
        threshold: 0.2,
        critical_value: Some(0.0123),
        p: Some(0.0001),
        n: 86_400,
        m: 100_000,
    };
    let us = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    Event {
        endpoint: "fraud".to_owned(),
        deployment: "blue".to_owned(),
        model: "fraud".to_owned(),
        version: "2".to_owned(),
        model_digest: "sha256:5f16".to_owned(),
        baseline: "sha256:91c2".to_owned(),
        state: State::Fired,
        window_start_us: us("2026-11-26T12:00:00Z"),
        window_end_us: us("2026-11-27T12:00:00Z"),
        time_us: us("2026-11-27T12:00:31Z"),
        fired_at_us: us("2026-11-27T12:00:31Z"),
        verdict: "drift".to_owned(),
        features: vec![
            feature("amount", Side::Input, "psi", 0.4375),
            feature("score", Side::Output, "psi", 0.25),
        ],
        report: Some("https://skeg.example/reports/fraud".to_owned()),
        replica: "skeg-0".to_owned(),
    }
}

/// The same when drift has ended, a day later.
pub(in crate::alerts) fn resolved() -> Event {
    let mut event = event();
    event.state = State::Resolved;
    for time in [&mut event.window_start_us, &mut event.window_end_us, &mut event.time_us] {
        *time += 86_400_000_000;
    }
    event
}

#[test]
fn a_key_is_of_what_is_said_not_of_who_says_it_when() {
    let key = event().key();
    // Of another build, too: kept entries and receivers go by it.
    assert_eq!(key, "656fc91440a052b74ccad737597066e7");
    let same: [fn(&mut Event); 6] = [
        |e| e.replica.push('x'),
        |e| e.time_us += 1,
        |e| e.fired_at_us += 1,
        |e| e.features.reverse(),
        |e| e.features.push(e.features[0].clone()),
        |e| e.features[0].value = 7.0,
    ];
    for change in same {
        let mut event = event();
        change(&mut event);
        assert_eq!(event.key(), key);
    }
    let other: [fn(&mut Event); 9] = [
        |e| e.endpoint.push('x'),
        |e| e.deployment.push('x'),
        |e| e.model_digest.push('x'),
        |e| e.baseline.push('x'),
        |e| e.state = State::Resolved,
        |e| e.window_end_us += 1,
        |e| e.features[0].side = Side::Output,
        |e| drop(e.features.pop()),
        // One name's end is not another's start.
        |e| (e.endpoint, e.deployment) = ("fraudb".to_owned(), "lue".to_owned()),
    ];
    let keys: std::collections::BTreeSet<String> = other
        .into_iter()
        .map(|change| {
            let mut event = event();
            change(&mut event);
            event.key()
        })
        .chain([key])
        .collect();
    assert_eq!(keys.len(), other.len() + 1);
}

#[test]
fn beginning_and_end_are_one_incident() {
    assert_eq!(event().incident(), resolved().incident());
    assert_ne!(event().key(), resolved().key());
    let mut later = event();
    later.fired_at_us += 1;
    assert_ne!(later.incident(), event().incident());
}

#[test]
fn an_event_is_the_same_after_its_json() {
    let mut event = event();
    event.features[1].value = 0.1 + 0.2;
    event.features[1].p = None;
    let json = serde_json::to_vec(&event).unwrap();
    assert_eq!(serde_json::from_slice::<Event>(&json).unwrap(), event);
    event.features[0].value = f64::INFINITY;
    event.features[1].threshold = f64::NAN;
    let json = serde_json::to_vec(&event).unwrap();
    let read: Event = serde_json::from_slice(&json).unwrap();
    assert!(read.features[0].value.is_nan() && read.features[1].threshold.is_nan());
    assert_eq!(serde_json::to_vec(&read).unwrap(), json);
}

#[test]
fn what_cannot_be_kept_is_refused() {
    assert_eq!(event().check(), Ok(()));
    type Change = fn(&mut Event);
    let cases: [(Change, &str); 5] = [
        (|e| e.endpoint.clear(), "names no endpoint"),
        (|e| e.deployment.clear(), "names no endpoint or no deployment"),
        (|e| e.window_end_us = i64::MAX, "no time"),
        (|e| e.features = vec![e.features[0].clone(); FEATURES_MAX + 1], "more than 32 features"),
        (|e| e.features[0].name = "x".repeat(50_000), "larger than 49152"),
    ];
    for (change, what) in cases {
        let mut event = event();
        change(&mut event);
        let error = event.check().unwrap_err();
        assert!(error.contains(what), "{error}");
    }
}
