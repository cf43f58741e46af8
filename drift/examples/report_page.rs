//! Prints a page of made-up rows: `cargo run -p drift --example report_page > page.html`.
//!
//! Two versions of a fraud model answer clients: the older one as it was trained, the newer one
//! while amounts rise, a country comes up that training had not, and a field is left out more and
//! more. A third gets copies of the requests, a fourth has no baseline.

use std::error::Error;
use std::f64::consts::TAU;
use std::io::Write as _;
use std::sync::Arc;

use arrow_array::{ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray};
use drift::pane::Traffic;
use drift::report::{Comparison, Findings};
use drift::{Baseline, DeploymentProfile, Profile, Report, Rows, Thresholds, Window};

/// SplitMix64 (Steele, Lea and Flood, 2014): the same seed gives the same page.
struct Dice(u64);

/// How rows differ from those of training.
#[derive(Clone, Copy, Default)]
struct Shift {
    amount: f64,
    missing: f64,
    unseen: f64,
    score: f64,
}

const COUNTRIES: [&str; 9] = ["DE", "FR", "NL", "PL", "IT", "ES", "SE", "AT", "CZ"];
const CHANNELS: [&str; 3] = ["web", "app", "terminal"];

fn main() -> Result<(), Box<dyn Error>> {
    let training = rows(20_000, 1, Shift::default())?;
    let training = [training];
    let baseline = Baseline::build(&Rows::of_batches(&training)?, None, &mut |_| {})?;
    let baseline = Arc::new(baseline);
    let count = |rows: RecordBatch| -> Result<Profile, drift::Error> {
        let mut profile = Profile::new(&baseline);
        profile.fold(&rows)?;
        Ok(profile)
    };
    let moved = Shift { amount: 0.55, missing: 0.16, unseen: 0.13, score: 0.11 };
    let green = count(rows(48_213, 2, Shift::default())?)?;
    let blue = count(rows(5_120, 3, moved)?)?;
    let before = count(rows(4_873, 4, Shift { missing: 0.15, ..Shift::default() })?)?;
    let few = count(rows(64, 5, Shift::default())?)?;
    let deployments = [
        deployment("blue", "2", Some(&blue), (5_133, 9, 4, 750)),
        deployment("green", "1", Some(&green), (48_251, 31, 7, 500)),
        deployment("shadow", "3", Some(&few), (64, 0, 0, 1_500)),
        deployment("trial", "4", None, (1_890, 0, 0, 3_000)),
    ];
    let comparison = |kind, reference, of: &'static str| Comparison {
        kind,
        names: (of, "blue fraud:2"),
        reference,
        current: &blue,
    };
    let report = Report::new(&Findings {
        endpoint: "fraud",
        window: Window::new(1_767_225_600_000_000, 1_767_312_000_000_000)?,
        thresholds: Thresholds::default(),
        deployments: &deployments,
        comparisons: vec![
            comparison("previous window", &before, "2025-12-31, blue fraud:2"),
            comparison("same hours last week", &before, "2025-12-25, blue fraud:2"),
            comparison("deployment", &green, "green fraud:1"),
        ],
    });
    std::io::stdout().write_all(report.to_html().as_bytes())?;
    Ok(())
}

fn deployment(
    name: &str,
    version: &str,
    profile: Option<&Profile>,
    (requests, client_errors, server_errors, latency_us): (u64, u64, u64, u64),
) -> DeploymentProfile {
    let mut traffic = Traffic::default();
    for request in 0..requests {
        let status = match request {
            of if of < client_errors => 400,
            of if of < client_errors + server_errors => 503,
            _ => 200,
        };
        traffic.count(status, if request % 40 == 0 { 6 * latency_us } else { latency_us });
    }
    DeploymentProfile {
        deployment: name.to_owned(),
        model: "fraud".to_owned(),
        version: version.to_owned(),
        rows: profile.map_or(requests, Profile::rows),
        files: 1,
        is_mirrored: name == "shadow",
        profile: profile.cloned(),
        traffic: Some(traffic),
    }
}

/// `many` rows of inputs and outputs.
fn rows(many: usize, seed: u64, shift: Shift) -> Result<RecordBatch, Box<dyn Error>> {
    let mut dice = Dice(seed);
    let mut numbers = |of: &mut dyn FnMut(&mut Dice) -> Option<f64>| -> ArrayRef {
        let values: Float64Array = (0..many).map(|_| of(&mut dice)).collect();
        Arc::new(values)
    };
    let amount = numbers(&mut |dice| Some((3.6 + shift.amount + 0.9 * dice.normal()).exp()));
    let age = numbers(&mut |dice| Some((41.0 + 12.0 * dice.normal()).clamp(18.0, 95.0).floor()));
    let hour = numbers(&mut |dice| Some((14.0 + 5.0 * dice.normal()).rem_euclid(24.0).floor()));
    let income = numbers(&mut |dice| {
        let income = (10.4 + 0.5 * dice.normal()).exp();
        (dice.uniform() >= 0.04 + shift.missing).then_some(income)
    });
    let distance = numbers(&mut |dice| Some(-80.0 * (1.0 - dice.uniform()).ln()));
    let ratio = numbers(&mut |dice| {
        let (part, whole) = (dice.normal(), dice.uniform());
        if whole < 0.002 { Some(f64::INFINITY) } else { Some(part / (0.2 + whole)) }
    });
    let failed = numbers(&mut |dice| Some((-0.4 * (1.0 - dice.uniform()).ln()).floor()));
    let score = numbers(&mut |dice| {
        let score = -2.2 + 7.0 * shift.score + 1.3 * dice.normal();
        Some(1.0 / (1.0 + (-score).exp()))
    });
    let mut texts = |of: &mut dyn FnMut(&mut Dice) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..many).map(|_| of(&mut dice))))
    };
    let country = texts(&mut |dice| {
        let place = (dice.uniform() * dice.uniform() * 9.0) as usize;
        if dice.uniform() < shift.unseen { "NO" } else { COUNTRIES[place] }
    });
    let channel = texts(&mut |dice| CHANNELS[(dice.uniform() * dice.uniform() * 3.0) as usize]);
    let label =
        texts(&mut |dice| if dice.uniform() < 0.03 + shift.score { "fraud" } else { "fine" });
    let day: ArrayRef = Arc::new(Date32Array::from(vec![20_454; many]));
    let columns = [
        ("amount", amount),
        ("age", age),
        ("hour", hour),
        ("income", income),
        ("distance_km", distance),
        ("balance_ratio", ratio),
        ("failed_logins", failed),
        ("country", country),
        ("channel", channel),
        ("day", day),
        ("out.probability", score),
        ("out.label", label),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns.map(|(name, of)| (name, of, true)))?)
}

// === impl Dice ===

impl Dice {
    /// Even over [0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller, 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (TAU * self.uniform()).cos()
    }
}
