//! `skeg rows verify`: is every row in the store that should be?

use std::ops::Range;
use std::time::Duration;

use clap::Args;
use collector::verify::{self, Holds, Hour, Sums};
use jiff::Timestamp;
use model_loader::Name;
use object_store::ObjectStore;
use serde_json::{Map, Value, json};

use super::window;
use crate::cli::store::StoreArgs;
use crate::cli::table::{plain, table};
use crate::cli::window::WindowArgs;
use crate::cli::{drift, say};
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;

const HOUR_US: i64 = 3_600_000_000;

/// How long rows are waited for that the accounts have and the store has not yet.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// What `skeg rows verify` takes.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The endpoint
    #[arg(long, env = "SKEG_ENDPOINT", value_name = "NAME")]
    endpoint: Name,
    /// Start of the window, RFC 3339, widened to a whole UTC hour [default: 24 hours before its
    /// end]
    #[arg(long, env = "SKEG_FROM", value_name = "TIME")]
    from: Option<Timestamp>,
    /// End of the window, exclusive, widened to a whole UTC hour [default: now]
    #[arg(long, env = "SKEG_TO", value_name = "TIME")]
    to: Option<Timestamp>,
    /// Print JSON, by deployment too
    #[arg(long)]
    json: bool,
}

/// Says what holds.
///
/// # Errors
/// Code 2 when the law does not hold in some hour, 1 when the store cannot be read, 78 for a window
/// that is none.
pub(super) fn run(args: &VerifyArgs, now: Timestamp) -> Result<(), Failure> {
    let store = args.store.open(&Surroundings::read())?;
    let window = whole(&window(WindowArgs { from: args.from, to: args.to }, now)?);
    let failed = |error: String| Failure::new(Failure::FAILED, error);
    let runtime = runtime::new().map_err(|error| failed(error.to_string()))?;
    let hours = hours(&*store, args.endpoint.as_ref(), window, now.as_microsecond());
    let hours = runtime.block_on(hours).map_err(failed)?;
    if args.json {
        let name = args.endpoint.as_ref();
        let hours: Vec<Value> = hours.iter().map(hour_json).collect();
        say(format_args!("{:#}", json!({"endpoint": name, "hours": hours})));
    } else {
        say(text(&hours));
    }
    let broken = hours.iter().filter(|hour| hour.holds == Holds::No).count();
    match broken {
        0 => Ok(()),
        broken => {
            let of = hours.len();
            Err(Failure::new(
                Failure::REFUSED,
                format!("rows do not add up in {broken} of {of} hours"),
            ))
        }
    }
}

/// Widened to whole hours.
fn whole(window: &Range<i64>) -> Range<i64> {
    let last = window.end.div_euclid(HOUR_US) + i64::from(window.end.rem_euclid(HOUR_US) != 0);
    window.start.div_euclid(HOUR_US) * HOUR_US..last * HOUR_US
}

async fn hours(
    store: &dyn ObjectStore,
    endpoint: &str,
    window: Range<i64>,
    now_us: i64,
) -> Result<Vec<Hour>, String> {
    let hours = verify::hours(store, endpoint, window, now_us, &PAUSES).await;
    let hours = hours.map_err(|error| error.to_string())?;
    if hours.is_empty() && !drift::known(store, endpoint).await? {
        return Err(format!("endpoint {endpoint}: neither a spec nor rows in the store"));
    }
    Ok(hours)
}

fn text(hours: &[Hour]) -> String {
    let headings = [
        "HOUR",
        "OFFERED",
        "SAMPLED OUT",
        "DROPPED",
        "SPOOLED",
        "PENDING",
        "LOST",
        "SAID",
        "FOUND",
        "HOLDS",
    ];
    let row = |hour: &Hour| {
        let sums = hour.total();
        let cells = [
            time(hour.start_us),
            sums.offered().to_string(),
            sums.sampled_out().to_string(),
            reasons(sums.dropped()),
            sums.spooled().to_string(),
            sums.pending().to_string(),
            reasons(sums.lost()),
            sums.said().to_string(),
            sums.found().to_string(),
            holds(hour.holds).to_owned(),
        ];
        cells.to_vec()
    };
    let mut lines = vec![table(&headings, &hours.iter().map(row).collect::<Vec<_>>())];
    for hour in hours {
        let why = hour.why.iter();
        lines.extend(why.map(|why| plain(&format!("{}: {why}", time(hour.start_us)))));
    }
    let sum = |of: fn(&Sums) -> i64| {
        hours.iter().fold(0i64, |sum, hour| sum.saturating_add(of(&hour.total())))
    };
    let files: u64 = hours.iter().map(|hour| hour.total().files()).sum();
    let worst = hours.iter().map(|hour| hour.holds).max().unwrap_or(Holds::Yes);
    lines.push(format!(
        "{}: {} rows offered, {} spooled, {} pending, {} said, {} found in {}: {}",
        counted(hours.len() as u64, "hour"),
        sum(Sums::offered),
        sum(Sums::spooled),
        sum(Sums::pending),
        sum(Sums::said),
        sum(Sums::found),
        counted(files, "file"),
        holds(worst),
    ));
    lines.join("\n")
}

/// `1 hour`, `2 hours`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `0`, or how many for which reason.
fn reasons(of: impl Iterator<Item = (&'static str, i64)>) -> String {
    let some = of.filter(|(_, rows)| *rows != 0);
    let some: Vec<String> = some.map(|(why, rows)| format!("{rows} {why}")).collect();
    if some.is_empty() { "0".to_owned() } else { some.join(", ") }
}

fn hour_json(hour: &Hour) -> Value {
    let deployments = hour.deployments.iter().map(|(name, sums)| (name.clone(), sums_json(sums)));
    let deployments: Map<String, Value> = deployments.collect();
    let mut json = sums_json(&hour.total());
    json["hour"] = json!(time(hour.start_us));
    json["holds"] = json!(holds(hour.holds));
    json["why"] = json!(hour.why);
    json["deployments"] = Value::Object(deployments);
    json
}

fn sums_json(sums: &Sums) -> Value {
    let by_reason = |of: &mut dyn Iterator<Item = (&'static str, i64)>| {
        Value::Object(of.map(|(why, rows)| (why.to_owned(), json!(rows))).collect())
    };
    json!({
        "offered": sums.offered(),
        "sampled_out": sums.sampled_out(),
        "dropped": by_reason(&mut sums.dropped()),
        "spooled": sums.spooled(),
        "pending": sums.pending(),
        "lost": by_reason(&mut sums.lost()),
        "said": sums.said(),
        "found": sums.found(),
        "files": sums.files(),
    })
}

fn holds(holds: Holds) -> &'static str {
    match holds {
        Holds::Yes => "yes",
        Holds::Pending => "pending",
        Holds::No => "NO",
    }
}

/// `2026-11-23T10:00Z`.
fn time(us: i64) -> String {
    let at = Timestamp::from_microsecond(us);
    at.map_or_else(|_| us.to_string(), |at| at.strftime("%Y-%m-%dT%H:%MZ").to_string())
}
