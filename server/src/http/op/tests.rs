//! The routes of the protocol, and what is next to them.

use hyper::Method;

use super::{Op, Order, Place, Question, Scoring};
use crate::control::Wish;
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
    for (path, protocol, model, version, deployment) in [
        ("/v2/models/fraud/infer", Protocol::OipHttp, Some("fraud"), None, None),
        ("/v2/models/fraud/versions/2/infer", Protocol::OipHttp, Some("fraud"), Some("2"), None),
        ("/score", Protocol::AzureMl, None, None, None),
        ("/endpoints/fraud/score", Protocol::AzureMl, Some("fraud"), None, None),
        ("/invocations", Protocol::Mlflow, None, None, None),
        ("/endpoints/fraud/invocations", Protocol::Mlflow, Some("fraud"), None, None),
        ("/v1/models/fraud:predict", Protocol::Predict, Some("fraud"), None, None),
        ("/v1/models/fraud/versions/2:predict", Protocol::Predict, Some("fraud"), Some("2"), None),
        ("/v1/models/fraud/labels/b:predict", Protocol::Predict, Some("fraud"), None, Some("b")),
    ] {
        let scoring = Scoring { protocol, model, version, deployment };
        assert_eq!(Op::from_parts(&Method::POST, path).unwrap(), Op::Score(scoring), "{path}");
        assert_eq!(Op::spoken_at(path), protocol);
    }
    let labels = Op::from_parts(&Method::POST, "/endpoints/fraud/labels").unwrap();
    assert_eq!(labels, Op::Label("fraud"));
    for (path, order) in [
        ("/v2/repository/index", Order::Index),
        ("/v2/repository/any/index", Order::Index),
        ("/v2/repository/models/fraud/load", Order::Change(Wish::Load, "fraud")),
        ("/v2/repository/any/models/fraud/unload", Order::Change(Wish::Unload, "fraud")),
        ("/v2/logging", Order::Log),
    ] {
        assert_eq!(Op::from_parts(&Method::POST, path).unwrap(), Op::Order(order), "{path}");
    }
}

#[test]
fn other_paths_are_not_found() {
    for path in [
        "/v1",
        "/v1/models/fraud:explain",
        "/v1/models/fraud/versions/:predict",
        "/v1/models/fraud/others/2:predict",
        "/v1/models/:predict",
        "/endpoints//score",
        "/endpoints/fraud",
        "/endpoints//labels",
        "/endpoints/fraud/labels/",
        "/serving-endpoints/fraud/labels",
        "/v2/repository/models//load",
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
    let labels = wrong(Method::GET, "/endpoints/fraud/labels");
    assert!(matches!(labels, Error::Method { allow: "POST" }));
    let score = wrong(Method::PUT, "/score");
    assert!(matches!(score, Error::Method { allow: "POST, GET, OPTIONS" }));
    let ready = wrong(Method::POST, "/v2/health/ready");
    assert!(matches!(ready, Error::Method { allow: "GET, HEAD" }));
}
