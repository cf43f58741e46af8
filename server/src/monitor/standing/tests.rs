//! When drift fires and when it is resolved; what survives a replica that dies.

use std::sync::Arc;
use std::time::Duration;

use drift::report::DeploymentReport;
use drift::report::Findings;
use drift::{Report, Thresholds, Verdict, Window};
use object_store::memory::InMemory;

use super::{Judged, Standings, Subject};
use crate::alerts::{Event, State};
use crate::spec::DriftSpec;

const SECOND: i64 = 1_000_000;

fn spec() -> DriftSpec {
    DriftSpec {
        window: Duration::from_secs(3600),
        every: Duration::from_secs(15),
        psi: 0.2,
        ks: 0.1,
        consecutive: 2,
        cooldown: Duration::from_secs(100),
        alerts: Vec::new(),
    }
}

fn deployment(verdict: Verdict) -> DeploymentReport {
    DeploymentReport {
        deployment: "green".to_owned(),
        model: "fraud".to_owned(),
        version: "1".to_owned(),
        mirrored: false,
        rows: 1000,
        traffic: None,
        baseline_rows: Some(10_000),
        verdict: Some(verdict),
        columns: Vec::new(),
        not_compared: Vec::new(),
    }
}

/// One look at `now` seconds.
async fn look(standings: &mut Standings, now: i64, verdict: Verdict) -> Vec<Event> {
    let window = Window::new(now * SECOND, (now + 60) * SECOND).unwrap();
    let (endpoint, thresholds) = ("fraud", Thresholds::default());
    let (deployments, comparisons) = (&[][..], Vec::new());
    let report = Report::new(&Findings { endpoint, window, thresholds, deployments, comparisons });
    let of = deployment(verdict);
    let subjects = [Subject { of: &of, digest: "sha256:m", baseline: "sha256:b" }];
    let name = "fraud".parse().unwrap();
    let judged = Judged { report: &report, subjects: &subjects, is_there: &|_| true };
    standings.judge(&name, &spec(), &judged, now * SECOND, "replica").await.unwrap()
}

/// A look at which the deployment has no rows, or is not in the spec.
async fn look_without(standings: &mut Standings, now: i64, is_there: bool) -> Vec<Event> {
    let window = Window::new(now * SECOND, (now + 60) * SECOND).unwrap();
    let (endpoint, thresholds) = ("fraud", Thresholds::default());
    let (deployments, comparisons) = (&[][..], Vec::new());
    let report = Report::new(&Findings { endpoint, window, thresholds, deployments, comparisons });
    let judged = Judged { report: &report, subjects: &[], is_there: &|_| is_there };
    let name = "fraud".parse().unwrap();
    standings.judge(&name, &spec(), &judged, now * SECOND, "replica").await.unwrap()
}

async fn told(standings: &mut Standings, events: &[Event]) {
    let keys: Vec<String> = events.iter().map(Event::key).collect();
    standings.told(&"fraud".parse().unwrap(), &keys).await.unwrap();
}

async fn looked(standings: &mut Standings, looks: &[(i64, Verdict)]) -> Vec<(i64, State)> {
    let mut found = Vec::new();
    for (now, verdict) in looks {
        let events = look(standings, *now, *verdict).await;
        found.extend(events.iter().map(|event| (*now, event.state)));
        told(standings, &events).await;
    }
    found
}

use Verdict::{Drift, InsufficientData, Ok as Fine};

#[tokio::test]
async fn drift_fires_once_and_is_resolved_once() {
    let mut standings = Standings::new(Arc::new(InMemory::new()));
    let looks = [
        (0, Drift),
        (15, Fine),
        (30, Drift),
        (45, Drift),
        (60, Drift),
        (75, Fine),
        (90, Drift),
        (105, Fine),
        (120, Fine),
        (135, Fine),
    ];
    let found = looked(&mut standings, &looks).await;
    assert_eq!(found, [(45, State::Fired), (120, State::Resolved)]);
}

#[tokio::test]
async fn too_few_rows_change_nothing() {
    let mut standings = Standings::new(Arc::new(InMemory::new()));
    let looks = [
        (0, Drift),
        (15, InsufficientData),
        (30, Drift),
        (45, Fine),
        (60, InsufficientData),
        (75, InsufficientData),
        (90, Fine),
    ];
    let found = looked(&mut standings, &looks).await;
    assert_eq!(found, [(30, State::Fired), (90, State::Resolved)]);
}

#[tokio::test]
async fn it_rests_before_it_fires_again() {
    let mut standings = Standings::new(Arc::new(InMemory::new()));
    let looks = [
        (0, Drift),
        (15, Drift),
        (30, Fine),
        (45, Fine),
        (60, Drift),
        (75, Drift),
        (90, Drift),
        (115, Drift),
        (130, Drift),
    ];
    let found = looked(&mut standings, &looks).await;
    let wanted = [(15, State::Fired), (45, State::Resolved), (115, State::Fired)];
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn who_takes_over_goes_on_and_tells_what_was_untold() {
    let store = Arc::new(InMemory::new());
    let mut first = Standings::new(Arc::<InMemory>::clone(&store) as _);
    look(&mut first, 0, Drift).await;
    let fired = look(&mut first, 15, Drift).await;
    assert_eq!(fired.len(), 1);
    // It dies before the outbox has it; the next one gives the same event, with the same key.
    let mut second = Standings::new(Arc::<InMemory>::clone(&store) as _);
    let again = look(&mut second, 30, Drift).await;
    assert_eq!((again.len(), again[0].key()), (1, fired[0].key()));
    told(&mut second, &again).await;
    assert!(look(&mut second, 45, Drift).await.is_empty());
    // The first one is not dead: what it would write now is refused, and it reads first.
    let name = "fraud".parse().unwrap();
    assert!(first.told(&name, &[fired[0].key()]).await.is_err());
    assert!(look(&mut first, 60, Drift).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_begins_anew() {
    use object_store::ObjectStoreExt;
    let store = Arc::new(InMemory::new());
    store.put(&super::path("fraud"), "no standing".into()).await.unwrap();
    let mut standings = Standings::new(Arc::<InMemory>::clone(&store) as _);
    let found = looked(&mut standings, &[(0, Drift), (15, Drift)]).await;
    assert_eq!(found, [(15, State::Fired)]);
}

#[tokio::test]
async fn a_pause_without_rows_changes_nothing_and_a_deployment_that_goes_is_resolved() {
    let mut standings = Standings::new(Arc::new(InMemory::new()));
    let found = looked(&mut standings, &[(0, Drift), (15, Drift)]).await;
    assert_eq!(found, [(15, State::Fired)]);
    assert!(look_without(&mut standings, 30, true).await.is_empty());
    assert!(looked(&mut standings, &[(45, Drift), (60, Drift)]).await.is_empty());
    let gone = look_without(&mut standings, 75, false).await;
    assert_eq!(gone.iter().map(|event| event.state).collect::<Vec<_>>(), [State::Resolved]);
    told(&mut standings, &gone).await;
    assert!(look_without(&mut standings, 90, false).await.is_empty());
}

#[tokio::test]
async fn what_the_outbox_did_not_take_is_told_again() {
    let mut standings = Standings::new(Arc::new(InMemory::new()));
    look(&mut standings, 0, Drift).await;
    let fired = look(&mut standings, 15, Drift).await;
    told(&mut standings, &[]).await;
    let again = look(&mut standings, 30, Drift).await;
    assert_eq!((again.len(), again[0].key()), (1, fired[0].key()));
}
