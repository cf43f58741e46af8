//! Files of both forms, and files that are neither.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use super::Table;
use crate::error::Error;
use crate::numbers;

fn csv(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn parquet(path: &Path, rows: usize) {
    let amount: ArrayRef = Arc::new(Float32Array::from_iter_values((0..rows).map(|i| i as f32)));
    let country: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|_| "de")));
    let batch = RecordBatch::try_from_iter([("amount", amount), ("country", country)]).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn numbers(table: &Table, column: &str) -> Vec<Option<f64>> {
    let mut found = Vec::new();
    for batch in table.batches(&[column]).unwrap() {
        let batch = batch.unwrap();
        assert_eq!(batch.num_columns(), 1);
        assert!(numbers::for_each(batch.column(0), |value| found.push(value)));
    }
    found
}

#[test]
fn a_parquet_file_is_read_in_pieces() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rows.parquet");
    parquet(&path, 20_000);
    let table = Table::open(&path).unwrap();
    assert_eq!((table.rows(), table.schema().fields().len()), (20_000, 2));
    let sizes: Vec<usize> =
        table.batches(&["country"]).unwrap().map(|batch| batch.unwrap().num_rows()).collect();
    assert_eq!(sizes, [8192, 8192, 3616]);
    let all: Vec<_> = (0..20_000).map(|i| Some(f64::from(i))).collect();
    assert_eq!(numbers(&table, "amount"), all);
}

#[test]
fn a_csv_column_has_the_type_of_all_its_cells() {
    let folder = TempDir::new().unwrap();
    let rows: String = (0..9000).map(|i| format!("{i},{i},a,true\n")).collect();
    let table = csv(&folder, &format!("n,x,word,flag\n{rows}9000,0.5,\"b,c\",false\n"));
    let table = Table::open(&table).unwrap();
    assert_eq!(table.rows(), 9001);
    let kinds: Vec<&DataType> = table.schema().fields().iter().map(|f| f.data_type()).collect();
    assert_eq!(kinds, [&DataType::Int64, &DataType::Float64, &DataType::Utf8, &DataType::Boolean]);
    assert_eq!(numbers(&table, "x").last(), Some(&Some(0.5)));
}

#[test]
fn pandas_words_for_nothing_are_nothing() {
    let folder = TempDir::new().unwrap();
    let table = csv(&folder, "x,y\n1.5,a\n,\nNA,NULL\nnan,b\nnull,None\n-2,n/a\n");
    let table = Table::open(&table).unwrap();
    let wanted = [Some(1.5), None, None, None, None, Some(-2.0)];
    assert_eq!(numbers(&table, "x"), wanted);
    let mut words = Vec::new();
    for batch in table.batches(&["y"]).unwrap() {
        crate::texts::for_each(batch.unwrap().column(0), |t| words.push(t.map(str::to_owned)));
    }
    let a_and_b = [Some("a".to_owned()), None, None, Some("b".to_owned()), None, None];
    assert_eq!(words, a_and_b);
}

#[test]
fn a_column_that_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let table = Table::open(&csv(&folder, "x\n1\n")).unwrap();
    let error = table.batches(&["y"]).unwrap_err();
    assert!(matches!(&error, Error::NoColumn(name) if name == "y"), "{error}");
}

#[test]
fn what_is_no_table_is_refused_by_its_name() {
    let folder = TempDir::new().unwrap();
    for (bytes, why) in [
        (&b""[..], "no header"),
        (b"PAR1 and then nothing of the kind", "Parquet"),
        (b"a,b\n1,2\n3,4,5\n", "3"),
        (b"a\n\xff\xfe\n", "UTF-8"),
    ] {
        let path = folder.path().join("rows.bin");
        std::fs::write(&path, bytes).unwrap();
        let error = Table::open(&path).unwrap_err().to_string();
        let says = error.starts_with(&path.display().to_string());
        assert!(says && error.to_lowercase().contains(&why.to_lowercase()), "{error}");
    }
    let missing = Table::open(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(missing.contains("missing: No such file"), "{missing}");
}

#[test]
fn a_file_cut_short_ends_with_an_error() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rows.parquet");
    parquet(&path, 20_000);
    let table = Table::open(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let read: Result<Vec<RecordBatch>, Error> = table.batches(&["amount"]).unwrap().collect();
    assert!(matches!(read, Err(Error::File { .. })), "{read:?}");
}
