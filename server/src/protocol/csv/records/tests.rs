//! Records are those that the crate `csv` reads; lines that are too wide cost no memory.

use csv::ReaderBuilder;
use proptest::prelude::*;

use super::{Ragged, Records};

fn all(body: &str, most: usize) -> Result<Vec<Vec<String>>, Ragged> {
    let mut records = Records::new(body.as_bytes(), most)?;
    let mut all = Vec::new();
    while let Some(cells) = records.read()? {
        all.push(cells.iter().map(str::to_owned).collect());
    }
    Ok(all)
}

proptest! {
    #[test]
    fn records_are_those_of_the_crate(body in "(\u{feff})?[ab\u{e9},\"\r\n]{0,60}") {
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(body.as_bytes());
        let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
        let expected: Result<Vec<Vec<String>>, csv::Error> =
            reader.records().map(|record| record.map(cells)).collect();
        match (all(&body, 100), expected) {
            (Ok(found), Ok(expected)) => prop_assert_eq!(found, expected),
            (found, expected) => prop_assert_eq!(found.is_err(), expected.is_err()),
        }
    }
}

#[test]
fn what_is_too_wide_is_said_with_its_line() {
    let commas = ",".repeat(1 << 20);
    for (body, line, what) in [
        (commas.clone(), 1, "has more than 3 cells"),
        ("a,b,c,d\n".to_owned(), 1, "has more than 3 cells"),
        (format!("a,b\n\n{commas}\n"), 3, "has more than 3 cells, the header 2"),
        ("a,b\r\n1,2,3\r\n".to_owned(), 2, "has 3 cells, the header 2"),
        ("a,b\n\"1\n\",2\n3\n".to_owned(), 4, "has 1 cells, the header 2"),
    ] {
        assert_eq!(all(&body, 3), Err(Ragged { line, what: what.to_owned() }));
    }
    let mut records = Records::new(commas.as_bytes(), 3).unwrap();
    assert!(records.read().is_err());
    assert!(records.cells.capacity() < 4096 && records.ends.capacity() < 16);
    // A cell that is long is kept once.
    let long = format!("a,b\n{},2\n", "x".repeat(1 << 20));
    assert_eq!(all(&long, 3).unwrap()[1][0].len(), 1 << 20);
}
