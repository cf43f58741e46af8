//! Which pane a request goes to, and that none is lost.

use std::sync::Arc;

use collector::{Block, Kind, Values};

use super::{MINUTE_US, Panes, Subject, way};

fn subject(deployment: &str) -> Arc<Subject> {
    let blocks = [Block { kind: Kind::F32, columns: vec!["in.x".to_owned()] }];
    let text = str::to_owned;
    Arc::new(Subject {
        endpoint: text("fraud"),
        deployment: text(deployment),
        model: text("fraud"),
        version: text("1"),
        digest: text("sha256:00"),
        baseline: None,
        plan: Subject::plan(None, &blocks, |_| false),
    })
}

#[test]
fn a_pane_is_of_one_deployment_and_one_minute() {
    let (out, mut taken) = way();
    let mut panes = Panes::new(out, false);
    let (green, blue) = (subject("green"), subject("blue"));
    for (subject, second) in [(&green, 0), (&blue, 1), (&green, 59), (&green, 60), (&green, 58)] {
        let time = second * 1_000_000;
        panes.rows(subject, time, 1, &[Values::F32(&[1.0])]);
        panes.request(subject, time, 200, 50);
    }
    assert!(taken.try_recv().is_err());
    panes.hand_over();
    let mut found = Vec::new();
    while let Ok(full) = taken.try_recv().map(super::Handed::pane) {
        let traffic = full.pane.traffic.requests;
        found.push((full.subject.deployment.clone(), full.minute, full.pane.rows(), traffic));
    }
    let pane = |deployment: &str, minute, count| (deployment.to_owned(), minute, count, count);
    assert_eq!(found, [pane("green", 0, 3), pane("blue", 0, 1), pane("green", 1, 1)]);
}

#[test]
fn panes_of_a_thread_that_ends_are_handed_over() {
    let (out, mut taken) = way();
    let mut panes = Panes::new(out, true);
    panes.request(&subject("green"), 5 * MINUTE_US, 500, 1);
    drop(panes);
    let full = taken.try_recv().unwrap().pane();
    assert_eq!((full.minute, full.is_mirrored, full.pane.traffic.server_errors), (5, true, 1));
}
