//! A line is one JSON object whatever a client sends; a share of the draws is logged.

use std::time::Duration;

use super::{Access, AccessLog, Unanswered};
use crate::error::Error;
use crate::protocol::Protocol;

#[test]
fn a_line_is_one_object() {
    let agent = "x".repeat(100);
    let access = Access {
        time_us: 1_767_323_045_000_001,
        method: "POST",
        path: "/a\"b\n",
        endpoint: Some("fraud"),
        deployment: None,
        protocol: Some(Protocol::AzureMl),
        code: 404,
        unanswered: None,
        request_id: Some("7"),
        client_request_id: None,
        traceparent: None,
        request_bytes: 12,
        response_bytes: 34,
        user_agent: Some(&agent),
        request_duration: Some(Duration::from_micros(250)),
        response_duration: None,
        duration: Duration::from_micros(1500),
    };
    let line = String::from_utf8(access.line()).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["time"], "2026-01-02T03:04:05.000001Z");
    assert_eq!((&read["path"], &read["deployment"]), (&"/a\"b\n".into(), &().into()));
    assert_eq!((&read["protocol"], &read["code"]), (&"azureml".into(), &404.into()));
    assert_eq!(read["user_agent"].as_str().map(str::len), Some(70));
    assert_eq!((&read["duration_ms"], &read["request_duration_ms"]), (&1.5.into(), &0.25.into()));
    assert!(read["response_duration_ms"].is_null());
    let nothing = serde_json::Value::Null;
    assert_eq!((&read["model_code"], &read["code_reason"]), (&nothing, &nothing));

    let line = |code, error: Option<Error>| {
        let unanswered = error.map(|error| Unanswered::of(&error));
        let line = Access { code, unanswered: unanswered.as_ref(), ..access }.line();
        serde_json::from_slice::<serde_json::Value>(&line).unwrap()
    };
    let read = line(200, None);
    assert_eq!((&read["model_code"], &read["model_reason"]), (&200.into(), &nothing));
    let labels = Access { code: 200, protocol: None, ..access }.line();
    let labels: serde_json::Value = serde_json::from_slice(&labels).unwrap();
    assert_eq!((&labels["model_code"], &labels["protocol"]), (&nothing, &nothing));
    let read = line(429, Some(Error::Busy));
    assert_eq!((&read["model_code"], &read["model_reason"]), (&nothing, &nothing));
    assert_eq!(read["code_reason"], "too many requests at once, try again");
    let failed = model_loader::Error::Run { what: "x".repeat(1000) };
    let read = line(424, Some(Error::Model(failed)));
    assert_eq!((&read["model_code"], &read["model_reason"]), (&500.into(), &read["code_reason"]));
    assert_eq!(read["model_reason"].as_str().map(str::len), Some(200));
}

#[test]
fn a_share_of_the_draws_is_logged() {
    let none = AccessLog::start(0.0).unwrap();
    assert!(!none.takes(|| 0));
    let quarter = AccessLog::start(0.25).unwrap();
    assert!(quarter.takes(|| (1 << 30) - 1) && !quarter.takes(|| 1 << 30));
    let all = AccessLog::start(1.0).unwrap();
    assert!(all.takes(|| u32::MAX));
    assert_eq!(all.finish(Duration::from_secs(60)), 0);
}
