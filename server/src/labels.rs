//! Bodies with labels, the ground truth of scored rows: bytes -> labels, all of them or none.
//!
//! Called by `http`, stored by the collector. What is wrong is said with its place in the body,
//! `labels[3].row_index` or `line 4, column time`.

use collector::Label;

use crate::error::Error;
use crate::exchange::MAX_ID;
use crate::protocol::json::JsonError;

mod csv;
mod json;

#[cfg(test)]
mod tests;

/// Most labels in one body.
pub const MAX_LABELS: usize = 100_000;

/// Longest label, bytes of its text.
pub const MAX_TEXT: usize = 1024;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object, a list of them, or a list of them under `labels`.
    Json,
    /// Lines below a header.
    Csv,
}

/// What holds for a whole body.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// When it came, unix microseconds: since when a label holds that does not say it.
    pub received_us: i64,
    /// Deepest nesting of its JSON.
    pub depth: u32,
}

/// Reads the labels of a body, in its order.
///
/// # Errors
/// [`Error::Json`] for what is no JSON, [`Error::Request`] for what is no label, with its place,
/// [`Error::TooMany`] past [`MAX_LABELS`].
pub fn read(form: Form, body: &[u8], about: About) -> Result<Vec<Label>, Error> {
    match form {
        Form::Json => json::read(body, about),
        Form::Csv => csv::read(body, about.received_us),
    }
}

/// What a label is made of, by its name in bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    RequestId,
    RowIndex,
    Label,
    Time,
}

/// A label that is being read.
#[derive(Debug, Default)]
struct Draft {
    request_id: Option<String>,
    row_index: Option<u32>,
    /// Its text, and the number that it is.
    label: Option<(String, Option<f64>)>,
    time_us: Option<i64>,
    /// What has been said, in the order of [`Part::ALL`], also where it was said to be nothing.
    said: [bool; Part::ALL.len()],
}

/// Why a label is none.
#[derive(Debug)]
enum Wrong {
    /// The document breaks off being JSON.
    Json(JsonError),
    /// A part does not hold what it should.
    Part(Part, &'static str),
    /// The label as a whole.
    Whole(String),
}

/// The labels of a body so far; past the limit they are counted only.
#[derive(Debug)]
struct Gathered {
    labels: Vec<Label>,
    count: usize,
    received_us: i64,
}

/// The number that a text is written as, true and false being 1 and 0; it may be infinite or NaN.
pub(crate) fn number(text: &str) -> Option<f64> {
    if text.eq_ignore_ascii_case("true") {
        Some(1.0)
    } else if text.eq_ignore_ascii_case("false") {
        Some(0.0)
    } else {
        text.parse().ok()
    }
}

/// The first characters of what a client wrote.
fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

// === impl Part ===

impl Part {
    const ALL: [Part; 4] = [Part::RequestId, Part::RowIndex, Part::Label, Part::Time];

    fn name(self) -> &'static str {
        match self {
            Part::RequestId => "request_id",
            Part::RowIndex => "row_index",
            Part::Label => "label",
            Part::Time => "time",
        }
    }

    fn named(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }
}

// === impl Draft ===

impl Draft {
    /// Notes that a part is said, which it must not have been before.
    fn say(&mut self, part: Part) -> Result<(), Wrong> {
        if std::mem::replace(&mut self.said[part as usize], true) {
            return Err(Wrong::Part(part, "is there twice"));
        }
        Ok(())
    }

    fn request_id(&mut self, text: &str) -> Result<(), Wrong> {
        if !(1..=MAX_ID).contains(&text.len()) {
            return Err(Wrong::Part(Part::RequestId, "is not 1 to 256 bytes long"));
        }
        self.request_id = Some(text.to_owned());
        Ok(())
    }

    fn row_index(&mut self, text: &str) -> Result<(), Wrong> {
        let wrong = |_| Wrong::Part(Part::RowIndex, "is no whole number from 0 to 4294967295");
        self.row_index = Some(text.parse().map_err(wrong)?);
        Ok(())
    }

    fn label(&mut self, text: &str, value: Option<f64>) -> Result<(), Wrong> {
        if !(1..=MAX_TEXT).contains(&text.len()) {
            return Err(Wrong::Part(Part::Label, "is not 1 to 1024 bytes long"));
        }
        if value.is_some_and(|value| !value.is_finite()) {
            return Err(Wrong::Part(Part::Label, "is no finite number"));
        }
        self.label = Some((text.to_owned(), value));
        Ok(())
    }

    fn time(&mut self, text: &str) -> Result<(), Wrong> {
        let time = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
        // What is true of a scored row was not true before there were clocks to say so.
        let time = time.filter(|time_us| *time_us >= 0);
        let what = "is no time since 1970 in RFC 3339, as 2026-11-27T05:00:00Z";
        self.time_us = Some(time.ok_or(Wrong::Part(Part::Time, what))?);
        Ok(())
    }

    fn finish(self, received_us: i64) -> Result<Label, Wrong> {
        let missing = |part: Part| Wrong::Whole(format!("has no {}", part.name()));
        let (label, value) = self.label.ok_or_else(|| missing(Part::Label))?;
        Ok(Label {
            request_id: self.request_id.ok_or_else(|| missing(Part::RequestId))?,
            row_index: self.row_index.unwrap_or(0),
            label,
            value,
            time_us: self.time_us.unwrap_or(received_us),
        })
    }
}

// === impl Wrong ===

impl From<JsonError> for Wrong {
    fn from(error: JsonError) -> Wrong {
        Wrong::Json(error)
    }
}

// === impl Gathered ===

impl Gathered {
    fn new(received_us: i64) -> Gathered {
        Gathered { labels: Vec::new(), count: 0, received_us }
    }

    /// Whether one more is to be read, rather than to be passed over with [`Gathered::pass`].
    fn has_room(&self) -> bool {
        self.count < MAX_LABELS
    }

    fn add(&mut self, draft: Draft) -> Result<(), Wrong> {
        self.labels.push(draft.finish(self.received_us)?);
        self.count += 1;
        Ok(())
    }

    fn pass(&mut self) {
        self.count += 1;
    }

    fn finish(self) -> Result<Vec<Label>, Error> {
        if self.count > MAX_LABELS {
            return Err(Error::TooMany { what: "labels", count: self.count, limit: MAX_LABELS });
        }
        Ok(self.labels)
    }
}
