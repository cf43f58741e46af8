//! Columns as samples: order, parts, missing values, categories of two sides.

use tempfile::TempDir;

use super::{Held, categories, parts, read};
use crate::Table;
use crate::distance::Bin;

fn table(folder: &TempDir, name: &str, text: &str) -> Table {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    Table::open(&path).unwrap()
}

#[test]
fn numbers_rise_and_texts_are_counted() {
    let folder = TempDir::new().unwrap();
    let table = table(&folder, "a.csv", "x,k\n3.5,b\n,a\n-inf,b\n1,\n");
    let x = read(&table, "x", None).unwrap();
    assert_eq!(x.numbers(), [f64::NEG_INFINITY, 1.0, 3.5]);
    assert_eq!((x.rows, x.missing, x.present(), x.distinct()), (4, 1, 3, 3));
    assert_eq!((x.values().infinite, x.is_integers()), (1, false));
    let finite = x.finite();
    assert_eq!((finite.numbers(), finite.missing), ([1.0, 3.5].as_slice(), 2));
    let k = read(&table, "k", None).unwrap();
    assert!(matches!(&k.held, Held::Texts(texts) if texts["a"] == 1 && texts["b"] == 2));
    assert_eq!((k.missing, k.distinct()), (1, 2));
}

#[test]
fn only_some_rows() {
    let folder = TempDir::new().unwrap();
    let table = table(&folder, "a.csv", "x\n1\n2\n3\n4\n");
    let x = read(&table, "x", Some(&[true, false, true, false])).unwrap();
    assert_eq!((x.numbers(), x.rows), ([1.0, 3.0].as_slice(), 2));
    assert!(x.is_integers());
    let none = read(&table, "x", Some(&[false; 4])).unwrap();
    assert_eq!((none.numbers().len(), none.rows), (0, 0));
}

#[test]
fn parts_in_the_order_of_rows() {
    let folder = TempDir::new().unwrap();
    let table = table(&folder, "a.csv", "x\n5\n1\n\n4\n2\n");
    let parts = parts(&table, "x", None, 2).unwrap();
    let numbers: Vec<&[f64]> = parts.iter().map(|part| part.numbers()).collect();
    // An empty line is no row.
    assert_eq!(numbers, [[1.0, 5.0].as_slice(), &[2.0, 4.0]]);
}

#[test]
fn categories_of_both_sides_in_order() {
    let folder = TempDir::new().unwrap();
    let a = table(&folder, "a.csv", "x,k\n0,b\n-0.0,c\n2.5,b\n");
    let b = table(&folder, "b.csv", "x,k\n1,a\n0,b\n0,b\n2,c\n");
    let bins = |name| {
        let sides = [&a, &b].map(|table| read(table, name, None).unwrap());
        categories(&sides[0], &sides[1])
    };
    let expected = |pairs: &[(u64, u64)]| -> Vec<Bin> {
        pairs
            .iter()
            .map(|(reference, current)| Bin { reference: *reference, current: *current })
            .collect()
    };
    // 0 and -0 are one value.
    assert_eq!(bins("x"), expected(&[(2, 2), (0, 1), (0, 1), (1, 0)]));
    assert_eq!(bins("k"), expected(&[(0, 1), (2, 2), (1, 1)]));
}
