//! Since when each deployment drifts, kept in the store so that who takes over goes on from it:
//! `monitor/v1/endpoint=E/standing.json`, replaced by compare-and-swap.
//!
//! Drift fires after so many looks in a row that found it, and is resolved after so many that found
//! none; a look that had too few rows counts as neither. What is to be told is kept in the same
//! object until the outbox has it: a replica that dies in between leaves it to the next one, and
//! nobody is told twice, as an event always has the same key.

use std::collections::BTreeMap;
use std::sync::Arc;

use drift::Verdict;
use drift::report::{ColumnReport, DeploymentReport, Report};
use model_loader::Name;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use serde::{Deserialize, Serialize};

use super::reports::report_path;
use super::us;
use crate::alerts::{Event, FeatureDrift, Side, State};
use crate::spec::DriftSpec;

#[cfg(test)]
mod tests;

const FORMAT: &str = "skeg-standing/1";
/// Largest object that is read.
const BYTES_MAX: u64 = 4 << 20;
/// Events that may wait for the outbox.
const UNTOLD_MAX: usize = 100;
/// Features that an alert names.
const TOP: usize = 10;

/// Of all endpoints that were looked at.
pub(super) struct Standings {
    store: Arc<dyn ObjectStore>,
    known: BTreeMap<String, Known>,
}

/// What a deployment is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) of: &'a DeploymentReport,
    /// Of the model's files.
    pub(super) digest: &'a str,
    /// Of the baseline.
    pub(super) baseline: &'a str,
}

/// One look, as standings need it.
pub(super) struct Judged<'a> {
    pub(super) report: &'a Report,
    /// Deployments with a verdict.
    pub(super) subjects: &'a [Subject<'a>],
    /// Whether a deployment of that title is in the spec, with rows or without.
    pub(super) is_there: &'a dyn Fn(&str) -> bool,
}

/// The object, as last read or written.
#[derive(Debug, Default)]
struct Known {
    file: StandingFile,
    /// None while there is no object.
    version: Option<UpdateVersion>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct StandingFile {
    format: String,
    /// By deployment, model and version, as a title.
    deployments: BTreeMap<String, Standing>,
    /// What is to be told and may not be in the outbox yet.
    untold: Vec<Event>,
}

/// Of one model version at one deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Standing {
    /// Looks in a row that found drift, or found none.
    drifting: u32,
    fine: u32,
    /// The firing that is not resolved.
    fired: Option<Event>,
    /// When it last fired.
    last_fired_us: Option<i64>,
}

// === impl Standings ===

impl Standings {
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, known: BTreeMap::new() }
    }

    /// What is in the store may be another's.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Counts one look, and gives what is to be told, earlier looks' that may be untold first.
    ///
    /// # Errors
    /// A sentence, when the store fails or another replica has written: then nothing is counted.
    pub(super) async fn judge(
        &mut self,
        endpoint: &Name,
        drift: &DriftSpec,
        judged: &Judged<'_>,
        now_us: i64,
        replica: &str,
    ) -> Result<Vec<Event>, String> {
        let name = endpoint.to_string();
        let known = self.known(&name).await?;
        let mut file = known.file.clone();
        FORMAT.clone_into(&mut file.format);
        // A deployment that is gone drifts no more: who was told of it is told that, too.
        let gone = |title: &String, _: &mut Standing| !(judged.is_there)(title);
        for (_, standing) in file.deployments.extract_if(.., gone) {
            let ended = |fired| Event { state: State::Resolved, time_us: now_us, ..fired };
            file.untold.extend(standing.fired.map(ended));
        }
        for subject in judged.subjects {
            let standing = file.deployments.entry(subject.of.title()).or_default();
            if let Some(event) = standing.look(drift, judged.report, subject, now_us, replica) {
                file.untold.push(event);
            }
        }
        if file.untold.len() > UNTOLD_MAX {
            tracing::error!(endpoint = name, "alerts that could not be kept are given up");
            let more = file.untold.len() - UNTOLD_MAX;
            file.untold.drain(..more);
        }
        let untold = file.untold.clone();
        self.save(&name, file).await?;
        Ok(untold)
    }

    /// The events of these keys are in the outbox.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub(super) async fn told(&mut self, endpoint: &Name, keys: &[String]) -> Result<(), String> {
        let name = endpoint.to_string();
        let known = self.known(&name).await?;
        if known.file.untold.is_empty() {
            return Ok(());
        }
        let mut file = known.file.clone();
        file.untold.retain(|event| !keys.contains(&event.key()));
        self.save(&name, file).await
    }

    async fn known(&mut self, endpoint: &str) -> Result<&Known, String> {
        if !self.known.contains_key(endpoint) {
            let known = self.read(endpoint).await?;
            self.known.insert(endpoint.to_owned(), known);
        }
        Ok(&self.known[endpoint])
    }

    async fn read(&self, endpoint: &str) -> Result<Known, String> {
        let path = path(endpoint);
        let got = match self.store.get(&path).await {
            Err(Error::NotFound { .. }) => return Ok(Known::default()),
            got => got.map_err(|error| error.to_string())?,
        };
        let meta = got.meta.clone();
        let version = Some(UpdateVersion { e_tag: meta.e_tag, version: meta.version });
        if meta.size > BYTES_MAX {
            return Err(format!("{path}: {} bytes, at most {BYTES_MAX}", meta.size));
        }
        let bytes = got.bytes().await.map_err(|error| error.to_string())?;
        let file = serde_json::from_slice::<StandingFile>(&bytes).map_err(|e| e.to_string());
        let file = file.and_then(|file| match file.format == FORMAT {
            true => Ok(file),
            false => Err(format!("its format is {:?}", file.format)),
        });
        // What cannot be read must not silence all alerts for good: it begins anew.
        let file = file.unwrap_or_else(|error| {
            tracing::error!(%path, %error, "no standing of deployments; it begins anew");
            StandingFile::default()
        });
        Ok(Known { file, version })
    }

    async fn save(&mut self, endpoint: &str, file: StandingFile) -> Result<(), String> {
        let known = self.known.get(endpoint);
        if known.is_some_and(|known| known.file == file) {
            return Ok(());
        }
        let version = known.and_then(|known| known.version.clone());
        let mode = version.map_or(PutMode::Create, PutMode::Update);
        let json = serde_json::to_vec(&file).map_err(|error| error.to_string())?;
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.store.put_opts(&path(endpoint), json.into(), options).await {
            Ok(put) => {
                let version = Some(UpdateVersion { e_tag: put.e_tag, version: put.version });
                self.known.insert(endpoint.to_owned(), Known { file, version });
                Ok(())
            }
            Err(error) => {
                // Another's, or ours with a lost answer: it is read before it is written again.
                self.known.remove(endpoint);
                Err(error.to_string())
            }
        }
    }
}

