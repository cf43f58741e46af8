//! Labels as CSV (RFC 4180): a header that names the parts in any order, and a line for each label.

use collector::Label;

use super::{Draft, Gathered, Part, Wrong, excerpt, number};
use crate::error::Error;
use crate::protocol::csv::records::{Cells, Ragged, Records};

/// The line of the header.
const HEADER: u64 = 1;

pub(super) fn read(body: &[u8], received_us: i64) -> Result<Vec<Label>, Error> {
    let ragged = |Ragged { line, what }| placed(line, Wrong::Whole(what));
    let mut records = Records::new(body, Part::ALL.len()).map_err(ragged)?;
    let parts = parts(records.read().map_err(ragged)?)?;
    let mut gathered = Gathered::new(received_us);
    while let Some(cells) = records.read().map_err(ragged)? {
        if !gathered.has_room() {
            gathered.pass();
            continue;
        }
        let one = || -> Result<Draft, Wrong> {
            let mut draft = Draft::default();
            for (part, text) in parts.iter().zip(cells.iter()) {
                cell(&mut draft, *part, text.trim())?;
            }
            Ok(draft)
        };
        let added = one().and_then(|draft| gathered.add(draft));
        added.map_err(|wrong| placed(records.line(), wrong))?;
    }
    gathered.finish()
}

/// The parts that the columns hold.
fn parts(header: Option<Cells<'_>>) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::with_capacity(Part::ALL.len());
    for name in header.into_iter().flat_map(Cells::iter).map(str::trim) {
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

fn placed(line: u64, wrong: Wrong) -> Error {
    Error::Request(match wrong {
        // Of JSON alone.
        Wrong::Json(error) => return Error::Json(error),
        Wrong::Part(part, what) => format!("line {line}, column {}: {what}", part.name()),
        Wrong::Whole(what) => format!("line {line} {what}"),
    })
}
