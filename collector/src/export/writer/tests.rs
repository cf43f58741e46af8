//! CSV as RFC 4180 has it, and Parquet in groups.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, StringArray, UInt64Array};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;

use super::*;
use crate::encode::ROW_GROUP_ROWS;

fn written(format: Format, batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut output = Output::new(format, batches[0].schema(), &mut bytes).unwrap();
    batches.iter().for_each(|batch| output.write(batch).unwrap());
    output.finish().unwrap();
    bytes
}

fn array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn csv_is_quoted_where_it_must_be_and_null_is_no_empty_text() {
    let texts = vec![Some("a,\"b\""), Some(""), None, Some("two\r\nlines"), Some(" é ")];
    let floats = vec![Some(1.0), Some(f64::NAN), None, Some(1e300), Some(f64::NEG_INFINITY)];
    let truths = vec![Some(true), None, Some(false), None, None];
    let batch = batch(vec![
        ("a text, \"quoted\"", array(StringArray::from(texts))),
        ("number", array(Float64Array::from(floats))),
        ("truth", array(BooleanArray::from(truths))),
    ]);
    let expected = concat!(
        "\"a text, \"\"quoted\"\"\",number,truth\n",
        "\"a,\"\"b\"\"\",1.0,true\n\"\",NaN,\n,,false\n",
        "\"two\r\nlines\",1e300,\n é ,-inf,\n",
    );
    assert_eq!(String::from_utf8(written(Format::Csv, &[batch])).unwrap(), expected);
}

#[test]
fn no_line_is_empty() {
    let one = batch(vec![("one", array(UInt64Array::from(vec![Some(1), None])))]);
    let csv = written(Format::Csv, &[one]);
    assert_eq!(String::from_utf8(csv).unwrap(), "one\n1\n\"\"\n");
}

#[test]
fn row_groups_are_bounded() {
    let numbers =
        |from: u64| -> ArrayRef { array(UInt64Array::from_iter_values(from..from + 50_000)) };
    let batches: Vec<_> = (0..4).map(|at| batch(vec![("n", numbers(at * 50_000))])).collect();
    let bytes = bytes::Bytes::from(written(Format::Parquet, &batches));
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let groups = reader.metadata().row_groups();
    let rows: Vec<i64> = groups.iter().map(|group| group.num_rows()).collect();
    assert_eq!(rows, [ROW_GROUP_ROWS as i64, 200_000 - ROW_GROUP_ROWS as i64]);
    let codecs: Vec<_> = groups.iter().map(|group| group.column(0).compression()).collect();
    assert!(codecs.iter().all(|codec| matches!(codec, Compression::ZSTD(_))), "{codecs:?}");
}

#[test]
fn a_file_that_fails_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("no space left"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let batch = batch(vec![("n", array(UInt64Array::from(vec![1])))]);
    for format in [Format::Csv, Format::Parquet] {
        let done = Output::new(format, batch.schema(), Full).and_then(|mut output| {
            output.write(&batch)?;
            output.finish()
        });
        assert!(done.unwrap_err().contains("no space left"), "{format:?}");
    }
}
