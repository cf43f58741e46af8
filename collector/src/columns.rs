//! Entries of the spool -> one Arrow batch: row-major blocks transposed into columns.
//!
//! Called by `encode`, on the sink's thread. Entries are read where they are, in the spool's
//! memory; what is not of their schema is refused.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, PrimitiveArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt16Array, UInt32Array, UInt64Array, new_null_array,
};
use arrow_schema::FieldRef;
use uuid::{Builder, Uuid};

use crate::error::Error;
use crate::privacy::Cover;
use crate::row::{Block, Kind};
use crate::schema::RowSchema;
use crate::spool::entry::{Entry, each_text};

#[cfg(test)]
pub(crate) mod tests;

/// What the protocol says of an answer; others have no row.
const ANSWERED: u16 = 200;

/// Rows of one request, and what their entry does not say.
#[derive(Debug)]
pub(crate) struct Rows<'s> {
    pub(crate) entry: Entry<'s>,
    /// Name of the first row: the place of the entry in all spools, see [`event_id`].
    pub(crate) place: u128,
    /// How many requests the request stands for.
    pub(crate) sampled_weight: f64,
}

/// The rows, in order, with the columns of `schema`; they were received by `received_us`.
///
/// # Errors
/// [`Error::Shape`] for an entry that is not of the schema, [`Error::Encode`] should Arrow refuse.
pub(crate) fn columns(
    schema: &RowSchema,
    all: &[Rows<'_>],
    received_us: i64,
) -> Result<RecordBatch, Error> {
    let mut blocks = Vec::with_capacity(all.len() * schema.stored().len());
    let found = all.iter().map(|rows| rows.entry.blocks(schema, &mut blocks));
    found.collect::<Option<()>>().ok_or_else(|| Error::Shape(schema.label()))?;
    let count = all.iter().map(|rows| rows.entry.rows as usize).sum();
    let mut columns = fixed(schema, all, count, received_us);
    let mut own = Vec::new();
    for (place, block) in schema.stored().iter().enumerate() {
        let (cover, of) = (schema.cover(), schema.stored().len());
        let of = Of { block, cover, count, blocks: &blocks, place, of };
        own.extend(of.columns());
    }
    match schema.cover() {
        None => columns.extend(own),
        Some(cover) => columns.extend(in_order(schema, cover, &own, count)),
    }
    RecordBatch::try_new(Arc::clone(schema.arrow()), columns)
        .map_err(|error| Error::Encode { of: schema.label(), why: error.to_string() })
}

/// The tensors' columns in the order of the schema, null where nothing is stored.
fn in_order(schema: &RowSchema, cover: &Cover, stored: &[ArrayRef], count: usize) -> Vec<ArrayRef> {
    let fields = schema.arrow().fields();
    let own = &fields[fields.len() - cover.order().len()..];
    let column = |(place, field): (&Option<usize>, &FieldRef)| match place {
        Some(place) => Arc::clone(&stored[*place]),
        None => new_null_array(field.data_type(), count),
    };
    cover.order().iter().zip(own).map(column).collect()
}

/// The columns that every file has, in the order of `schema::fixed`.
fn fixed(schema: &RowSchema, all: &[Rows<'_>], count: usize, received_us: i64) -> Vec<ArrayRef> {
    let source = schema.source();
    let constant =
        |text: &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(repeat_n(text, count))) };
    let mut events = StringBuilder::with_capacity(count, count * 36);
    for rows in all {
        for row in 0..rows.entry.rows {
            let id = event_id(rows.entry.time_us, rows.place + u128::from(row));
            events.append_value(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        }
    }
    let indexes =
        all.iter().flat_map(|rows| rows.entry.first_row..rows.entry.first_row + rows.entry.rows);
    let traces = all.iter().flat_map(|rows| {
        let trace = rows.entry.trace.map(|trace| format!("{:032x}", trace.trace_id));
        repeat_n(trace, rows.entry.rows as usize)
    });
    let utc =
        |times: TimestampMicrosecondArray| -> ArrayRef { Arc::new(times.with_timezone("UTC")) };
    let times = TimestampMicrosecondArray::from_iter_values(each(all, |rows| rows.entry.time_us));
    let received = TimestampMicrosecondArray::from_iter_values(repeat_n(received_us, count));
    vec![
        Arc::new(events.finish()),
        Arc::new(StringArray::from_iter_values(each(all, |rows| rows.entry.request_id))),
        Arc::new(StringArray::from_iter(each(all, |rows| rows.entry.correlation_id))),
        Arc::new(StringArray::from_iter(traces)),
        Arc::new(UInt32Array::from_iter_values(indexes)),
        utc(times),
        utc(received),
        Arc::new(UInt16Array::from_iter_values(repeat_n(ANSWERED, count))),
        Arc::new(UInt32Array::from_iter_values(each(all, |rows| rows.entry.latency_us))),
        Arc::new(UInt64Array::from_iter_values(each(all, |rows| rows.entry.revision))),
        Arc::new(Float32Array::from_iter_values(each(all, |rows| rows.entry.route.weight))),
        Arc::new(BooleanArray::from_iter(each(all, |rows| Some(rows.entry.route.is_named)))),
        Arc::new(UInt64Array::from_iter(each(all, |rows| rows.entry.route.sticky_hash))),
        Arc::new(Float64Array::from_iter_values(each(all, |rows| rows.sampled_weight))),
        constant(&source.endpoint),
        constant(&source.deployment),
        constant(&source.model),
        constant(&source.version),
        constant(&source.model_digest),
    ]
}

/// One value a request, for each of its rows.
fn each<'a, T: Clone + 'a>(
    all: &'a [Rows<'a>],
    of: impl Fn(&'a Rows<'a>) -> T + 'a,
) -> impl Iterator<Item = T> + 'a {
    all.iter().flat_map(move |rows| repeat_n(of(rows), rows.entry.rows as usize))
}

