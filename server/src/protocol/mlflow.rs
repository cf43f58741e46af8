//! MLflow's `/invocations`: an object with exactly one of four keys.
//!
//! `dataframe_split`, `dataframe_records`, `instances` (rows) or `inputs` (rows, or columns by
//! name), and `params`, which are for models that have some and are passed over.

use super::frames::{Frames, Table};
use super::json::cursor::Cursor;
use crate::error::Error;

/// The keys of which one must be there.
const FORMS: [&str; 4] = ["dataframe_split", "dataframe_records", "instances", "inputs"];

/// Reads a request.
///
/// # Errors
/// [`Error::Json`], [`Error::Request`], [`Error::Input`], [`Error::TooMany`].
pub fn read<'b>(body: &'b [u8], frames: Frames<'_>) -> Result<Table<'b>, Error> {
    let mut cursor = Cursor::new(body, frames.limits.depth);
    let mut form = None;
    cursor.object(|cursor, key| {
        if FORMS.contains(&&*key) {
            let here = cursor.clone();
            cursor.skip()?;
            if form.replace((key, here)).is_some() {
                return Err(one_of());
            }
            return Ok(());
        }
        Ok(cursor.skip()?)
    })?;
    cursor.finish()?;
    let Some((key, mut cursor)) = form else { return Err(one_of()) };
    let table = match &*key {
        "dataframe_split" => frames.split(&mut cursor),
        "dataframe_records" => frames.records(&mut cursor),
        "instances" => frames.rows(&mut cursor),
        _ => frames.rows_or_columns(&mut cursor),
    };
    table.map_err(|error| error.for_input(&key))
}

fn one_of() -> Error {
    Error::Request(format!("exactly one of {} must be there", FORMS.join(", ")))
}
