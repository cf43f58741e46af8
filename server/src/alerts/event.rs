//! What an alert is about: a deployment whose data drifts, or does so no more.
//!
//! Made by whoever analyses; kept in the outbox as it is here, turned into a receiver's form by
//! `format`. An event has a key of what it says, not of who says it when: two replicas that find
//! the same, or one that finds it again after a restart, say it under one key.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

#[cfg(test)]
pub(super) mod tests;

/// Most features of one event: those that drift most.
pub const FEATURES_MAX: usize = 32;
/// Largest event, bytes of its JSON: GitHub takes payloads of less than 64 KB, as the smallest of
/// all receivers.
pub const BYTES_MAX: usize = 48 << 10;

/// Whether drift began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It drifts.
    Fired,
    /// It does so no more.
    Resolved,
}

/// The side of the model that a feature is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// What it is asked.
    Input,
    /// What it answers.
    Output,
}

/// One feature's drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureDrift {
    /// The feature's name.
    pub name: String,
    /// The side that it is on.
    pub side: Side,
    /// What was measured: `psi`, `ks`.
    pub metric: String,
    /// Which of the metric's definitions.
    pub variant: String,
    /// What came out; what is not finite is null in JSON.
    #[serde(deserialize_with = "number")]
    pub value: f64,
    /// From where on it counts as drift.
    #[serde(deserialize_with = "number")]
    pub threshold: f64,
    /// From where on it is no chance, given so many values.
    pub critical_value: Option<f64>,
    /// The probability of such a value without drift.
    pub p: Option<f64>,
    /// Values in the window.
    pub n: u64,
    /// Values in the baseline.
    pub m: u64,
}

/// What an alert says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The endpoint.
    pub endpoint: String,
    /// The deployment.
    pub deployment: String,
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: String,
    /// Digest of the model's files.
    pub model_digest: String,
    /// Digest of the baseline that was compared with.
    pub baseline: String,
    /// Whether it began or ended.
    pub state: State,
    /// Start of the window, unix microseconds.
    pub window_start_us: i64,
    /// Its end, exclusive.
    pub window_end_us: i64,
    /// When that was found, unix microseconds.
    pub time_us: i64,
    /// When it began, unix microseconds: of an event that it ended, too.
    pub fired_at_us: i64,
    /// The verdict in a word.
    pub verdict: String,
    /// What drifts most, the most first; of an event that it ended, what did.
    pub features: Vec<FeatureDrift>,
    /// Where the report can be read.
    pub report: Option<String>,
    /// Which replica says it.
    pub replica: String,
}

/// A number, or not one where JSON has null.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Unix microseconds in RFC 3339; [`Event::check`] has seen that there is such a time.
pub(super) fn rfc3339(unix_us: i64) -> String {
    Timestamp::from_microsecond(unix_us).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The first 32 hex digits of SHA-256 over `parts`, each after its length.
fn sum<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    sum.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

// === impl State ===

impl State {
    /// `fired` or `resolved`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Resolved => "resolved",
        }
    }
}

// === impl Side ===

impl Side {
    /// `input` or `output`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

// === impl Event ===

impl Event {
    /// The same for the same endpoint, deployment, model and baseline digest, set of features,
    /// state and end of the window: 32 hex digits.
    pub fn key(&self) -> String {
        let mut features: Vec<(&str, &str)> =
            self.features.iter().map(|f| (f.side.name(), f.name.as_str())).collect();
        features.sort_unstable();
        features.dedup();
        let end = self.window_end_us.to_le_bytes();
        let head = self.whereabouts().into_iter().chain([self.state.name().as_bytes(), &end[..]]);
        let features = features.into_iter().flat_map(|(side, name)| [side, name]);
        sum(head.chain(features.map(str::as_bytes)))
    }

    /// The same for an event that drift began and the one that it ended: 32 hex digits.
    pub fn incident(&self) -> String {
        let began = self.fired_at_us.to_le_bytes();
        sum(self.whereabouts().into_iter().chain([&began[..]]))
    }

    fn whereabouts(&self) -> [&[u8]; 4] {
        let Self { endpoint, deployment, model_digest, baseline, .. } = self;
        [endpoint, deployment, model_digest, baseline].map(|text| text.as_bytes())
    }

    /// Whether it can be kept and sent.
    ///
    /// # Errors
    /// A sentence, when a name is empty, a time is none or it is too large.
    pub fn check(&self) -> Result<(), String> {
        if [&self.endpoint, &self.deployment].iter().any(|name| name.is_empty()) {
            return Err("an event names no endpoint or no deployment".to_owned());
        }
        let times = [self.window_start_us, self.window_end_us, self.time_us, self.fired_at_us];
        if let Some(time) = times.iter().find(|us| Timestamp::from_microsecond(**us).is_err()) {
            return Err(format!("{time} us is no time of an event"));
        }
        if self.features.len() > FEATURES_MAX {
            return Err(format!("an event has more than {FEATURES_MAX} features"));
        }
        let size = serde_json::to_vec(self).map_err(|error| error.to_string())?.len();
        match size > BYTES_MAX {
            true => Err(format!("an event of {size} bytes is larger than {BYTES_MAX}")),
            false => Ok(()),
        }
    }

    /// What receivers get to know of it, whatever the form: texts, numbers, times in RFC 3339.
    pub fn data(&self) -> Value {
        json!({
            "endpoint": self.endpoint,
            "deployment": self.deployment,
            "model": self.model,
            "version": self.version,
            "model_digest": self.model_digest,
            "baseline": self.baseline,
            "state": self.state,
            "verdict": self.verdict,
            "window": {
                "start": rfc3339(self.window_start_us),
                "end": rfc3339(self.window_end_us),
            },
            "time": rfc3339(self.time_us),
            "fired_at": rfc3339(self.fired_at_us),
            "features": self.features,
            "report": self.report,
            "replica": self.replica,
        })
    }

    /// One line for a person.
    pub(super) fn summary(&self) -> String {
        let Self { endpoint, deployment, model, version, .. } = self;
        let what = match self.state {
            State::Fired => "drifts",
            State::Resolved => "drifts no more",
        };
        format!("{endpoint}/{deployment} ({model}:{version}) {what}")
    }

    /// The features for a person, the most drifting first.
    pub(super) fn features_told(&self) -> String {
        let told = self.features.iter().map(|f| {
            let FeatureDrift { name, metric, value, threshold, .. } = f;
            format!("{} {name}: {metric} {value} (threshold {threshold})", f.side.name())
        });
        told.collect::<Vec<_>>().join(", ")
    }
}
