//! Names find their input or column, whole inputs first.

use super::*;
use crate::Datatype;

fn spec(name: &str, columns: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype: Datatype::Fp32,
        shape: vec![None, Some(columns.len())],
        per_row: true,
        feature_names: columns.iter().map(|&column| column.to_owned()).collect(),
        class_labels: Vec::new(),
    }
}

#[test]
fn an_input_comes_before_a_column_and_the_first_before_the_second() {
    let names = Names::of(&[spec("x", &["a", "y", "b"]), spec("y", &["b", "c"])]);
    let found = ["x", "y", "a", "b", "c"].map(|name| names.seat(name).unwrap());
    let [x, y] = [0, 1].map(Seat::Input);
    assert_eq!(found, [x, y, Seat::Column(0, 0), Seat::Column(0, 2), Seat::Column(1, 1)]);
    assert_eq!(names.seat("d"), None);
}

#[test]
fn names_that_are_not_one_for_each_column_name_nothing() {
    let mut short = spec("x", &["a", "b"]);
    short.shape[1] = Some(3);
    assert_eq!(Names::of(&[short]).seat("a"), None);
}
