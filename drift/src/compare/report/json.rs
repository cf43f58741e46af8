//! The comparison's JSON, format "skeg-drift-comparison/1". Keys are added, never renamed or
//! dropped.

use serde::Serialize;

use crate::compare::{Column, Comparison, Kind, Measure, Rule, Side, Values};

const FORMAT: &str = "skeg-drift-comparison/1";

#[derive(Debug, Serialize)]
struct ComparisonFile<'a> {
    format: &'a str,
    /// "azure", "evidently", "nannyml"; null when only exact distances were asked for.
    tool: Option<&'a str>,
    tool_version: Option<&'a str>,
    /// What the tool says of the whole; null when it says nothing.
    drift: Option<bool>,
    baseline: SideFile,
    current: SideFile,
    columns: Vec<ColumnFile<'a>>,
    not_compared: Vec<LeftOutFile<'a>>,
}

#[derive(Debug, Serialize)]
struct SideFile {
    file: String,
    rows: u64,
    /// Rows that the tool leaves out whole, for a missing value.
    dropped: u64,
}

#[derive(Debug, Serialize)]
struct ColumnFile<'a> {
    column: &'a str,
    /// "numeric" or "categorical".
    kind: &'a str,
    baseline: ValuesFile,
    current: ValuesFile,
    /// What the tool says of the column; null when it says nothing.
    drift: Option<bool>,
    metrics: Vec<MeasureFile<'a>>,
}

#[derive(Debug, Serialize)]
struct ValuesFile {
    rows: u64,
    missing: u64,
    infinite: u64,
}

#[derive(Debug, Serialize)]
struct MeasureFile<'a> {
    metric: &'a str,
    /// Null where the tool gives no number.
    value: Option<f64>,
    threshold: Option<f64>,
    /// ">=", ">", "<=" or "<": when the value is drift.
    drift_if: Option<&'a str>,
    drift: Option<bool>,
    /// Whether the tool decides by it.
    decides: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct LeftOutFile<'a> {
    column: &'a str,
    why: &'a str,
}

pub(in crate::compare) fn write(comparison: &Comparison) -> String {
    let left_out = comparison.left_out.iter();
    let file = ComparisonFile {
        format: FORMAT,
        tool: comparison.tool.map(|tool| tool.name()),
        tool_version: comparison.tool.map(|tool| tool.version()),
        drift: comparison.drift(),
        baseline: SideFile::new(&comparison.baseline),
        current: SideFile::new(&comparison.current),
        columns: comparison.columns.iter().map(ColumnFile::new).collect(),
        not_compared: left_out
            .map(|left| LeftOutFile { column: &left.column, why: &left.why })
            .collect(),
    };
    serde_json::to_string(&file).expect("strings and numbers always serialise")
}

// === impl SideFile ===

impl SideFile {
    fn new(side: &Side) -> SideFile {
        SideFile { file: side.path.display().to_string(), rows: side.rows, dropped: side.dropped }
    }
}

// === impl ColumnFile ===

impl<'a> ColumnFile<'a> {
    fn new(column: &'a Column) -> ColumnFile<'a> {
        let values =
            |of: Values| ValuesFile { rows: of.rows, missing: of.missing, infinite: of.infinite };
        ColumnFile {
            column: &column.name,
            kind: match column.kind {
                Kind::Numeric => "numeric",
                Kind::Categorical => "categorical",
            },
            baseline: values(column.baseline),
            current: values(column.current),
            drift: column.drift(),
            metrics: column.measures.iter().map(MeasureFile::new).collect(),
        }
    }
}

// === impl MeasureFile ===

impl<'a> MeasureFile<'a> {
    fn new(measure: &'a Measure) -> MeasureFile<'a> {
        MeasureFile {
            metric: measure.name,
            value: measure.value,
            threshold: measure.rule.map(Rule::threshold),
            drift_if: measure.rule.map(Rule::sign),
            drift: measure.drift(),
            decides: measure.decides,
            note: measure.note,
        }
    }
}
