//! Two tables, column by column, by the numbers that another tool would give for them.
//!
//! Called by the command line for files; nothing of an endpoint or its baseline is needed. A file a
//! tool: `azure`, `evidently`, `nannyml`, each with that tool's own bins, smoothing, thresholds and
//! treatment of missing values, so that who moves from it sees the numbers that they know; and
//! `exact`, which has no bins at all. The source of the tool is the definition, in the version that
//! [`Tool::version`] says; numbers agree with it to nine digits
//! (`acceptance/test_drift_compat.py`).
//!
//! **Memory.** Each tool has a metric that needs exact order, so a column of numbers is held
//! sorted: 8 bytes a row of both tables, and for NannyML's chunks 8 more a row of the baseline. Of
//! texts each different one is held once. So for every column that is at work, one a thread;
//! Azure's rule about missing values takes a byte a row beside. A table over [`MAX_ROWS`] rows is
//! refused, a column of more than [`MAX_TEXTS`] different texts not compared. A CSV file is read
//! through once or more for each column.
//!
//! **Precision.** Of 32-bit floats, Evidently and NannyML put edges and deviations at 32 bits too.
//! The edges are the same here; what is sums of 32 bits there agrees to five digits only.

use std::path::PathBuf;

use rayon::prelude::*;

use crate::error::Error;
use crate::table::Table;

mod azure;
mod columns;
mod evidently;
mod exact;
mod histogram;
mod nannyml;
mod report;
mod sample;
mod scipy;

#[cfg(test)]
mod tests;

/// The longest table: its columns are held one by one, of 1 GiB each.
pub const MAX_ROWS: u64 = 1 << 27;

/// The most different texts of a column that is compared.
pub const MAX_TEXTS: usize = 1 << 20;

/// Whose numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Azure Machine Learning's model monitor.
    Azure,
    /// Evidently.
    Evidently,
    /// NannyML.
    NannyMl,
}

/// What is asked of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Whose numbers, should it be anybody's.
    pub tool: Option<Tool>,
    /// The exact KS and Wasserstein distances of numeric columns as well.
    pub exact: bool,
    /// Only these columns, in this order.
    pub columns: Option<Vec<String>>,
}

/// Two tables compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Whose numbers.
    pub tool: Option<Tool>,
    /// The table that is the measure.
    pub baseline: Side,
    /// The table that is judged.
    pub current: Side,
    /// In the order asked for, or of the baseline.
    pub columns: Vec<Column>,
    /// What the tool, or what was asked for without one, could not compare.
    pub left_out: Vec<LeftOut>,
}

/// One of the two tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Where it lies.
    pub path: PathBuf,
    /// All its rows.
    pub rows: u64,
    /// Rows that the tool leaves out whole, because one of their values is missing.
    pub dropped: u64,
}

/// A column that was not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub column: String,
    /// Why not.
    pub why: String,
}

/// A column of both tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What the tool takes it for.
    pub kind: Kind,
    /// Values of the baseline.
    pub baseline: Values,
    /// Values of the current table.
    pub current: Values,
    /// What was measured.
    pub measures: Vec<Measure>,
}

/// What a column is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, of which the order and the distance count.
    Numeric,
    /// Values that are the same or not.
    Categorical,
}

/// How many values a column has in one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Rows looked at.
    pub rows: u64,
    /// Of them, without a value: null or NaN.
    pub missing: u64,
    /// Of them, plus or minus infinity.
    pub infinite: u64,
}

/// One number of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// As the tool calls it.
    pub name: &'static str,
    /// None where the tool gives none, or no number.
    pub value: Option<f64>,
    /// What the tool calls drift.
    pub rule: Option<Rule>,
    /// Whether the tool decides by this metric, when nothing else is configured.
    pub decides: bool,
    /// What there is to know of this number.
    pub note: Option<&'static str>,
}

/// When a value is drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// The value is this or greater.
    AtLeast(f64),
    /// The value is greater.
    Above(f64),
    /// The p-value is this or less.
    AtMost(f64),
    /// The p-value is less.
    Below(f64),
}

/// Compares the columns that both tables have, on all threads.
///
/// # Errors
/// [`Error::File`] for a table that cannot be read, is too long or lacks a column that was asked
/// for.
pub fn compare(baseline: &Table, current: &Table, wanted: &Wanted) -> Result<Comparison, Error> {
    for table in [baseline, current] {
        if table.rows() > MAX_ROWS {
            return Err(named(table, format!("{} rows, at most {MAX_ROWS}", table.rows())));
        }
    }
    let (names, mut left_out) = match &wanted.columns {
        Some(columns) => (columns::asked(baseline, current, columns)?, Vec::new()),
        None => columns::common(baseline, current),
    };
    let complete = match wanted.tool {
        Some(Tool::Azure) => Some(azure::Complete::read(baseline, current, wanted)?),
        _ => None,
    };
    let dropped = complete.as_ref().map_or([0, 0], azure::Complete::dropped);
    let one = |name: &String| column(baseline, current, name, wanted, complete.as_ref());
    let found: Result<Vec<_>, Error> = names.par_iter().map(one).collect();
    let mut columns = Vec::new();
    for (column, (found, why)) in names.into_iter().zip(found?) {
        columns.extend(found);
        left_out.extend(why.map(|why| LeftOut { column, why }));
    }
    let side = |table: &Table, dropped| Side {
        path: table.path().to_owned(),
        rows: table.rows(),
        dropped,
    };
    let [of_baseline, of_current] = dropped;
    Ok(Comparison {
        tool: wanted.tool,
        baseline: side(baseline, of_baseline),
        current: side(current, of_current),
        columns,
        left_out,
    })
}

