//! Labels as CSV (RFC 4180): a header that names the parts in any order, and a line for each label.

use collector::Label;
use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::{Draft, Gathered, Part, Wrong, excerpt, number};
use crate::error::Error;

/// The line of the header.
const HEADER: u64 = 1;

pub(super) fn read(body: &[u8], received_us: i64) -> Result<Vec<Label>, Error> {
    let no_csv = |error: csv::Error| no_csv(&error, body);
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(body);
    let parts = parts(reader.headers().map_err(no_csv)?)?;
    let mut gathered = Gathered::new(received_us);
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(no_csv)? {
        if !gathered.has_room() {
            gathered.pass();
            continue;
        }
        let one = || -> Result<Draft, Wrong> {
            let mut draft = Draft::default();
            for (part, text) in parts.iter().zip(&record) {
                cell(&mut draft, *part, text)?;
            }
            Ok(draft)
        };
        let added = one().and_then(|draft| gathered.add(draft));
        added.map_err(|wrong| placed(line(record.position(), body), wrong))?;
    }
    gathered.finish()
}

/// The parts that the columns hold.
fn parts(header: &StringRecord) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::with_capacity(Part::ALL.len());
    for name in header {
        let what = match Part::named(name) {
            Some(part) if parts.contains(&part) => format!("has column {name} twice"),
            Some(part) => {
                parts.push(part);
                continue;
            }
            None => format!("has an unknown column \"{}\"", excerpt(name)),
        };
        return Err(placed(HEADER, Wrong::Whole(what)));
    }
    let needed = [Part::RequestId, Part::Label];
    match needed.into_iter().find(|part| !parts.contains(part)) {
        Some(part) => {
            let what = format!("has no column {}", part.name());
            Err(placed(HEADER, Wrong::Whole(what)))
        }
        None => Ok(parts),
    }
}

fn cell(draft: &mut Draft, part: Part, text: &str) -> Result<(), Wrong> {
    match part {
        Part::RowIndex | Part::Time if text.is_empty() => Ok(()),
        Part::RequestId => draft.request_id(text),
        Part::RowIndex => draft.row_index(text),
        Part::Label => draft.label(text, number(text)),
        Part::Time => draft.time(text),
    }
}

/// The line that a record begins in, counted from 1.
fn line(position: Option<&Position>, body: &[u8]) -> u64 {
    let Some(position) = position else { return HEADER };
    // A record's position is where the one before ends: line ends may stand between.
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let before = body.get(start..).unwrap_or_default().iter();
    let ends = before.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + ends.filter(|byte| **byte == b'\n').count() as u64
}

/// What is wrong with a record that cannot be read at all.
fn no_csv(error: &csv::Error, body: &[u8]) -> Error {
    let what = match error.kind() {
        ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} cells, the header {expected_len}")
        }
        _ => format!("cannot be read: {error}"),
    };
    placed(line(error.position(), body), Wrong::Whole(what))
}

fn placed(line: u64, wrong: Wrong) -> Error {
    Error::Request(match wrong {
        // Of JSON alone.
        Wrong::Json(error) => return Error::Json(error),
        Wrong::Part(part, what) => format!("line {line}, column {}: {what}", part.name()),
        Wrong::Whole(what) => format!("line {line} {what}"),
    })
}