/// A UUID of version 7 (RFC 9562, 5.7) for a row that came then and is at that place, of which the
/// lower 74 bits are taken. The same row has the same name whenever its file is made.
fn event_id(time_us: i64, place: u128) -> Uuid {
    let random = (place & ((1 << 74) - 1)).to_be_bytes();
    // The builder takes the first 4 bits of 80 for the version, and 2 of them for the variant.
    let place = u128::from_be_bytes(random);
    let (high, low) = (place >> 62, place & ((1 << 62) - 1));
    let bits = (high << 64) | low;
    let bytes = bits.to_be_bytes();
    let mut ten = [0; 10];
    ten.copy_from_slice(&bytes[6..]);
    let millis = u64::try_from(time_us / 1000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &ten).into_uuid()
}

/// One block of many entries.
struct Of<'a> {
    block: &'a Block,
    cover: Option<&'a Cover>,
    count: usize,
    /// The blocks of each entry, one entry after the other.
    blocks: &'a [&'a [u8]],
    /// Which of an entry's blocks, of how many.
    place: usize,
    of: usize,
}

// === impl Of ===

impl<'a> Of<'a> {
    fn columns(&self) -> Vec<ArrayRef> {
        let (low, lowest) = (f32::NEG_INFINITY, f64::NEG_INFINITY);
        match self.block.kind {
            Kind::Bool => self.bools(),
            Kind::U8 => self.numbers::<UInt8Type, 1>(u8::from_ne_bytes, 0),
            Kind::U16 => self.numbers::<UInt16Type, 2>(u16::from_ne_bytes, 0),
            Kind::U32 => self.numbers::<UInt32Type, 4>(u32::from_ne_bytes, 0),
            Kind::U64 => self.numbers::<UInt64Type, 8>(u64::from_ne_bytes, 0),
            Kind::I8 => self.numbers::<Int8Type, 1>(i8::from_ne_bytes, i8::MIN),
            Kind::I16 => self.numbers::<Int16Type, 2>(i16::from_ne_bytes, i16::MIN),
            Kind::I32 => self.numbers::<Int32Type, 4>(i32::from_ne_bytes, i32::MIN),
            Kind::I64 => self.numbers::<Int64Type, 8>(i64::from_ne_bytes, i64::MIN),
            Kind::F32 => self.numbers::<Float32Type, 4>(f32::from_ne_bytes, low),
            Kind::F64 => self.numbers::<Float64Type, 8>(f64::from_ne_bytes, lowest),
            Kind::Text => self.texts(),
        }
    }

    fn width(&self) -> usize {
        self.block.columns.len()
    }

    /// The block's bytes in each entry.
    fn parts(&self) -> impl Iterator<Item = &'a [u8]> {
        self.blocks.iter().skip(self.place).step_by(self.of).copied()
    }

    fn empty<T>(&self) -> Vec<Vec<T>> {
        (0..self.width()).map(|_| Vec::with_capacity(self.count)).collect()
    }

    /// `least` is the least of the type.
    fn numbers<T: ArrowPrimitiveType, const N: usize>(
        &self,
        number: impl Fn([u8; N]) -> T::Native,
        least: T::Native,
    ) -> Vec<ArrayRef> {
        let mut columns = self.empty::<T::Native>();
        for part in self.parts() {
            for row in part.as_chunks::<N>().0.chunks_exact(self.width()) {
                columns.iter_mut().zip(row).for_each(|(to, bytes)| to.push(number(*bytes)));
            }
        }
        // Below the first of a column's edges there is nothing to say.
        let has_below =
            |name: &String| self.cover.is_some_and(|cover| cover.has_below(name, self.block.kind));
        let array = |(name, column): (&String, Vec<T::Native>)| -> ArrayRef {
            if has_below(name) {
                let known = column.into_iter().map(|value| (value != least).then_some(value));
                return Arc::new(known.collect::<PrimitiveArray<T>>());
            }
            Arc::new(PrimitiveArray::<T>::new(column.into(), None))
        };
        self.block.columns.iter().zip(columns).map(array).collect()
    }

    fn bools(&self) -> Vec<ArrayRef> {
        let mut columns = self.empty::<bool>();
        for row in self.parts().flat_map(|part| part.chunks_exact(self.width())) {
            columns.iter_mut().zip(row).for_each(|(to, byte)| to.push(*byte != 0));
        }
        let array = |column: Vec<bool>| -> ArrayRef { Arc::new(BooleanArray::from(column)) };
        columns.into_iter().map(array).collect()
    }

    fn texts(&self) -> Vec<ArrayRef> {
        let mut columns = self.empty::<&'a str>();
        for text in self.parts().flat_map(each_text).enumerate() {
            columns[text.0 % self.width()].push(text.1);
        }
        let array =
            |column: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from_iter_values(column)) };
        columns.into_iter().map(array).collect()
    }
}
