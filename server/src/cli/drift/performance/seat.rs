//! Rows folded by deployment and model version, those with a label and all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt32Type};
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use collector::column as name;
use drift::performance::{Cbpe, CbpeTally, MAX_NAME};

use super::cells::{Name, column, names, number, numbers};
use super::errors::{Errors, Place, Room};
use super::task::{Tally, Task};

#[cfg(test)]
mod tests;

/// All seats of a window.
#[derive(Debug)]
pub(super) struct Seats {
    /// By deployment, model and version.
    seats: BTreeMap<(String, String, String), Seat>,
    cbpe: Option<Arc<Cbpe>>,
    room: Room,
}

/// The rows of one model version at one deployment.
#[derive(Debug)]
pub(super) struct Seat {
    /// In the window.
    pub(super) rows: u64,
    /// Those in which the model said something: a score, a class or a number.
    pub(super) said: u64,
    /// Those with a label.
    pub(super) labelled: u64,
    /// Those, counted.
    pub(super) tally: Tally,
    /// Their errors.
    pub(super) errors: Errors,
    /// All rows, as a reference lets expect.
    pub(super) cbpe: Option<CbpeTally>,
}

/// The columns of a batch.
struct Columns<'a> {
    times: &'a PrimitiveArray<TimestampMicrosecondType>,
    requests: &'a StringArray,
    indexes: &'a PrimitiveArray<UInt32Type>,
    seats: [&'a StringArray; 3],
    judged: Judged,
    labels: &'a StringArray,
    values: Vec<f64>,
}

/// What the model said.
enum Judged {
    Numbers(Vec<f64>),
    Names(Vec<Option<Name>>),
}

// === impl Seats ===

impl Seats {
    /// Without a row.
    pub(super) fn new(cbpe: Option<&Arc<Cbpe>>) -> Seats {
        Seats { seats: BTreeMap::new(), cbpe: cbpe.map(Arc::clone), room: Room::default() }
    }

    /// Adds rows of an export with labels.
    ///
    /// # Errors
    /// What is wrong with a column, by name, or that there are too many labelled rows or classes.
    pub(super) fn fold(&mut self, batch: &RecordBatch, task: &Task) -> Result<(), String> {
        let columns = Columns::of(batch, task)?;
        let mut row = 0;
        while row < batch.num_rows() {
            let of = columns.seat(row);
            let run = (row..batch.num_rows()).take_while(|row| columns.seat(*row) == of).count();
            let key = of.map(str::to_owned).into();
            let seat = self.seats.entry(key).or_insert_with(|| Seat {
                rows: 0,
                said: 0,
                labelled: 0,
                tally: task.tally(),
                errors: Errors::default(),
                cbpe: self.cbpe.as_ref().map(CbpeTally::new),
            });
            for row in row..row + run {
                seat.add(&columns, row, task, &mut self.room)?;
            }
            row += run;
        }
        Ok(())
    }

    /// The seats, in the order of deployment, model and version.
    pub(super) fn into_seats(self) -> impl Iterator<Item = ((String, String, String), Seat)> {
        self.seats.into_iter()
    }
}

// === impl Seat ===

impl Seat {
    fn add(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        task: &Task,
        room: &mut Room,
    ) -> Result<(), String> {
        self.rows += 1;
        self.said += u64::from(columns.judged.is_said(row));
        if let (Some(cbpe), Judged::Numbers(scores)) = (&mut self.cbpe, &columns.judged) {
            cbpe.add(scores[row]);
        }
        if columns.labels.is_null(row) {
            return Ok(());
        }
        self.labelled += 1;
        if let Some(error) = self.judge(columns, row, task)? {
            self.errors.add(columns.place(row), error, room)?;
        }
        Ok(())
    }

    /// Counts a labelled row, and says its error; none for a row that cannot be used.
    fn judge(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        task: &Task,
    ) -> Result<Option<f64>, String> {
        let (label, value) = (columns.labels.value(row), columns.values[row]);
        let wrong = |is_wrong: bool| Some(f64::from(u8::from(is_wrong)));
        match (&mut self.tally, &columns.judged, task) {
            (
                Tally::Binary(tally),
                Judged::Numbers(scores),
                Task::Binary { threshold, positive, .. },
            ) => {
                let (score, value) = (scores[row], positive_or_not(positive, label, value));
                tally.add(score, value);
                let is_usable = (0.0..=1.0).contains(&score) && (value == 0.0 || value == 1.0);
                Ok(wrong((score >= *threshold) != (value == 1.0)).filter(|_| is_usable))
            }
            (Tally::Classes(tally, unusable), Judged::Names(names), _) => {
                let said = names[row].as_ref();
                let label = match said.is_some_and(|said| said.is_number) && !value.is_nan() {
                    true => number(value),
                    false => label.to_owned(),
                };
                let said = said.map(|said| said.text.as_str());
                let fits = |name: &str| name.len() <= MAX_NAME;
                let Some(said) = said.filter(|said| fits(said) && fits(&label)) else {
                    *unusable += 1;
                    return Ok(None);
                };
                let columns = || task.judged().join(", ");
                let many = |error: drift::Error| format!("column {}: {error}", columns());
                tally.add(said, &label).map_err(many)?;
                Ok(wrong(said != label))
            }
            (Tally::Regression(tally), Judged::Numbers(numbers), _) => {
                tally.add(numbers[row], value);
                Ok(Some((numbers[row] - value).abs()).filter(|error| error.is_finite()))
            }
            // Tallies and columns are made for one task.
            _ => Ok(None),
        }
    }
}

/// 1 for a label of the positive class, 0 for one of the other, else what the label's value is.
pub(super) fn positive_or_not(positive: &Option<String>, label: &str, value: f64) -> f64 {
    positive.as_ref().map_or(value, |positive| f64::from(u8::from(label == positive)))
}

// === impl Judged ===

impl Judged {
    fn is_said(&self, row: usize) -> bool {
        match self {
            Judged::Numbers(numbers) => !numbers[row].is_nan(),
            Judged::Names(names) => names[row].is_some(),
        }
    }
}

// === impl Columns ===

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch, task: &Task) -> Result<Columns<'a>, String> {
        let judged = match task {
            Task::Classes { predictions } => Judged::Names(names(batch, predictions)?),
            Task::Binary { scores, .. } | Task::Regression { scores } => {
                Judged::Numbers(numbers(batch, scores)?)
            }
        };
        let text = |name| -> Result<&'a StringArray, String> {
            let texts = column(batch, name)?.as_string_opt::<i32>();
            texts.ok_or_else(|| format!("column `{name}` is no text"))
        };
        let times = column(batch, name::EVENT_TIME)?.as_primitive_opt();
        let indexes = column(batch, name::ROW_INDEX)?.as_primitive_opt();
        let other = |name| format!("column `{name}` is of another type than rows files have");
        Ok(Columns {
            times: times.ok_or_else(|| other(name::EVENT_TIME))?,
            requests: text(name::REQUEST_ID)?,
            indexes: indexes.ok_or_else(|| other(name::ROW_INDEX))?,
            seats: [
                text(name::DEPLOYMENT_NAME)?,
                text(name::MODEL_NAME)?,
                text(name::MODEL_VERSION)?,
            ],
            judged,
            labels: text("label")?,
            values: numbers(batch, &["label_value"])?,
        })
    }

    fn seat(&self, row: usize) -> [&'a str; 3] {
        self.seats.map(|names| names.value(row))
    }

    fn place(&self, row: usize) -> Place<'a> {
        let request = self.requests.value(row);
        Place { time_us: self.times.value(row), request, index: self.indexes.value(row) }
    }
}
