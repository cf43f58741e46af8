//! `baseline.json`, format "skeg-baseline/1": its shape, and the checks that its numbers add up.
//!
//! ```json
//! {"format":"skeg-baseline/1","rows":4,
//!  "features":[{"name":"amount","edges":[9.5],"counts":[2,1],"missing":1,"min":1.0,"max":20.0}],
//!  "skipped":[{"name":"country","found":"Utf8"}]}
//! ```
//! `min` and `max` are null when no value is finite. Unknown keys are refused.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{Baseline, Feature, MAX_FEATURES, Skipped};
use crate::error::Error;

const FORMAT: &str = "skeg-baseline/1";
const MAX_FILE_BYTES: usize = 64 << 20;
const MAX_EDGES: usize = 1023;
const MAX_NAME_BYTES: usize = 512;
/// JSON readers that keep numbers as 64-bit floats are exact up to here.
const MAX_ROWS: u64 = 1 << 53;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BaselineFile {
    format: String,
    rows: u64,
    features: Vec<FeatureFile>,
    skipped: Vec<SkippedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureFile {
    name: String,
    edges: Vec<f64>,
    counts: Vec<u64>,
    missing: u64,
    min: Option<f64>,
    max: Option<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkippedFile {
    name: String,
    found: String,
}

pub(crate) fn write(baseline: &Baseline) -> String {
    let features = baseline.features.iter().map(|feature| FeatureFile {
        name: feature.name.clone(),
        edges: feature.edges.clone(),
        counts: feature.counts.clone(),
        missing: feature.missing,
        min: feature.min(),
        max: feature.max(),
    });
    let skipped = baseline.skipped.iter();
    let file = BaselineFile {
        format: FORMAT.to_owned(),
        rows: baseline.rows,
        features: features.collect(),
        skipped: skipped
            .map(|s| SkippedFile { name: s.name.clone(), found: s.found.clone() })
            .collect(),
    };
    let json = serde_json::to_string(&file);
    json.expect("strings and numbers always serialise")
}

pub(crate) fn read(bytes: &[u8]) -> Result<Baseline, Error> {
    if bytes.len() > MAX_FILE_BYTES {
        let (got, max) = (bytes.len() as u64, MAX_FILE_BYTES as u64);
        return Err(Error::TooLarge { what: "bytes of a baseline file", got, max });
    }
    let file: BaselineFile =
        serde_json::from_slice(bytes).map_err(|error| Error::BaselineFile(error.to_string()))?;
    check(&file).map_err(Error::BaselineFile)?;
    let features = file.features.into_iter().map(|feature| Feature {
        name: feature.name,
        edges: feature.edges,
        counts: feature.counts,
        missing: feature.missing,
        range: feature.min.zip(feature.max),
    });
    let skipped = file.skipped.into_iter();
    Ok(Baseline {
        rows: file.rows,
        features: features.collect(),
        skipped: skipped.map(|s| Skipped { name: s.name, found: s.found }).collect(),
    })
}

fn check(file: &BaselineFile) -> Result<(), String> {
    if file.format != FORMAT {
        return Err(format!("format is `{}`, this version reads `{FORMAT}`", file.format));
    }
    if !(1..=MAX_ROWS).contains(&file.rows) {
        return Err(format!("rows is {}, not 1 to {MAX_ROWS}", file.rows));
    }
    let columns = file.features.len() + file.skipped.len();
    if file.features.is_empty() || columns > MAX_FEATURES {
        return Err(format!("{columns} features, not 1 to {MAX_FEATURES}"));
    }
    let skipped = file.skipped.iter().map(|s| &s.name);
    let mut seen = HashSet::new();
    for name in file.features.iter().map(|f| &f.name).chain(skipped) {
        check_name(name)?;
        if !seen.insert(name) {
            return Err(format!("feature `{name}` stands there twice"));
        }
    }
    file.features.iter().try_for_each(|feature| {
        check_feature(feature, file.rows)
            .map_err(|why| format!("feature `{}`: {why}", feature.name))
    })
}

/// A name that can stand in a column, a label and a line of a report.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let fits = !name.is_empty() && name.len() <= MAX_NAME_BYTES;
    if !fits || name.chars().any(char::is_control) {
        return Err(format!("name {name:?} is not 1 to {MAX_NAME_BYTES} bytes of printable text"));
    }
    Ok(())
}

fn check_feature(feature: &FeatureFile, rows: u64) -> Result<(), String> {
    let FeatureFile { edges, counts, missing, min, max, .. } = feature;
    if edges.len() > MAX_EDGES {
        return Err(format!("{} edges, at most {MAX_EDGES}", edges.len()));
    }
    // JSON has no NaN and no infinity, and the parser refuses numbers beyond the 64-bit range.
    if !edges.is_sorted_by(|a, b| a < b) {
        return Err("the edges do not rise strictly".to_owned());
    }
    if counts.len() != edges.len() + 1 {
        return Err(format!("{} counts for {} edges", counts.len(), edges.len()));
    }
    let sum = counts.iter().try_fold(*missing, |sum, count| sum.checked_add(*count));
    if sum != Some(rows) {
        return Err(format!("counts and missing do not sum to {rows} rows"));
    }
    match (min, max) {
        (None, None) => Ok(()),
        (Some(min), Some(max)) if min <= max && *missing < rows => Ok(()),
        _ => Err("min and max make no range of its values".to_owned()),
    }
}
