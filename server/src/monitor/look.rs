//! One look at an endpoint: the window's panes -> a report -> who is told.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use drift::pane::Sum;
use drift::report::{Comparison, Findings};
use drift::{DeploymentProfile, Profile, Report, Thresholds, Window};
use model_loader::Registry;
use object_store::ObjectStore;

use super::baselines::Baselines;
use super::reports::{Kept, Seen};
use super::standing::{Judged, Standings, Subject};
use super::windows::{Who, Windows, step_of};
use super::{minute_after, us};
use crate::alerts::{Alerts, Event};
use crate::endpoint::Endpoint;
use crate::panes::MINUTE_US;
use crate::spec::DriftSpec;

/// Minutes of a week.
const WEEK: i64 = 7 * 1440;

/// What is kept from look to look.
pub(super) struct Looker {
    store: Arc<dyn ObjectStore>,
    baselines: Baselines,
    windows: BTreeMap<String, Windows>,
    standings: Standings,
    kept: Kept,
    seen: Arc<Seen>,
    alerts: Rc<Alerts>,
    replica: String,
}

/// The minutes that a look compares.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Times {
    now: Range<i64>,
    before: Range<i64>,
    /// None for windows so long that both would share rows.
    last_week: Option<Range<i64>>,
}

// === impl Looker ===

impl Looker {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        registry: Registry,
        seen: Arc<Seen>,
        alerts: Rc<Alerts>,
        replica: String,
    ) -> Self {
        Self {
            baselines: Baselines::new(registry),
            windows: BTreeMap::new(),
            standings: Standings::new(Arc::clone(&store)),
            kept: Kept::new(Arc::clone(&store)),
            store,
            seen,
            alerts,
            replica,
        }
    }

    /// Another replica looks now: what was known may be out of date by the time this one does.
    pub(super) fn stand_by(&mut self) {
        self.windows.clear();
        self.standings.forget();
        self.seen.clear();
    }

    /// What is not watched any more is not shown any more.
    pub(super) fn keep_only(&mut self, is_watched: impl Fn(&str) -> bool) {
        self.windows.retain(|name, _| is_watched(name));
        self.seen.keep_only(is_watched);
    }

    /// Looks at an endpoint's window that ends with the minute of `now_us`; false when that failed.
    pub(super) async fn look(
        &mut self,
        endpoint: &Endpoint,
        drift: &DriftSpec,
        now_us: i64,
    ) -> bool {
        let name = endpoint.name.to_string();
        let looked = self.try_look(endpoint, drift, now_us).await;
        if let Err(error) = &looked {
            tracing::warn!(endpoint = name, %error, "drift could not be looked for");
            self.seen.failed(&name);
        }
        looked.is_ok()
    }

    async fn try_look(
        &mut self,
        endpoint: &Endpoint,
        drift: &DriftSpec,
        now_us: i64,
    ) -> Result<(), String> {
        let name = endpoint.name.to_string();
        self.baselines.take(endpoint);
        let minutes = (us(drift.window) / MINUTE_US).max(1);
        let step = step_of(minutes);
        let windows = match self.windows.remove(&name) {
            Some(windows) if windows.step() == step => windows,
            _ => Windows::new(name.clone(), step),
        };
        let windows = self.windows.entry(name.clone()).or_insert(windows);
        let times = Times::new(minute_after(now_us), minutes, step);
        let all = [Some(&times.now), Some(&times.before), times.last_week.as_ref()];
        let all: Vec<Range<i64>> = all.into_iter().flatten().cloned().collect();
        windows.read(&*self.store, &all, &mut self.baselines).await?;

        let report = report(&name, drift, windows, &times)?;
        let events = self.stand(endpoint, drift, &report, now_us).await?;
        // An alert names the report: it is there before the alert is.
        self.kept.keep(&report, now_us, !events.is_empty()).await?;
        self.seen.look(report);
        let mut told = Vec::new();
        for event in events {
            let state = event.state.name();
            let (endpoint, deployment) = (&event.endpoint, &event.deployment);
            tracing::warn!(endpoint, deployment, state, "drift");
            match self.alerts.push(now_us, &event, &drift.alerts).await {
                Ok(_) => told.push(event.key()),
                // It is kept and tried again by the next look.
                Err(error) => tracing::warn!(endpoint, %error, "an alert cannot be kept"),
            }
        }
        self.standings.told(&endpoint.name, &told).await
    }

    /// What begins or ends to drift, and is to be told.
    async fn stand(
        &mut self,
        endpoint: &Endpoint,
        drift: &DriftSpec,
        report: &Report,
        now_us: i64,
    ) -> Result<Vec<Event>, String> {
        let subjects = endpoint.seats.iter().map(|seat| &seat.deployment.subject);
        let subjects: Vec<Subject<'_>> = subjects
            .filter_map(|subject| {
                let mut found = report.deployments.iter().filter(|of| !of.mirrored);
                // Rows whose baseline was not to be had are an entry without a verdict.
                let of = found.find(|of| {
                    of.verdict.is_some()
                        && (&of.deployment, &of.model, &of.version)
                            == (&subject.deployment, &subject.model, &subject.version)
                })?;
                Some(Subject {
                    of,
                    digest: &subject.digest,
                    baseline: subject.baseline.as_deref()?,
                })
            })
            .collect();
        let seats = endpoint.seats.iter().map(|seat| {
            let subject = &seat.deployment.subject;
            format!("{} {}:{}", subject.deployment, subject.model, subject.version)
        });
        let seats: Vec<String> = seats.collect();
        let unready = endpoint.unready.iter();
        let unready: Vec<(String, String)> =
            unready.map(|of| (format!("{} ", of.name), format!(":{}", of.version))).collect();
        let is_there = |title: &str| {
            seats.iter().any(|seat| seat == title)
                || unready.iter().any(|(a, z)| title.starts_with(a) && title.ends_with(z))
        };
        let judged = Judged { report, subjects: &subjects, is_there: &is_there };
        self.standings.judge(&endpoint.name, drift, &judged, now_us, &self.replica).await
    }
}

