//! KServe's version 1 and TensorFlow Serving: `:predict` with `instances` or `inputs`.

use super::frames::{Frames, Table};
use super::json::cursor::Cursor;
use crate::error::Error;

/// Which of the two forms a request has; the answer has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A list of rows; answered with `predictions`.
    Instances,
    /// Rows or columns at once; answered with `outputs`.
    Inputs,
}

/// Reads a request.
///
/// # Errors
/// [`Error::Json`], [`Error::Request`], [`Error::Input`], [`Error::TooMany`].
pub fn read<'b>(body: &'b [u8], frames: Frames<'_>) -> Result<(Table<'b>, Form), Error> {
    let one_of = || Error::Request("exactly one of instances and inputs must be there".to_owned());
    let mut cursor = Cursor::new(body, frames.limits.depth);
    let mut form = None;
    cursor.object(|cursor, key| {
        let named = match &*key {
            "instances" => Form::Instances,
            "inputs" => Form::Inputs,
            // `signature_name` and the like: a model has one signature here.
            _ => return Ok(cursor.skip()?),
        };
        let here = cursor.clone();
        cursor.skip()?;
        if form.replace((named, here)).is_some() { Err(one_of()) } else { Ok(()) }
    })?;
    cursor.finish()?;
    let (form, mut cursor) = form.ok_or_else(one_of)?;
    let (table, key) = match form {
        Form::Instances => (frames.rows(&mut cursor), "instances"),
        Form::Inputs => (frames.rows_or_columns(&mut cursor), "inputs"),
    };
    Ok((table.map_err(|error| error.for_input(key))?, form))
}
