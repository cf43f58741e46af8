//! Records -> one Arrow batch: row-major blocks transposed into columns.
//!
//! Called by `encode`, on the sink's thread. The records fit their schema: `append` has checked
//! them.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array, UInt64Array,
};

use crate::error::Error;
use crate::row::{Block, Kind, Record, Values};
use crate::schema::RowSchema;

#[cfg(test)]
mod tests;

/// One column after another, for a block's columns.
type Columns = Option<Vec<ArrayRef>>;

/// The records' rows, in order, with the columns of `schema`.
///
/// # Errors
/// [`Error::Shape`] for a record that does not fit the schema, [`Error::Encode`] should Arrow
/// refuse.
pub(crate) fn batch(schema: &RowSchema, records: &[Record]) -> Result<RecordBatch, Error> {
    if !records.iter().all(|record| schema.fits(record)) {
        return Err(Error::Shape(schema.label()));
    }
    let mut columns = fixed(schema, records);
    for (place, block) in schema.blocks().iter().enumerate() {
        let transposed = transpose(block, records, place);
        columns.extend(transposed.ok_or_else(|| Error::Shape(schema.label()))?);
    }
    RecordBatch::try_new(Arc::clone(schema.arrow()), columns)
        .map_err(|error| Error::Encode { of: schema.label(), why: error.to_string() })
}

/// The columns that every file has, in the order of `schema::fixed`.
fn fixed(schema: &RowSchema, records: &[Record]) -> Vec<ArrayRef> {
    let rows = records.iter().map(|record| record.rows).sum();
    let source = schema.source();
    let constant =
        |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(repeat_n(text, rows))) };
    let ids = records.iter().flat_map(|r| repeat_n(r.request_id.as_str(), r.rows));
    // `fits` holds rows of a record to u32.
    let indexes = records.iter().flat_map(|r| 0..r.rows as u32);
    let times = records.iter().flat_map(|r| repeat_n(r.time_us, r.rows));
    let latencies = records.iter().flat_map(|r| repeat_n(r.latency_us, r.rows));
    let revisions = records.iter().flat_map(|r| repeat_n(r.revision, r.rows));
    vec![
        Arc::new(StringArray::from_iter_values(ids)),
        Arc::new(UInt32Array::from_iter_values(indexes)),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
        Arc::new(UInt32Array::from_iter_values(latencies)),
        Arc::new(UInt64Array::from_iter_values(revisions)),
        constant(&source.endpoint),
        constant(&source.deployment),
        constant(&source.model),
        constant(&source.version),
        constant(&source.model_digest),
    ]
}

/// The block's columns over all records; `None` if a record's values are of another kind.
fn transpose(block: &Block, records: &[Record], place: usize) -> Columns {
    let of = Of { width: block.columns.len(), records, place };
    match block.kind {
        Kind::Bool => of.bools(),
        Kind::U8 => of.numbers::<UInt8Type>(|v| if let Values::U8(v) = v { Some(v) } else { None }),
        Kind::U16 => {
            of.numbers::<UInt16Type>(|v| if let Values::U16(v) = v { Some(v) } else { None })
        }
        Kind::U32 => {
            of.numbers::<UInt32Type>(|v| if let Values::U32(v) = v { Some(v) } else { None })
        }
        Kind::U64 => {
            of.numbers::<UInt64Type>(|v| if let Values::U64(v) = v { Some(v) } else { None })
        }
        Kind::I8 => of.numbers::<Int8Type>(|v| if let Values::I8(v) = v { Some(v) } else { None }),
        Kind::I16 => {
            of.numbers::<Int16Type>(|v| if let Values::I16(v) = v { Some(v) } else { None })
        }
        Kind::I32 => {
            of.numbers::<Int32Type>(|v| if let Values::I32(v) = v { Some(v) } else { None })
        }
        Kind::I64 => {
            of.numbers::<Int64Type>(|v| if let Values::I64(v) = v { Some(v) } else { None })
        }
        Kind::F32 => {
            of.numbers::<Float32Type>(|v| if let Values::F32(v) = v { Some(v) } else { None })
        }
        Kind::F64 => {
            of.numbers::<Float64Type>(|v| if let Values::F64(v) = v { Some(v) } else { None })
        }
        Kind::Text => of.texts(),
    }
}

/// One block of many records.
struct Of<'a> {
    width: usize,
    records: &'a [Record],
    place: usize,
}

// === impl Of ===

impl<'a> Of<'a> {
    /// `f` sees every row of the block, in order.
    fn rows<T: 'a>(
        &self,
        pick: impl Fn(&'a Values) -> Option<&'a Vec<T>>,
        mut f: impl FnMut(&'a [T]),
    ) -> Option<()> {
        for record in self.records {
            pick(record.values.get(self.place)?)?.chunks_exact(self.width).for_each(&mut f);
        }
        Some(())
    }

    fn capacity(&self) -> usize {
        self.records.iter().map(|record| record.rows).sum()
    }

    fn empty<T>(&self) -> Vec<Vec<T>> {
        (0..self.width).map(|_| Vec::with_capacity(self.capacity())).collect()
    }

    fn numbers<T: ArrowPrimitiveType>(
        &self,
        pick: impl Fn(&'a Values) -> Option<&'a Vec<T::Native>>,
    ) -> Columns {
        let mut columns = self.empty::<T::Native>();
        self.rows(pick, |row| {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(*value));
        })?;
        let array = |column: Vec<T::Native>| -> ArrayRef {
            Arc::new(PrimitiveArray::<T>::new(column.into(), None))
        };
        Some(columns.into_iter().map(array).collect())
    }

    fn bools(&self) -> Columns {
        let mut columns = self.empty::<bool>();
        self.rows(
            |v| if let Values::Bool(v) = v { Some(v) } else { None },
            |row| columns.iter_mut().zip(row).for_each(|(column, value)| column.push(*value)),
        )?;
        let array = |column: Vec<bool>| -> ArrayRef { Arc::new(BooleanArray::from(column)) };
        Some(columns.into_iter().map(array).collect())
    }

    fn texts(&self) -> Columns {
        let mut columns = self.empty::<&'a str>();
        self.rows(
            |v| if let Values::Text(v) = v { Some(v) } else { None },
            |row: &'a [String]| {
                columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            },
        )?;
        let array =
            |column: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from_iter_values(column)) };
        Some(columns.into_iter().map(array).collect())
    }
}
