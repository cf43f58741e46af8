//! A file read back: its columns, their types, and what its footer says.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType, UInt32Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;

use super::*;

fn label(request_id: &str, row_index: u32, label: &str, value: Option<f64>) -> Label {
    let (request_id, label) = (request_id.to_owned(), label.to_owned());
    Label { request_id, row_index, label, value, time_us: i64::from(row_index) + 7 }
}

#[test]
fn a_file_holds_all_posts_in_order() {
    let first = [label("a", 0, "1.50", Some(1.5)), label("a", 1, "fraud", None)];
    let second = [label("b", 2, "true", Some(1.0))];
    let posts =
        [Posted { labels: &first, received_us: 100 }, Posted { labels: &second, received_us: 200 }];
    let bytes = file("fraud", &posts, "b00t/3").unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let metadata = Arc::clone(reader.metadata());
    let notes = metadata.file_metadata().key_value_metadata().unwrap();
    let batch = notes.iter().find(|note| note.key == "skeg.batch").unwrap();
    assert_eq!(batch.value.as_deref(), Some("b00t/3"));
    let chunk = metadata.row_group(0).column(0);
    assert!(chunk.bloom_filter_offset().is_some());
    assert!(matches!(chunk.compression(), Compression::ZSTD(_)));

    let read = reader.build().unwrap().next().unwrap().unwrap();
    assert_eq!(read.schema().fields(), schema().fields());
    let texts = |at: usize| -> Vec<&str> {
        read.column(at).as_string::<i32>().iter().map(Option::unwrap).collect()
    };
    let times =
        |at: usize| read.column(at).as_primitive::<TimestampMicrosecondType>().values().to_vec();
    assert_eq!(texts(0), ["a", "a", "b"]);
    assert_eq!(read.column(1).as_primitive::<UInt32Type>().values().to_vec(), [0, 1, 2]);
    assert_eq!(texts(2), ["1.50", "fraud", "true"]);
    let values: Vec<_> = read.column(3).as_primitive::<Float64Type>().iter().collect();
    assert_eq!(values, [Some(1.5), None, Some(1.0)]);
    assert_eq!(times(4), [7, 8, 9]);
    assert_eq!(times(5), [100, 100, 200]);
    assert_eq!(texts(6), ["fraud"; 3]);
}
