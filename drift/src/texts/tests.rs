//! Text columns of every kind that Parquet, CSV and pandas give.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, LargeStringArray, StringArray,
    StringViewArray,
};

use super::{for_each, is_text};

fn all(array: &ArrayRef) -> Vec<Option<String>> {
    let mut found = Vec::new();
    assert_eq!(is_text(array.data_type()), for_each(array, |t| found.push(t.map(str::to_owned))));
    found
}

#[test]
fn each_kind_of_text_reads_the_same() {
    let cells = vec![Some("de"), None, Some(""), Some("de")];
    let dictionary: DictionaryArray<Int8Type> = cells.iter().copied().collect();
    let columns: [ArrayRef; 4] = [
        Arc::new(StringArray::from(cells.clone())),
        Arc::new(LargeStringArray::from(cells.clone())),
        Arc::new(StringViewArray::from(cells.clone())),
        Arc::new(dictionary),
    ];
    let cells: Vec<_> = cells.into_iter().map(|cell| cell.map(str::to_owned)).collect();
    for column in columns {
        assert_eq!(all(&column), cells, "{}", column.data_type());
    }
}

#[test]
fn truth_values_are_words() {
    let column: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]));
    assert_eq!(all(&column), [Some("true".to_owned()), None, Some("false".to_owned())]);
}

#[test]
fn numbers_are_no_texts() {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    assert!(all(&column).is_empty());
}
