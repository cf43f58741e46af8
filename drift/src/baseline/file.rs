//! `baseline.json`, format "skeg-baseline/2": its shape, and the checks that its numbers add up.
//!
//! ```json
//! {"format":"skeg-baseline/2","rows":4,
//!  "columns":[{"name":"in.amount","edges":[0.9,9.5,20.1],"distinct":true,"counts":[0,2,1,0],
//!              "nulls":1,"nans":0,"infinite":0,"min":1.0,"max":20.0,"mean":8.0,"std":10.4},
//!             {"name":"in.country","categories":["NL","DE"],"counts":[2,1,0],"nulls":1}],
//!  "skipped":[{"name":"day","why":"Date32"}]}
//! ```
//! `min`, `max`, `mean` and `std` are not there when no value is finite. The last count of
//! categories is of all other texts. Unknown keys are refused.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{
    Baseline, Bins, Categories, Column, INPUT, MAX_COLUMNS, Numbers, OUTPUT, Skipped, Summary,
};
use crate::error::Error;

const FORMAT: &str = "skeg-baseline/2";
/// 4096 columns of 1,001 edges have about 90 MB.
const MAX_FILE_BYTES: usize = 256 << 20;
/// Most bins of a column.
pub(crate) const MAX_BINS: usize = 1024;
const MAX_NAME_BYTES: usize = 512;
/// JSON readers that keep numbers as 64-bit floats are exact up to here.
const MAX_ROWS: u64 = 1 << 53;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BaselineFile {
    format: String,
    rows: u64,
    columns: Vec<ColumnFile>,
    skipped: Vec<SkippedFile>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnFile {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edges: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    distinct: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<String>>,
    counts: Vec<u64>,
    nulls: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nans: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    infinite: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mean: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    std: Option<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkippedFile {
    name: String,
    why: String,
}

pub(crate) fn write(baseline: &Baseline) -> String {
    let skipped = |s: &Skipped| SkippedFile { name: s.name.clone(), why: s.why.clone() };
    let file = BaselineFile {
        format: FORMAT.to_owned(),
        rows: baseline.rows,
        columns: baseline.columns.iter().map(ColumnFile::of).collect(),
        skipped: baseline.skipped.iter().map(skipped).collect(),
    };
    serde_json::to_string(&file).expect("strings and numbers always serialise")
}

pub(crate) fn read(bytes: &[u8]) -> Result<Baseline, Error> {
    if bytes.len() > MAX_FILE_BYTES {
        let (got, max) = (bytes.len() as u64, MAX_FILE_BYTES as u64);
        return Err(Error::TooLarge { what: "bytes of a baseline file", got, max });
    }
    let file: BaselineFile =
        serde_json::from_slice(bytes).map_err(|error| Error::BaselineFile(error.to_string()))?;
    check(&file).map_err(Error::BaselineFile)?;
    let column = |column: ColumnFile| {
        let (name, rows) = (column.name.clone(), file.rows);
        let read = column.read(rows).map_err(|why| format!("column `{name}`: {why}"));
        read.map_err(Error::BaselineFile)
    };
    let columns = file.columns.into_iter().map(column).collect::<Result<Vec<_>, Error>>()?;
    let skipped = file.skipped.into_iter().map(|s| Skipped { name: s.name, why: s.why });
    Ok(Baseline::new(file.rows, columns, skipped.collect()))
}

fn check(file: &BaselineFile) -> Result<(), String> {
    if file.format != FORMAT {
        return Err(format!("format is `{}`, this version reads `{FORMAT}`", file.format));
    }
    if !(1..=MAX_ROWS).contains(&file.rows) {
        return Err(format!("rows is {}, not 1 to {MAX_ROWS}", file.rows));
    }
    let columns = file.columns.len() + file.skipped.len();
    if file.columns.is_empty() || columns > MAX_COLUMNS {
        return Err(format!("{columns} columns, not 1 to {MAX_COLUMNS}"));
    }
    let mut seen = HashSet::new();
    for name in file.columns.iter().map(|column| &column.name) {
        check_name(name)?;
        if !name.starts_with(INPUT) && !name.starts_with(OUTPUT) {
            return Err(format!("column `{name}` begins with neither {INPUT} nor {OUTPUT}"));
        }
        if !seen.insert(name) {
            return Err(format!("column `{name}` stands there twice"));
        }
    }
    file.skipped.iter().try_for_each(|skipped| check_name(&skipped.name))
}

/// A name that can stand in a column, a label and a line of a report.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let fits = !name.is_empty() && name.len() <= MAX_NAME_BYTES;
    if !fits || name.chars().any(char::is_control) {
        return Err(format!("name {name:?} is not 1 to {MAX_NAME_BYTES} bytes of printable text"));
    }
    Ok(())
}

// === impl ColumnFile ===

impl ColumnFile {
    fn of(column: &Column) -> ColumnFile {
        let (name, counts) = (column.name.clone(), column.counts.clone());
        let file = ColumnFile { name, counts, nulls: column.nulls, ..ColumnFile::default() };
        match &column.bins {
            Bins::Categories(categories) => {
                ColumnFile { categories: Some(categories.names.clone()), ..file }
            }
            Bins::Numbers(Numbers { edges, is_distinct, summary, .. }) => ColumnFile {
                edges: Some(edges.clone()),
                distinct: is_distinct.then_some(true),
                nans: Some(column.nans),
                infinite: Some(column.infinite),
                min: summary.map(|summary| summary.min),
                max: summary.map(|summary| summary.max),
                mean: summary.map(|summary| summary.mean),
                std: summary.map(|summary| summary.std),
                ..file
            },
        }
    }

    fn read(self, rows: u64) -> Result<Column, String> {
        let ColumnFile { name, edges, categories, counts, nulls, nans, infinite, .. } = self;
        let is_distinct = self.distinct.unwrap_or(false);
        let bins = match (edges, categories) {
            (Some(edges), None) => {
                let summary = match (self.min, self.max, self.mean, self.std) {
                    (None, None, None, None) => None,
                    (Some(min), Some(max), Some(mean), Some(std)) => {
                        Some(Summary { min, max, mean, std })
                    }
                    _ => return Err("min, max, mean and std are not all there".to_owned()),
                };
                check_numbers(&edges, summary.as_ref())?;
                Bins::Numbers(Numbers::new(edges, is_distinct, summary))
            }
            (None, Some(names)) if nans.is_none() && infinite.is_none() && self.min.is_none() => {
                check_categories(&names)?;
                Bins::Categories(Categories::new(names))
            }
            _ => return Err("it has not either edges or categories".to_owned()),
        };
        let (nans, infinite) = (nans.unwrap_or(0), infinite.unwrap_or(0));
        if counts.len() != bins.len() {
            return Err(format!("{} counts for {} bins", counts.len(), bins.len()));
        }
        let sum = counts.iter().chain([&nulls, &nans]);
        let sum = sum.copied().try_fold(0u64, u64::checked_add);
        if sum != Some(rows) || infinite > rows {
            return Err(format!("counts, nulls and nans do not sum to {rows} rows"));
        }
        Ok(Column { name, bins, counts, nulls, nans, infinite })
    }
}

fn check_numbers(edges: &[f64], summary: Option<&Summary>) -> Result<(), String> {
    if edges.len() >= MAX_BINS {
        return Err(format!("{} edges, at most {}", edges.len(), MAX_BINS - 1));
    }
    // JSON has no NaN and no infinity, and the parser refuses numbers beyond the 64-bit range.
    if !edges.is_sorted_by(|a, b| a < b) {
        return Err("the edges do not rise strictly".to_owned());
    }
    match summary {
        Some(Summary { min, max, mean, std }) => {
            let is_sound = min <= max && (min..=max).contains(&mean) && *std >= 0.0;
            is_sound.then_some(()).ok_or_else(|| "min, max, mean and std make no range".to_owned())
        }
        None if edges.is_empty() => Ok(()),
        None => Err("edges without a value".to_owned()),
    }
}

fn check_categories(names: &[String]) -> Result<(), String> {
    if names.len() >= MAX_BINS {
        return Err(format!("{} categories, at most {}", names.len(), MAX_BINS - 1));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
        return Err(format!("category `{}` stands there twice", twice.escape_debug()));
    }
    match names.iter().find(|name| name.len() > MAX_NAME_BYTES) {
        Some(long) => Err(format!("a category of {} bytes", long.len())),
        None => Ok(()),
    }
}
