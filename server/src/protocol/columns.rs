//! Cells of a table -> tensors by the names of their columns, each read as the type that the
//! model's signature has for it.
//!
//! Filled row by row by the protocols that send tables. A column that the model has not is kept
//! without its cells, so that `Signature::place` names it beside all others that are wrong. A cell
//! may be an array, where a column is an input of its own width.

use std::borrow::Cow;
use std::collections::HashMap;

use model_loader::{Datatype, NamedTensor, Shape, Signature, Tensor, Values};

use super::json::cell::Cell;
use super::json::cursor::Cursor;
use super::json::nested::read_nested;
use super::room::Room;
use super::text;
use crate::error::Error;

/// Most columns of a table.
pub const COLUMNS_MAX: usize = 1 << 14;

/// A table that is being read.
#[derive(Debug)]
pub struct Columns<'s, 'b> {
    signature: &'s Signature,
    columns: Vec<Column<'b>>,
    rows: usize,
    room: Room,
}

#[derive(Debug)]
struct Column<'b> {
    name: Cow<'b, str>,
    /// None for a column that the model has not.
    values: Option<Values>,
    /// The shape of a cell, once one has been read; no extents for a single value.
    cell: Option<Shape>,
}

// === impl Columns ===

impl<'s, 'b> Columns<'s, 'b> {
    /// No columns yet.
    pub fn new(signature: &'s Signature, room: Room) -> Self {
        Self { signature, columns: Vec::new(), rows: 0, room }
    }

    /// One more column; its place.
    ///
    /// # Errors
    /// [`Error::Request`] when there are too many.
    pub fn add(&mut self, name: Cow<'b, str>) -> Result<usize, Error> {
        if self.columns.len() == COLUMNS_MAX {
            return Err(Error::Request(format!("more than {COLUMNS_MAX} columns")));
        }
        let values = self.signature.datatype_of(&name).map(|datatype| Values::zeros(datatype, 0));
        self.columns.push(Column { name, values, cell: None });
        Ok(self.columns.len() - 1)
    }

    /// The places of the columns by their names; of several with one name, that of the first.
    pub fn places(&self) -> HashMap<Cow<'b, str>, usize> {
        let named = self.columns.iter().enumerate();
        named.rev().map(|(place, column)| (column.name.clone(), place)).collect()
    }

    /// How many columns there are.
    pub fn count(&self) -> usize {
        self.columns.len()
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The name of a column.
    pub fn name(&self, place: usize) -> &str {
        &self.columns[place].name
    }

    /// Reads a column's cell of the row at hand from JSON.
    ///
    /// # Errors
    /// What is wrong with it, with the column's name.
    pub fn read(&mut self, place: usize, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        let column = &mut self.columns[place];
        let room = &mut self.room;
        let mut read = || match (&mut column.values, cursor.peek()) {
            (None, _) => {
                room.take_elements(1)?;
                Ok(cursor.skip()?)
            }
            (Some(values), Some(b'[')) => {
                // The cell's own rows.
                room.first_row();
                let cell = read_nested(cursor, values.datatype(), room)?;
                if **column.cell.get_or_insert_with(|| cell.shape().into()) != *cell.shape() {
                    return Err(cursor
                        .error("arrays of different lengths below each other")
                        .into());
                }
                append(values, cell.into_values());
                Ok(())
            }
            (Some(values), _) => {
                room.take_elements(1)?;
                if !column.cell.get_or_insert_default().is_empty() {
                    return Err(cursor.error("a value below arrays").into());
                }
                Ok(push(values, cursor)?)
            }
        };
        read().map_err(|error: Error| error.for_input(&column.name))
    }

    /// Reads a column's cell of the row at hand from plain text.
    ///
    /// # Errors
    /// [`Error::Request`] for a text that is no value of the column's type, with the column's name.
    pub fn parse(&mut self, place: usize, text: &str) -> Result<(), Error> {
        let column = &mut self.columns[place];
        self.room.take_elements(1)?;
        let Some(values) = &mut column.values else { return Ok(()) };
        column.cell.get_or_insert_default();
        text::parse(values, text).map_err(|why| {
            let row = self.rows;
            Error::Request(format!("row {row}: {why}")).for_input(&column.name)
        })
    }

    /// Ends a row, each of whose columns has been read.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn end_row(&mut self) -> Result<(), Error> {
        self.rows += 1;
        self.room.check_rows(self.rows)
    }

    /// The columns as tensors.
    ///
    /// # Errors
    /// [`Error::Request`] when there is no row.
    pub fn finish(self) -> Result<Vec<NamedTensor<'b>>, Error> {
        if self.rows == 0 {
            return Err(Error::Request("there are no rows".to_owned()));
        }
        let rows = self.rows;
        let tensor = |column: Column<'b>| {
            let (shape, values) = match column.values {
                Some(values) => {
                    let cell = column.cell.unwrap_or_default();
                    (std::iter::once(rows).chain(cell).collect(), values)
                }
                // Its name is all that is looked at.
                None => (Shape::from_slice(&[0]), Values::zeros(Datatype::Fp32, 0)),
            };
            Ok(NamedTensor { name: column.name, tensor: Tensor::new(shape, values)? })
        };
        self.columns.into_iter().map(tensor).collect()
    }
}

fn push(values: &mut Values, cursor: &mut Cursor<'_>) -> Result<(), super::json::JsonError> {
    macro_rules! push {
        ($($variant:ident)*) => {
            match values {
                $(Values::$variant(values) => values.push(Cell::read(cursor)?),)*
            }
        };
    }
    push!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64 Bytes);
    Ok(())
}

/// Appends values of the same type.
fn append(values: &mut Values, more: Values) {
    macro_rules! append {
        ($($variant:ident)*) => {
            match (values, more) {
                $((Values::$variant(values), Values::$variant(mut more)) => {
                    values.append(&mut more);
                })*
                _ => {}
            }
        };
    }
    append!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64 Bytes);
}