// === impl Standing ===

impl Standing {
    /// Counts a look; gives what is to be told of it.
    fn look(
        &mut self,
        drift: &DriftSpec,
        report: &Report,
        subject: &Subject<'_>,
        now_us: i64,
        replica: &str,
    ) -> Option<Event> {
        let more = |count: u32| count.saturating_add(1).min(drift.consecutive);
        match subject.of.verdict? {
            Verdict::InsufficientData => return None,
            // No more than is asked for, so that the object stays as it is while nothing changes.
            Verdict::Drift => (self.drifting, self.fine) = (more(self.drifting), 0),
            Verdict::Ok => (self.drifting, self.fine) = (0, more(self.fine)),
        }
        if self.fired.is_none() && self.drifting >= drift.consecutive {
            let rested = self.last_fired_us.is_none_or(|last| now_us - last >= us(drift.cooldown));
            if !rested {
                return None;
            }
            let event = event(report, subject, now_us, replica);
            self.fired = Some(event.clone());
            self.last_fired_us = Some(now_us);
            return Some(event);
        }
        if self.fine >= drift.consecutive {
            let fired = self.fired.take()?;
            let now = event(report, subject, now_us, replica);
            // It says what drifted, of the windows that found it resolved.
            let (features, fired_at_us) = (fired.features, fired.fired_at_us);
            return Some(Event { state: State::Resolved, features, fired_at_us, ..now });
        }
        None
    }
}

fn path(endpoint: &str) -> Path {
    Path::from(format!("monitor/v1/endpoint={endpoint}/standing.json"))
}

/// That a deployment drifts.
fn event(report: &Report, subject: &Subject<'_>, now_us: i64, replica: &str) -> Event {
    let time = |text: &str| text.parse::<jiff::Timestamp>().map_or(0, |t| t.as_microsecond());
    let Subject { of, digest, baseline } = subject;
    let drifting = of.columns.iter().filter(|column| column.verdict == Verdict::Drift);
    let mut features: Vec<FeatureDrift> = drifting.map(|of| feature(of, report)).collect();
    // How many times the threshold it is: one measure's values are no others'.
    let excess = |of: &FeatureDrift| of.value / of.threshold;
    features.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
    features.truncate(TOP);
    Event {
        endpoint: report.endpoint.clone(),
        deployment: of.deployment.clone(),
        model: of.model.clone(),
        version: of.version.clone(),
        model_digest: (*digest).to_owned(),
        baseline: (*baseline).to_owned(),
        state: State::Fired,
        window_start_us: time(&report.window.start),
        window_end_us: time(&report.window.end),
        time_us: now_us,
        fired_at_us: now_us,
        verdict: of.verdict.unwrap_or(Verdict::InsufficientData).to_string(),
        features,
        report: Some(report_path(&report.endpoint, &report.window.end, "html").to_string()),
        replica: replica.to_owned(),
    }
}

/// The measure of a column that is furthest over its threshold.
fn feature(of: &ColumnReport, report: &Report) -> FeatureDrift {
    let (short, side) = match of.name.strip_prefix(drift::baseline::OUTPUT) {
        Some(short) => (short, Side::Output),
        None => (of.name.strip_prefix(drift::baseline::INPUT).unwrap_or(&of.name), Side::Input),
    };
    let thresholds = &report.thresholds;
    let psi = of.measures.psi.map(|psi| {
        let variant = format!("{} groups, Laplace", psi.groups);
        ("psi", variant, psi.value, thresholds.psi, psi.critical, psi.p)
    });
    let ks = of.measures.ks.map(|ks| {
        let variant = format!("at least, at most {:.4}", ks.high);
        ("ks", variant, ks.low, thresholds.ks, ks.critical, ks.p)
    });
    let found = psi.into_iter().chain(ks).filter(|found| of.drifting.iter().any(|d| d == found.0));
    let found = found.max_by(|a, b| (a.2 / a.3).total_cmp(&(b.2 / b.3)));
    let unknown = || ("psi", String::new(), f64::NAN, thresholds.psi, f64::NAN, f64::NAN);
    let (metric, variant, value, threshold, critical, p) = found.unwrap_or_else(unknown);
    FeatureDrift {
        name: short.to_owned(),
        side,
        metric: metric.to_owned(),
        variant,
        value,
        threshold,
        critical_value: Some(critical).filter(|critical| critical.is_finite()),
        p: Some(p).filter(|p| p.is_finite()),
        n: of.current.rows,
        m: of.reference.rows,
    }
}
