//! A panes file: the sums of some minutes as Parquet, one line for each counter that is not 0.
//!
//! | column | type | means |
//! |---|---|---|
//! | `event_minute` | timestamp(us, UTC) | the minute in which the requests came |
//! | `deployment_name`, `model_name`, `model_version` | text | who answered |
//! | `baseline` | text | digest of the baseline that is counted over; null without one |
//! | `mirrored` | bool | whether the requests were copies of others' |
//! | `column` | text | the column, as in rows files; null for what is not of one |
//! | `counter` | text | what is counted |
//! | `bin` | uint32 | which bin, of `bin` and `latency`; null else |
//! | `count` | uint64 | how many; null for `min` and `max` |
//! | `value` | float64 | the extreme, of `min` and `max`; null else |
//!
//! Counters of a column: `bin`, `null`, `nan`, `infinite`, `covered`, `min`, `max`; else: `rows`,
//! `requests`, `client_errors`, `server_errors`, `latency`.
//!
//! Files of a minute add up. A file need not be trusted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, StringBuilder, StringDictionaryBuilder,
    TimestampMicrosecondBuilder, UInt32Builder, UInt64Builder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int32Type, TimestampMicrosecondType, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow_schema::ArrowError;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::sum::{ColumnLines, Key, Lines, Sum};
use crate::baseline::beside;
use crate::error::Error;
use crate::table::Table;

/// Most lines of a file.
const MAX_LINES: u64 = 1 << 26;
const MAX_UNPACKED: u64 = 1 << 30;
const MAX_KEYS: usize = 1 << 16;
const MAX_TEXT: usize = 512;
/// Counts are exact as 64-bit floats up to here, and no sum of them overflows.
const MAX_COUNT: u64 = 1 << 53;
const MINUTE_US: i64 = 60_000_000;

/// What a counter is called, in the order of [`beside`].
const BESIDE: [&str; beside::ALL] = ["null", "nan", "infinite", "covered"];
const NAMES: [&str; 11] = [
    "event_minute",
    "deployment_name",
    "model_name",
    "model_version",
    "baseline",
    "mirrored",
    "column",
    "counter",
    "bin",
    "count",
    "value",
];

/// The file of these sums; the same sums give the same bytes.
///
/// # Errors
/// [`Error::File`] should Parquet or Arrow refuse.
pub fn encode(sums: &BTreeMap<Key, Sum>) -> Result<Bytes, Error> {
    let write = || -> Result<Vec<u8>, ArrowError> {
        let mut lines = Writer::default();
        for (key, sum) in sums {
            lines.write(key, &sum.lines());
        }
        let batch = lines.finish()?;
        let level = ZstdLevel::try_new(3)?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level));
        let properties = properties.set_created_by("skeg".to_owned()).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        Ok(writer.into_inner()?)
    };
    let failed =
        |error: ArrowError| Error::File { path: "panes".to_owned(), why: error.to_string() };
    write().map(Bytes::from).map_err(failed)
}

/// The sums of a file, by names; `path` is what errors call it, `minutes` those that it may speak
/// of, since 1970 UTC.
///
/// # Errors
/// [`Error::File`] that names it, for one that is no panes file or breaks a bound: 2^26 lines, 1
/// GiB unpacked, 65,536 minutes of deployments, 512 bytes of a text, 2^53 of a count.
pub fn decode(
    path: &str,
    bytes: Bytes,
    minutes: Range<i64>,
) -> Result<BTreeMap<Key, Lines>, Error> {
    let wrong = |why: String| Error::File { path: path.to_owned(), why };
    let table = Table::of_bytes(path, bytes)?;
    if table.rows() > MAX_LINES {
        return Err(wrong(format!("{} lines, at most {MAX_LINES}", table.rows())));
    }
    if table.unpacked_bytes() > MAX_UNPACKED {
        return Err(wrong(format!("more than {MAX_UNPACKED} bytes unpacked")));
    }
    let mut found = BTreeMap::new();
    for batch in table.batches(&NAMES)? {
        read(&batch?, &minutes, &mut found).map_err(wrong)?;
    }
    Ok(found)
}

/// The columns of a file to be.
#[derive(Default)]
struct Writer {
    minutes: TimestampMicrosecondBuilder,
    deployments: StringDictionaryBuilder<Int32Type>,
    models: StringDictionaryBuilder<Int32Type>,
    versions: StringDictionaryBuilder<Int32Type>,
    baselines: StringDictionaryBuilder<Int32Type>,
    mirrored: BooleanBuilder,
    columns: StringDictionaryBuilder<Int32Type>,
    counters: StringDictionaryBuilder<Int32Type>,
    bins: UInt32Builder,
    counts: UInt64Builder,
    values: Float64Builder,
}

/// One line but for its key.
#[derive(Clone, Copy, Debug, Default)]
struct Line<'a> {
    column: Option<&'a str>,
    counter: &'a str,
    bin: Option<u32>,
    count: Option<u64>,
    value: Option<f64>,
}

// === impl Writer ===

