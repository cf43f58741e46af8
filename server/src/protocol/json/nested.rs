//! Arrays whose shape is only known when they have been read: `[[1, 2], [3, 4]]` is a tensor.

use model_loader::{Datatype, Shape, Tensor, Values};

use super::JsonError;
use super::cell::Cell;
use super::cursor::Cursor;
use crate::error::Error;
use crate::protocol::room::Room;

#[cfg(test)]
mod tests;

/// Most dimensions of a tensor.
const RANK_MAX: usize = 16;

/// Reads an array, however deeply nested, as a tensor of that datatype.
///
/// # Errors
/// [`Error::Json`] for broken JSON, an element of another type, or rows of different lengths,
/// [`Error::TooMany`] for more than there is `room` for.
pub fn read_nested(
    cursor: &mut Cursor<'_>,
    datatype: Datatype,
    room: &mut Room,
) -> Result<Tensor, Error> {
    let mut extents = Vec::new();
    let values = {
        macro_rules! read {
            ($($variant:ident)*) => {
                match Values::zeros(datatype, 0) {
                    $(Values::$variant(mut values) => {
                        array(cursor, &mut values, 0, &mut extents, room)?;
                        Values::$variant(values)
                    })*
                }
            };
        }
        read!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64 Bytes)
    };
    // An empty array ends the depth: what would be inside is nothing.
    let shape: Shape = extents.into_iter().map(|extent| extent.unwrap_or(0)).collect();
    Ok(Tensor::new(shape, values)?)
}

/// One array of dimension `axis`, whose extent is that of its first one.
fn array<T: Cell>(
    cursor: &mut Cursor<'_>,
    values: &mut Vec<T>,
    axis: usize,
    extents: &mut Vec<Option<usize>>,
    room: &mut Room,
) -> Result<(), Error> {
    if axis == RANK_MAX {
        return Err(cursor.error("more dimensions than a tensor may have").into());
    }
    if extents.len() == axis {
        extents.push(None);
    }
    let mut count = 0;
    cursor.array(|cursor| {
        count += 1;
        if axis == 0 {
            room.take_row()?;
        }
        let deeper = cursor.peek() == Some(b'[');
        if deeper != (extents.len() > axis + 1) && (count > 1 || extents[axis].is_some()) {
            return Err(cursor.error("arrays and values beside each other").into());
        }
        if deeper {
            return array(cursor, values, axis + 1, extents, room);
        }
        room.take_elements(1)?;
        values.push(T::read(cursor)?);
        Ok::<(), Error>(())
    })?;
    match extents[axis] {
        None => extents[axis] = Some(count),
        Some(first) if first == count => {}
        Some(_) => return Err(ragged(cursor).into()),
    }
    Ok(())
}

fn ragged(cursor: &Cursor<'_>) -> JsonError {
    cursor.error("arrays of different lengths beside each other")
}
