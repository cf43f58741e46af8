//! Azure ML's `/score`: what its inference server's scripts and its MLflow models are sent.
//!
//! `{"data": ROWS}`, `{"input_data": ROWS}`, `{"input_data": {"columns", "index", "data"}}`,
//! `{"input_data": {NAME: COLUMN}}` or a list of records; `params` are for models that have some,
//! and are passed over.

use std::borrow::Cow;

use super::frames::{Frames, Table};
use super::json::cursor::Cursor;
use crate::error::Error;

/// Reads a request.
///
/// # Errors
/// [`Error::Json`], [`Error::Request`], [`Error::Input`], [`Error::TooMany`].
pub fn read<'b>(body: &'b [u8], frames: Frames<'_>) -> Result<Table<'b>, Error> {
    let mut cursor = Cursor::new(body, frames.limits.depth);
    if cursor.peek() == Some(b'[') {
        let table = frames.rows(&mut cursor)?;
        cursor.finish()?;
        return Ok(table);
    }
    let mut data = None;
    cursor.object(|cursor, key| {
        if matches!(&*key, "data" | "input_data") {
            let here = cursor.clone();
            cursor.skip()?;
            if let Some((other, _)) = data.replace((key, here)) {
                let why = format!("\"{other}\" is not the only data");
                return Err(Error::Request(why));
            }
            return Ok(());
        }
        Ok(cursor.skip()?)
    })?;
    cursor.finish()?;
    match data {
        Some((key, mut cursor)) if key == "input_data" && is_split(&cursor, frames)? => {
            frames.split(&mut cursor)
        }
        Some((_, mut cursor)) => frames.rows_or_columns(&mut cursor),
        None => Err(Error::Request("no \"input_data\" and no \"data\"".to_owned())),
    }
}

/// Whether an object has the keys of a split, and no column of the model is called so.
fn is_split(cursor: &Cursor<'_>, frames: Frames<'_>) -> Result<bool, Error> {
    let mut probe = cursor.clone();
    if probe.peek() != Some(b'{') || frames.signature.datatype_of("data").is_some() {
        return Ok(false);
    }
    let (mut has_data, mut has_other) = (false, false);
    probe.object(|cursor, key: Cow<'_, str>| {
        match &*key {
            "data" => has_data = true,
            "columns" | "index" => {}
            _ => has_other = true,
        }
        cursor.skip()
    })?;
    Ok(has_data && !has_other)
}
