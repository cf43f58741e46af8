//! Tables as JSON has them: rows as arrays, rows as objects, columns by name, and pandas' split.
//!
//! Used by the protocols of Azure ML, MLflow and TensorFlow Serving, which put the same tables into
//! other envelopes. Refuses rows of other widths, records of other keys, columns that are there
//! twice, and everything that is no table, saying which row or column.

use std::borrow::Cow;

use model_loader::{Datatype, NamedTensor, Shape, Signature, Tensor, Values};

use super::columns::{COLUMNS_MAX, Columns};
use super::json::cursor::Cursor;
use super::json::nested::read_nested;
use super::room::Room;
use crate::error::Error;
use crate::limits::RequestLimits;

#[cfg(test)]
mod tests;

/// A table as named tensors.
pub type Table<'b> = Vec<NamedTensor<'b>>;

/// Reads tables for one model.
#[derive(Clone, Copy, Debug)]
pub struct Frames<'a> {
    /// What the model takes.
    pub signature: &'a Signature,
    /// The bounds on a request.
    pub limits: RequestLimits,
}

fn refused<T>(why: impl Into<String>) -> Result<T, Error> {
    Err(Error::Request(why.into()))
}

// === impl Frames ===

impl Frames<'_> {
    /// A list of rows: arrays, objects, or single values.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::Request`], [`Error::Input`], [`Error::TooMany`].
    pub fn rows<'b>(self, cursor: &mut Cursor<'b>) -> Result<Table<'b>, Error> {
        let mut probe = cursor.clone();
        match (probe.word(b"["), probe.peek()) {
            (true, Some(b'{')) => self.records(cursor),
            (true, Some(b']')) => refused("there are no rows"),
            (true, Some(b'[')) => self.matrix(cursor, None),
            _ => self.whole(cursor),
        }
    }

    /// A list of objects, one a row, all with the same keys.
    ///
    /// # Errors
    /// As [`Frames::rows`].
    pub fn records<'b>(self, cursor: &mut Cursor<'b>) -> Result<Table<'b>, Error> {
        let mut columns = Columns::new(self.signature, Room::new(self.limits));
        let mut seen: Vec<bool> = Vec::new();
        // Made when a record has its keys in another order than the first.
        let mut places = None;
        cursor.array(|cursor| {
            let (first, row) = (columns.rows() == 0, columns.rows());
            seen.fill(false);
            let mut next = 0;
            cursor.object(|cursor, key| {
                let place = if first {
                    seen.push(true);
                    columns.add(key)?
                } else {
                    // Records nearly always have their keys in one order.
                    let here = next < columns.count() && columns.name(next) == key;
                    let found = if here {
                        Some(next)
                    } else {
                        places.get_or_insert_with(|| columns.places()).get(&key).copied()
                    };
                    match found.filter(|place| !seen[*place]) {
                        Some(place) => place,
                        None => {
                            let why = format!("row {row} has it, and row 0 has not");
                            return Err(Error::Request(why).for_input(&key));
                        }
                    }
                };
                seen[place] = true;
                next = place + 1;
                columns.read(place, cursor)
            })?;
            if let Some(place) = seen.iter().position(|seen| !seen) {
                let why = format!("row {row} has it not, and row 0 has");
                return Err(Error::Request(why).for_input(columns.name(place)));
            }
            columns.end_row()
        })?;
        columns.finish()
    }

    /// Columns by name: an object of lists. A name may be a whole input, whose rows are arrays.
    ///
    /// # Errors
    /// As [`Frames::rows`].
    pub fn columns<'b>(self, cursor: &mut Cursor<'b>) -> Result<Table<'b>, Error> {
        let mut room = Room::new(self.limits);
        let mut table: Table<'b> = Vec::new();
        cursor.object(|cursor, name| {
            if table.len() == COLUMNS_MAX {
                return refused(format!("more than {COLUMNS_MAX} columns"));
            }
            let tensor = match self.signature.datatype_of(&name) {
                Some(datatype) => {
                    room.first_row();
                    let read = read_nested(cursor, datatype, &mut room);
                    read.map_err(|error| error.for_input(&name))?
                }
                None => {
                    cursor.skip()?;
                    // Its name is all that is looked at.
                    Tensor::new(Shape::from_slice(&[0]), Values::zeros(Datatype::Fp32, 0))?
                }
            };
            table.push(NamedTensor { name, tensor });
            Ok::<(), Error>(())
        })?;
        if table.is_empty() { refused("there are no columns") } else { Ok(table) }
    }

    /// Either of the two: a list of rows, or columns by name.
    ///
    /// # Errors
    /// As [`Frames::rows`].
    pub fn rows_or_columns<'b>(self, cursor: &mut Cursor<'b>) -> Result<Table<'b>, Error> {
        if cursor.peek() == Some(b'{') { self.columns(cursor) } else { self.rows(cursor) }
    }

    /// pandas' `split`: `columns`, `index` and `data`. The columns are named, or numbered and then
    /// in the model's order, or left out.
    ///
    /// # Errors
    /// As [`Frames::rows`].
    pub fn split<'b>(self, cursor: &mut Cursor<'b>) -> Result<Table<'b>, Error> {
        let (mut names, mut index, mut table, mut later) = (None, None, None, None);
        cursor.object(|cursor, key| {
            let twice = match &*key {
                "columns" => names.replace(column_names(cursor)?).is_some(),
                "index" => index.replace(length(cursor)?).is_some(),
                "data" if table.is_some() || later.is_some() => true,
                // As pandas writes it: the names have been read.
                "data" if names.is_some() => {
                    table = Some(self.named_rows(cursor, names.take().flatten())?);
                    names = Some(None);
                    false
                }
                "data" => {
                    later = Some(cursor.clone());
                    cursor.skip()?;
                    false
                }
                other => return refused(format!("\"{other}\" is none of columns, index, data")),
            };
            if twice { refused(format!("\"{key}\" stands twice")) } else { Ok(()) }
        })?;
        let table = match (table, later) {
            (Some(table), _) => table,
            (None, Some(mut data)) => self.named_rows(&mut data, names.flatten())?,
            (None, None) => return refused("no \"data\""),
        };
        let rows = table.first().and_then(|column| column.tensor.shape().first().copied());
        match index {
            Some(index) if rows.is_some_and(|rows| rows != index) => {
                refused(format!("\"index\" has {index} entries, and \"data\" has other rows"))
            }
            _ => Ok(table),
        }
    }

    /// Rows as arrays under these names, or as whatever a list of rows may be.
    fn named_rows<'b>(
        self,
        cursor: &mut Cursor<'b>,
        names: Option<Vec<Cow<'b, str>>>,
    ) -> Result<Table<'b>, Error> {
        match names {
            None => self.rows(cursor),
            Some(names) => self.matrix(cursor, Some(names)),
        }
    }

    /// Rows as arrays, under these names or in the order of the model's columns.
    fn matrix<'b>(
        self,
        cursor: &mut Cursor<'b>,
        names: Option<Vec<Cow<'b, str>>>,
    ) -> Result<Table<'b>, Error> {
        let own = self.signature.column_names();
        let ordered = |own: &Vec<&str>| names.as_ref().is_none_or(|names| names == own);
        match (own, names.as_ref()) {
            // The one input, as it lies there.
            (own, _) if self.signature.inputs().len() == 1 && own.as_ref().is_some_and(ordered) => {
                self.whole(cursor)
            }
            (None, None) => self.whole(cursor),
            (Some(own), None) => {
                let own = own.into_iter().map(|name| Cow::Owned(name.to_owned()));
                self.cells(cursor, own.collect())
            }
            (_, Some(_)) => self.cells(cursor, names.unwrap_or_default()),
        }
    }

    fn cells<'b>(
        self,
        cursor: &mut Cursor<'b>,
        names: Vec<Cow<'b, str>>,
    ) -> Result<Table<'b>, Error> {
        let mut columns = Columns::new(self.signature, Room::new(self.limits));
        for name in names {
            columns.add(name)?;
        }
        cursor.array(|cursor| {
            let (mut place, row) = (0, columns.rows());
            cursor.array(|cursor| {
                if place == columns.count() {
                    return refused(format!("row {row} has more values than there are columns"));
                }
                columns.read(place, cursor)?;
                place += 1;
                Ok(())
            })?;
            if place < columns.count() {
                let (count, name) = (columns.count(), columns.name(place));
                let why = format!("row {row} has {place} values for {count} columns");
                return Err(Error::Request(why).for_input(name));
            }
            columns.end_row()
        })?;
        columns.finish()
    }

    /// One nested list for the one input, or one matrix for several of one type.
    fn whole<'b>(self, cursor: &mut Cursor<'b>) -> Result<Table<'b>, Error> {
        let inputs = self.signature.inputs();
        let Some(first) = inputs.first() else { return refused("the model takes nothing") };
        let name = match inputs {
            [only] => Cow::Owned(only.name.clone()),
            several if several.iter().all(|spec| spec.datatype == first.datatype) => "data".into(),
            _ => return refused("the model has columns of several types: name them"),
        };
        let tensor = read_nested(cursor, first.datatype, &mut Room::new(self.limits));
        let tensor = tensor.map_err(|error| error.for_input(&name))?;
        Ok(vec![NamedTensor { name, tensor }])
    }
}

/// Names of columns; none when they are numbers, which pandas counts where nobody named any.
fn column_names<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Vec<Cow<'a, str>>>, Error> {
    let (mut names, mut numbers) = (Vec::new(), 0);
    cursor.array(|cursor| {
        if names.len() == COLUMNS_MAX {
            return refused(format!("more than {COLUMNS_MAX} columns"));
        }
        if cursor.peek() == Some(b'"') {
            names.push(cursor.string()?);
        } else {
            cursor.number()?;
            numbers += 1;
        }
        Ok::<(), Error>(())
    })?;
    match (names.is_empty(), numbers) {
        (false, 0) => Ok(Some(names)),
        (true, 1..) => Ok(None),
        (true, 0) => refused("\"columns\" is empty"),
        _ => refused("some of \"columns\" are names and some are numbers"),
    }
}

/// The length of a list.
fn length(cursor: &mut Cursor<'_>) -> Result<usize, Error> {
    let mut length = 0;
    cursor.array(|cursor| {
        length += 1;
        cursor.skip()
    })?;
    Ok(length)
}
