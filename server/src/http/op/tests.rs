//! The routes of the protocol, and what is next to them.

use hyper::Method;

use super::{Op, Place, Question};
use crate::error::Error;
use crate::protocol::Protocol;

fn place<'a>(model: &'a str, version: Option<&'a str>) -> Place<'a> {
    Place { model, version }
}

#[test]
fn the_protocols_routes_are_known() {
    for (path, question) in [
        ("/healthz", Question::Live),
        ("/v2/health/live", Question::Live),
        ("/v2/health/ready", Question::Ready),
        ("/v2", Question::Server),
        ("/v2/", Question::Server),
        ("/v2/models/fraud", Question::Model(place("fraud", None))),
        ("/v2/models/fraud/", Question::Model(place("fraud", None))),
        ("/v2/models/fraud/ready", Question::ModelReady(place("fraud", None))),
        ("/v2/models/fraud/versions/2", Question::Model(place("fraud", Some("2")))),
        ("/v2/models/fraud/versions/2/ready", Question::ModelReady(place("fraud", Some("2")))),
    ] {
        assert_eq!(Op::from_parts(&Method::GET, path).unwrap(), Op::Ask(question), "{path}");
    }
    let infer = Op::from_parts(&Method::POST, "/v2/models/fraud/versions/2/infer").unwrap();
    assert_eq!(infer, Op::Score(Protocol::OipHttp, place("fraud", Some("2"))));
}

#[test]
fn other_paths_are_not_found() {
    for path in [
        "/",
        "/v1",
        "/v2/x",
        "/v2/models",
        "/v2/models/",
        "/v2/models//infer",
        "/v2/models/a/b",
        "/v2/models/a/infer/b",
        "/v2/models/a/versions",
        "/v2/models/a/versions/",
        "/v2/models/a/versions//infer",
        "/v2/health",
        "/metrics",
    ] {
        let error = Op::from_parts(&Method::GET, path).unwrap_err();
        assert!(matches!(error, Error::UnknownRoute(_)), "{path}: {error}");
    }
}

#[test]
fn a_wrong_method_says_the_right_one() {
    let wrong = |method, path| Op::from_parts(&method, path).unwrap_err();
    let infer = wrong(Method::GET, "/v2/models/fraud/infer");
    assert!(matches!(infer, Error::Method { allow: "POST" }));
    let ready = wrong(Method::POST, "/v2/health/ready");
    assert!(matches!(ready, Error::Method { allow: "GET, HEAD" }));
}