impl Writer {
    fn write(&mut self, key: &Key, lines: &Lines) {
        let traffic = &lines.traffic;
        let whole = [
            ("rows", lines.rows),
            ("requests", traffic.requests),
            ("client_errors", traffic.client_errors),
            ("server_errors", traffic.server_errors),
        ];
        for (counter, count) in whole.into_iter().filter(|(_, count)| *count > 0) {
            self.line(key, Line { counter, count: Some(count), ..Line::default() });
        }
        for (bin, count) in (0..).zip(traffic.latency).filter(|(_, count)| *count > 0) {
            let (bin, count) = (Some(bin), Some(count));
            self.line(key, Line { counter: "latency", bin, count, ..Line::default() });
        }
        for (column, lines) in &lines.columns {
            let column = Some(column.as_str());
            for (bin, count) in &lines.bins {
                let (bin, count) = (Some(*bin), Some(*count));
                self.line(key, Line { column, counter: "bin", bin, count, value: None });
            }
            let beside = BESIDE.into_iter().zip(lines.beside).filter(|(_, count)| *count > 0);
            for (counter, count) in beside {
                self.line(key, Line { column, counter, count: Some(count), ..Line::default() });
            }
            if lines.range.min <= lines.range.max {
                for (counter, value) in [("min", lines.range.min), ("max", lines.range.max)] {
                    self.line(key, Line { column, counter, value: Some(value), ..Line::default() });
                }
            }
        }
    }

    fn line(&mut self, key: &Key, line: Line<'_>) {
        self.minutes.append_value(key.minute * MINUTE_US);
        self.deployments.append_value(&key.deployment);
        self.models.append_value(&key.model);
        self.versions.append_value(&key.version);
        self.baselines.append_option(key.baseline.as_deref());
        self.mirrored.append_value(key.is_mirrored);
        self.columns.append_option(line.column);
        self.counters.append_value(line.counter);
        self.bins.append_option(line.bin);
        self.counts.append_option(line.count);
        self.values.append_option(line.value);
    }

    fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: [ArrayRef; NAMES.len()] = [
            Arc::new(self.minutes.finish().with_timezone("UTC")),
            Arc::new(self.deployments.finish()),
            Arc::new(self.models.finish()),
            Arc::new(self.versions.finish()),
            Arc::new(self.baselines.finish()),
            Arc::new(self.mirrored.finish()),
            Arc::new(self.columns.finish()),
            Arc::new(self.counters.finish()),
            Arc::new(self.bins.finish()),
            Arc::new(self.counts.finish()),
            Arc::new(self.values.finish()),
        ];
        RecordBatch::try_from_iter_with_nullable(
            NAMES.into_iter().zip(columns).map(|(name, column)| (name, column, true)),
        )
    }
}

/// The columns of one batch.
struct Columns {
    minutes: TimestampMicrosecondArray,
    deployments: StringArray,
    models: StringArray,
    versions: StringArray,
    baselines: StringArray,
    mirrored: BooleanArray,
    columns: StringArray,
    counters: StringArray,
    bins: UInt32Array,
    counts: UInt64Array,
    values: Float64Array,
}

/// Adds the lines of one batch.
fn read(
    batch: &RecordBatch,
    of: &Range<i64>,
    found: &mut BTreeMap<Key, Lines>,
) -> Result<(), String> {
    let columns = Columns::of(batch)?;
    let mut last: Option<Key> = None;
    for at in 0..batch.num_rows() {
        // Lines of one key stand together: only where it changes is it made and looked up.
        let key = match last.take().filter(|key| columns.is_of(at, key)) {
            Some(key) => key,
            None => columns.key(at, of)?,
        };
        if !found.contains_key(&key) {
            if found.len() >= MAX_KEYS {
                return Err(format!("more than {MAX_KEYS} minutes of deployments"));
            }
            found.insert(key.clone(), Lines::default());
        }
        if let Some(lines) = found.get_mut(&key) {
            lines.take(columns.line(at)?)?;
        }
        last = Some(key);
    }
    Ok(())
}

// === impl Columns ===

impl Columns {
    fn of(batch: &RecordBatch) -> Result<Columns, String> {
        let column =
            |name: &str| batch.column_by_name(name).ok_or_else(|| format!("no column `{name}`"));
        let other = |name: &str| format!("column `{name}` is of another type");
        let minutes = column("event_minute")?.as_primitive_opt::<TimestampMicrosecondType>();
        let bins = column("bin")?.as_primitive_opt::<UInt32Type>();
        let counts = column("count")?.as_primitive_opt::<UInt64Type>();
        let values = column("value")?.as_primitive_opt::<Float64Type>();
        Ok(Columns {
            minutes: minutes.ok_or_else(|| other("event_minute"))?.clone(),
            deployments: texts(batch, "deployment_name")?,
            models: texts(batch, "model_name")?,
            versions: texts(batch, "model_version")?,
            baselines: texts(batch, "baseline")?,
            mirrored: column("mirrored")?
                .as_boolean_opt()
                .ok_or_else(|| other("mirrored"))?
                .clone(),
            columns: texts(batch, "column")?,
            counters: texts(batch, "counter")?,
            bins: bins.ok_or_else(|| other("bin"))?.clone(),
            counts: counts.ok_or_else(|| other("count"))?.clone(),
            values: values.ok_or_else(|| other("value"))?.clone(),
        })
    }

