//! The fraud example as the benches use it: its two models, and thousands of different rows.
//!
//! Benches rotate over these rows. One row scored again and again teaches the branch predictor the
//! way through every tree, and shows a time that live traffic never sees.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

#[cfg(test)]
mod tests;

/// Columns of a row.
pub const FEATURES: usize = 20;

/// Version 1: an Imputer and 100 trees of depth 3.
pub const V1: &[u8] = include_bytes!("../../examples/fraud/models/1/model.onnx");
/// Version 2: 200 trees of 31 leaves.
pub const V2: &[u8] = include_bytes!("../../examples/fraud/models/2/model.onnx");

const SAMPLES: &[u8] = include_bytes!("../../examples/fraud/samples.parquet");

/// The held-out rows of the example, with ONNX Runtime's answers to them.
#[derive(Debug)]
pub struct Example {
    /// Row-major, [`FEATURES`] columns a row; a missing value is NaN.
    pub values: Vec<f32>,
    /// Version 1's probability of fraud, one a row.
    pub v1: Vec<f32>,
    /// Version 2's.
    pub v2: Vec<f32>,
}

// === impl Example ===

impl Example {
    /// Reads the example's 5,000 rows.
    ///
    /// # Panics
    /// When the committed file is not what its README says.
    pub fn read() -> Example {
        let file = ParquetRecordBatchReaderBuilder::try_new(Bytes::from_static(SAMPLES));
        let reader = file.and_then(|file| file.build()).expect("samples.parquet is Parquet");
        let mut example = Example { values: Vec::new(), v1: Vec::new(), v2: Vec::new() };
        for batch in reader {
            let batch = batch.expect("samples.parquet can be decoded");
            let columns: Vec<_> = (0..FEATURES).map(|place| column(&batch, place)).collect();
            let rows = 0..batch.num_rows();
            example.values.extend(rows.flat_map(|row| columns.iter().map(move |of| of[row])));
            example.v1.extend(column(&batch, place(&batch, "v1_p")));
            example.v2.extend(column(&batch, place(&batch, "v2_p")));
        }
        example
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.v1.len()
    }

    /// All rows in turns of `rows` rows each, the last incomplete one left out.
    pub fn turns(&self, rows: usize) -> impl Iterator<Item = &[f32]> + Clone {
        self.values.chunks_exact(rows * FEATURES)
    }
}

fn place(batch: &RecordBatch, name: &str) -> usize {
    batch.schema().index_of(name).expect("samples.parquet has the columns of its README")
}

/// A column of floats, null as NaN.
fn column(batch: &RecordBatch, place: usize) -> Vec<f32> {
    let column = batch.column(place).as_primitive_opt::<Float32Type>();
    let column = column.expect("features and probabilities are float32");
    column.iter().map(|value| value.unwrap_or(f32::NAN)).collect()
}
