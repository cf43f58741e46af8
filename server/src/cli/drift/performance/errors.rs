//! A model's errors in the order of time, and when they became other ones: concept drift.
//!
//! An error is 1 for a wrong row and 0 for a right one, or the distance of a number from its label.

use drift::performance::{Adwin, Ddm, DdmLevel, PageHinkley};

#[cfg(test)]
mod tests;

/// Most rows of one window whose errors are kept, about 2 GiB.
const MAX_ERRORS: u64 = 20_000_000;

/// The errors of one seat.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors(Vec<Row>);

/// The error of a row; the order is that of the fields.
#[derive(Clone, Debug)]
struct Row {
    time_us: i64,
    request: Box<str>,
    index: u32,
    error: f64,
}

/// Where a row stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// When its request came, unix microseconds.
    pub(super) time_us: i64,
    /// The request's id.
    pub(super) request: &'a str,
    /// Its place in the request.
    pub(super) index: u32,
}

/// When the errors changed: event times of rows, unix microseconds, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Errors looked at.
    pub(super) errors: u64,
    /// Of ADWIN, which sees rises and falls.
    pub(super) adwin: Vec<i64>,
    /// Of the Page-Hinkley test, which sees rises and falls.
    pub(super) page_hinkley: Vec<i64>,
    /// Of DDM, which sees rises; none for errors that are no zeros and ones.
    pub(super) ddm: Option<DdmChanges>,
}

/// What DDM said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DdmChanges {
    /// When it was sure.
    pub(super) drift: Vec<i64>,
    /// When it began to warn: the first row of each run of warnings.
    pub(super) warnings: Vec<i64>,
}

/// The rows that may still be kept, over all seats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room(u64);

// === impl Room ===

impl Default for Room {
    fn default() -> Self {
        Room(MAX_ERRORS)
    }
}

// === impl Errors ===

impl Errors {
    /// Adds a row, in any order.
    ///
    /// # Errors
    /// That there is no room.
    pub(super) fn add(
        &mut self,
        place: Place<'_>,
        error: f64,
        room: &mut Room,
    ) -> Result<(), String> {
        room.0 = room.0.checked_sub(1).ok_or_else(|| {
            format!("more than {MAX_ERRORS} rows with a label; ask for a shorter window")
        })?;
        let Place { time_us, request, index } = place;
        self.0.push(Row { time_us, request: request.into(), index, error });
        Ok(())
    }

    /// Runs the detectors over the errors by event time, then request id, then row index.
    pub(super) fn changes(mut self, are_classes: bool) -> Changes {
        self.0.sort_by(|a, b| {
            let key = |row: &Row| (row.time_us, row.index);
            let ((time_a, index_a), (time_b, index_b)) = (key(a), key(b));
            time_a.cmp(&time_b).then_with(|| a.request.cmp(&b.request)).then(index_a.cmp(&index_b))
        });
        let mut changes = Changes {
            errors: self.0.len() as u64,
            ddm: are_classes.then(DdmChanges::default),
            ..Changes::default()
        };
        let (mut adwin, mut page_hinkley) = (Adwin::default(), PageHinkley::default());
        let (mut ddm, mut before) = (Ddm::default(), DdmLevel::Stable);
        for Row { time_us, error, .. } in self.0 {
            if adwin.update(error) {
                changes.adwin.push(time_us);
            }
            if page_hinkley.update(error) {
                changes.page_hinkley.push(time_us);
            }
            let Some(found) = &mut changes.ddm else { continue };
            let level = ddm.update(error != 0.0);
            match level {
                DdmLevel::Drift => found.drift.push(time_us),
                DdmLevel::Warning if before != level => found.warnings.push(time_us),
                DdmLevel::Warning | DdmLevel::Stable => {}
            }
            before = level;
        }
        changes
    }
}