    /// Whether a line is of that key.
    fn is_of(&self, at: usize, key: &Key) -> bool {
        self.minutes.is_valid(at)
            && self.minutes.value(at) == key.minute * MINUTE_US
            && self.mirrored.is_valid(at)
            && self.mirrored.value(at) == key.is_mirrored
            && self.deployments.value(at) == key.deployment
            && self.models.value(at) == key.model
            && self.versions.value(at) == key.version
            && text(&self.baselines, at) == key.baseline.as_deref()
    }

    /// The key of a line, of one of these minutes.
    fn key(&self, at: usize, of: &Range<i64>) -> Result<Key, String> {
        let is_whole = self.minutes.is_valid(at) && self.minutes.value(at) % MINUTE_US == 0;
        let minute = self.minutes.value(at).div_euclid(MINUTE_US);
        if !is_whole || self.mirrored.is_null(at) || !of.contains(&minute) {
            return Err("a line without its minute, or of another hour".to_owned());
        }
        Ok(Key {
            minute,
            deployment: self.deployments.value(at).to_owned(),
            model: self.models.value(at).to_owned(),
            version: self.versions.value(at).to_owned(),
            baseline: text(&self.baselines, at).map(str::to_owned),
            is_mirrored: self.mirrored.value(at),
        })
    }

    fn line(&self, at: usize) -> Result<Line<'_>, String> {
        let count = self.counts.is_valid(at).then(|| self.counts.value(at));
        if count.is_some_and(|count| count > MAX_COUNT) {
            return Err(format!("a count above {MAX_COUNT}"));
        }
        Ok(Line {
            column: text(&self.columns, at),
            counter: self.counters.value(at),
            bin: self.bins.is_valid(at).then(|| self.bins.value(at)),
            count,
            value: self.values.is_valid(at).then(|| self.values.value(at)),
        })
    }
}

fn text(of: &StringArray, at: usize) -> Option<&str> {
    of.is_valid(at).then(|| of.value(at))
}

/// A column of short texts, whatever its encoding.
fn texts(batch: &RecordBatch, name: &str) -> Result<StringArray, String> {
    let column = batch.column_by_name(name).ok_or_else(|| format!("no column `{name}`"))?;
    let (mut texts, mut is_long) = (StringBuilder::new(), false);
    let is_text = crate::texts::for_each(column, |text| {
        is_long |= text.is_some_and(|text| text.len() > MAX_TEXT);
        texts.append_option(text.filter(|_| !is_long));
    });
    match is_text {
        true if is_long => Err(format!("a text in `{name}` of more than {MAX_TEXT} bytes")),
        true => Ok(texts.finish()),
        false => Err(format!("column `{name}` is of another type")),
    }
}

// === impl Lines ===

impl Lines {
    fn take(&mut self, line: Line<'_>) -> Result<(), String> {
        let Line { column, counter, bin, count, value } = line;
        let Some(column) = column else {
            let count = count.ok_or_else(|| format!("`{counter}` without a count"))?;
            return self.take_whole(counter, bin, count);
        };
        let of = match self.columns.get_mut(column) {
            Some(of) => of,
            None => self.columns.entry(column.to_owned()).or_default(),
        };
        of.take(counter, bin, count, value)
    }

    fn take_whole(&mut self, counter: &str, bin: Option<u32>, count: u64) -> Result<(), String> {
        let traffic = &mut self.traffic;
        let to = match (counter, bin) {
            ("rows", None) => &mut self.rows,
            ("requests", None) => &mut traffic.requests,
            ("client_errors", None) => &mut traffic.client_errors,
            ("server_errors", None) => &mut traffic.server_errors,
            ("latency", Some(bin)) => {
                let bin = traffic.latency.get_mut(bin as usize);
                bin.ok_or_else(|| "a bin of latencies that is none".to_owned())?
            }
            _ => return Err(format!("no counter is called {counter:?}")),
        };
        *to = to.checked_add(count).ok_or_else(|| format!("`{counter}` overflows"))?;
        Ok(())
    }
}

// === impl ColumnLines ===

impl ColumnLines {
    fn take(
        &mut self,
        counter: &str,
        bin: Option<u32>,
        count: Option<u64>,
        value: Option<f64>,
    ) -> Result<(), String> {
        let place = BESIDE.iter().position(|name| *name == counter);
        match (counter, place, bin, count, value) {
            ("bin", _, Some(bin), Some(count), None) => self.bins.push((bin, count)),
            (_, Some(place), None, Some(count), None) => {
                let sum = self.beside[place].checked_add(count);
                self.beside[place] = sum.ok_or_else(|| format!("`{counter}` overflows"))?;
            }
            ("min", _, None, None, Some(value)) if value.is_finite() => self.range.min = value,
            ("max", _, None, None, Some(value)) if value.is_finite() => self.range.max = value,
            _ => return Err(format!("no counter of a column is called {counter:?}")),
        }
        Ok(())
    }
}