/// The report of a window.
fn report(
    endpoint: &str,
    drift: &DriftSpec,
    windows: &Windows,
    times: &Times,
) -> Result<Report, String> {
    let says = |error: drift::Error| error.to_string();
    let now = windows.over(&times.now);
    let before = windows.over(&times.before);
    let last_week = times.last_week.as_ref().map(|of| windows.over(of)).unwrap_or_default();
    let window = Window::new(times.now.start.max(0) * MINUTE_US, times.now.end * MINUTE_US);
    let confidence = Thresholds::default().confidence();
    let thresholds = Thresholds::new(drift.psi, drift.ks, confidence).map_err(says)?;
    let deployments: Vec<DeploymentProfile> =
        now.iter().filter_map(|(who, sum)| profile(who, sum)).collect();
    let names: BTreeMap<&Who, String> = now.keys().map(|who| (who, title(who))).collect();
    let mut comparisons = Vec::new();
    for (kind, then) in [("previous window", &before), ("same hours last week", &last_week)] {
        for (who, sum) in now.iter().filter(|(who, sum)| is_compared(who, sum)) {
            let reference = then.get(who).filter(|sum| is_compared(who, sum));
            let Some(reference) = reference else { continue };
            let name = names[who].as_str();
            let (reference, current) = (&reference.profile, &sum.profile);
            comparisons.push(Comparison { kind, names: (name, name), reference, current });
        }
    }
    // Who answers most is what the others are held against.
    let served = now.iter().filter(|(who, sum)| is_compared(who, sum) && !who.is_mirrored);
    if let Some((first, reference)) = served.max_by_key(|(_, sum)| sum.profile.rows()) {
        let others = now.iter().filter(|(who, sum)| is_compared(who, sum) && *who != first);
        for (who, sum) in others {
            let names = (names[first].as_str(), names[who].as_str());
            let (reference, current): (&Profile, &Profile) = (&reference.profile, &sum.profile);
            comparisons.push(Comparison { kind: "deployment", names, reference, current });
        }
    }
    Ok(Report::new(&Findings {
        endpoint,
        window: window.map_err(says)?,
        thresholds,
        deployments: &deployments,
        comparisons,
    }))
}

fn is_compared(who: &Who, sum: &Sum) -> bool {
    who.baseline.is_some() && sum.profile.rows() > 0
}

/// `green fraud:1`
fn title(who: &Who) -> String {
    let mirrored = if who.is_mirrored { " (mirrored)" } else { "" };
    format!("{} {}:{}{mirrored}", who.deployment, who.model, who.version)
}

fn profile(who: &Who, sum: &Sum) -> Option<DeploymentProfile> {
    if sum.profile.rows() == 0 && sum.traffic.requests == 0 {
        return None;
    }
    Some(DeploymentProfile {
        deployment: who.deployment.clone(),
        model: who.model.clone(),
        version: who.version.clone(),
        rows: sum.profile.rows(),
        files: 0,
        is_mirrored: who.is_mirrored,
        profile: who.baseline.is_some().then(|| sum.profile.clone()),
        traffic: Some(sum.traffic),
    })
}

// === impl Times ===

impl Times {
    /// Of a window of `minutes`, and of the minute before minute `end`, which is not over yet.
    fn new(end: i64, minutes: i64, step: i64) -> Self {
        let start = (end - 1 - minutes).div_euclid(step) * step;
        let length = end - start;
        // Of whole steps: what ends in the middle of one has the whole of it.
        let back = (length + step - 1) / step * step;
        let last_week = start - WEEK..start - WEEK + back;
        let last_week = (WEEK % step == 0 && back <= WEEK / 2).then_some(last_week);
        Self { now: start..end, before: start - back..start, last_week }
    }
}