/// A column, or why it was left out.
type Outcome = Result<Column, String>;

/// One column through the tool and `exact`: what they found, and why one of them found nothing.
fn column(
    baseline: &Table,
    current: &Table,
    name: &str,
    wanted: &Wanted,
    complete: Option<&azure::Complete>,
) -> Result<(Option<Column>, Option<String>), Error> {
    if let Err(why) = columns::fit(baseline, current, name) {
        return Ok((None, Some(why)));
    }
    let by_tool = match wanted.tool {
        Some(Tool::Azure) => Some(azure::column(baseline, current, name, complete)?),
        Some(Tool::Evidently) => Some(evidently::column(baseline, current, name)?),
        Some(Tool::NannyMl) => Some(nannyml::column(baseline, current, name)?),
        None => None,
    };
    let exact = match wanted.exact {
        true => Some(exact::column(baseline, current, name)?),
        false => None,
    };
    Ok(match (by_tool, exact) {
        (Some(Ok(mut column)), exact) => {
            // Texts have no exact distance, and nobody expects one.
            column.measures.extend(exact.and_then(Result::ok).into_iter().flat_map(|e| e.measures));
            (Some(column), None)
        }
        (Some(Err(why)), Some(Ok(exact))) => (Some(exact), Some(why)),
        (Some(Err(why)), _) | (None, Some(Err(why))) => (None, Some(why)),
        (None, Some(Ok(exact))) => (Some(exact), None),
        (None, None) => (None, None),
    })
}

fn named(table: &Table, why: String) -> Error {
    Error::File { path: table.path().display().to_string(), why }
}

// === impl Comparison ===

impl Comparison {
    /// What the tool says of the whole, when nothing is configured: Evidently, that there is drift
    /// when half of the columns drift or more; the others, when one does. None without a tool, or
    /// without a column that it decides on.
    pub fn drift(&self) -> Option<bool> {
        let verdicts: Vec<bool> = self.columns.iter().filter_map(Column::drift).collect();
        let drifted = verdicts.iter().filter(|drift| **drift).count();
        match self.tool? {
            _ if verdicts.is_empty() => None,
            Tool::Evidently => Some(2 * drifted >= verdicts.len()),
            Tool::Azure | Tool::NannyMl => Some(drifted > 0),
        }
    }

    /// The comparison for people: plain text, a line for each number.
    pub fn table(&self) -> String {
        report::table(self)
    }

    /// The comparison for programs, format "skeg-drift-comparison/1": one line of JSON.
    pub fn to_json(&self) -> String {
        report::json(self)
    }
}

// === impl Column ===

impl Column {
    /// What the tool says of it: drift by any metric that decides. None when none does.
    pub fn drift(&self) -> Option<bool> {
        let deciding = self.measures.iter().filter(|measure| measure.decides);
        deciding.filter_map(Measure::drift).reduce(|a, b| a || b)
    }
}

// === impl Measure ===

impl Measure {
    /// Whether the tool calls this value drift.
    pub fn drift(&self) -> Option<bool> {
        let (value, rule) = (self.value?, self.rule?);
        Some(match rule {
            Rule::AtLeast(threshold) => value >= threshold,
            Rule::Above(threshold) => value > threshold,
            Rule::AtMost(threshold) => value <= threshold,
            Rule::Below(threshold) => value < threshold,
        })
    }

    /// A number without a rule; what is no finite number is none.
    fn new(name: &'static str, value: Option<f64>) -> Measure {
        let value = value.filter(|value| value.is_finite());
        Measure { name, value, rule: None, decides: false, note: None }
    }

    fn ruled(name: &'static str, value: Option<f64>, rule: Rule) -> Measure {
        Measure { rule: Some(rule), ..Measure::new(name, value) }
    }
}

// === impl Tool ===

impl Tool {
    /// As the command line says it.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Azure => "azure",
            Tool::Evidently => "evidently",
            Tool::NannyMl => "nannyml",
        }
    }

    /// The version whose source the numbers follow.
    pub fn version(self) -> &'static str {
        match self {
            Tool::Azure => "azureml-assets of 2026-07-23",
            Tool::Evidently => "0.7.23",
            Tool::NannyMl => "0.13.1",
        }
    }
}

// === impl Rule ===

impl Rule {
    fn threshold(self) -> f64 {
        match self {
            Rule::AtLeast(at) | Rule::Above(at) | Rule::AtMost(at) | Rule::Below(at) => at,
        }
    }

    /// The sign between the value and the threshold.
    fn sign(self) -> &'static str {
        match self {
            Rule::AtLeast(_) => ">=",
            Rule::Above(_) => ">",
            Rule::AtMost(_) => "<=",
            Rule::Below(_) => "<",
        }
    }
}
