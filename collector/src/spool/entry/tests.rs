//! Entries say what was written, whole or in parts; bytes that are none are refused, never a panic.

use proptest::prelude::*;

use super::{Entry, each_text, size, write};
use crate::row::{Kind, Record, Route, TraceContext, Values};
use crate::schema::RowSchema;
use crate::schema::tests::{block, source};

fn schema() -> RowSchema {
    let blocks = vec![
        block(Kind::F32, &["in.a", "in.b", "in.c"]),
        block(Kind::Bool, &["in.d"]),
        block(Kind::Text, &["in.e", "in.f"]),
        block(Kind::I64, &["out.g"]),
    ];
    RowSchema::new(source(), blocks).unwrap()
}

fn bytes(record: &Record<'_>, rows: std::ops::Range<usize>) -> Vec<u8> {
    let mut out = vec![0; size(record, &rows, None).unwrap()];
    write(9, record, &rows, None, &mut out);
    out
}

fn blocks<'s>(entry: &Entry<'s>, schema: &RowSchema) -> Option<Vec<&'s [u8]>> {
    let mut blocks = Vec::new();
    entry.blocks(schema, &mut blocks).map(|()| blocks)
}

#[test]
fn rows_are_read_as_they_were_written() {
    let floats: Vec<f32> = (0..9).map(|n| n as f32 + 0.5).collect();
    let texts = ["", "å", "longer than a word", "x", "y", "z"].map(str::to_owned);
    let values = [
        Values::F32(&floats),
        Values::Bool(&[true, false, true]),
        Values::Text(&texts),
        Values::I64(&[-1, 2, i64::MAX]),
    ];
    let route = Route { weight: 12.5, sticky_hash: Some(0), is_named: true };
    let trace = Some(TraceContext { trace_id: 1 << 100, span_id: 7 });
    let record = Record {
        request_id: "request",
        correlation_id: Some(""),
        trace,
        time_us: -5,
        latency_us: 77,
        revision: 1 << 40,
        route,
        rows: 3,
        values: &values,
    };
    for rows in [0..3, 1..3, 2..3, 0..0] {
        let bytes = bytes(&record, rows.clone());
        let entry = Entry::read(&bytes).unwrap();
        assert_eq!((entry.lane, entry.request_id, entry.correlation_id), (9, "request", Some("")));
        assert_eq!((entry.trace, entry.time_us, entry.latency_us), (trace, -5, 77));
        assert_eq!((entry.revision, entry.route), (1 << 40, route));
        assert_eq!((entry.first_row as usize, entry.rows as usize), (rows.start, rows.len()));
        let blocks = blocks(&entry, &schema()).unwrap();
        let found: Vec<f32> =
            blocks[0].as_chunks().0.iter().map(|b| f32::from_ne_bytes(*b)).collect();
        assert_eq!(found, floats[rows.start * 3..rows.end * 3]);
        assert_eq!(blocks[1], [1, 0, 1][rows.clone()].to_vec());
        assert!(each_text(blocks[2]).eq(&texts[rows.start * 2..rows.end * 2]));
        assert_eq!(blocks[3].len(), rows.len() * 8);
    }
    let plain = Record { correlation_id: None, trace: None, route: Route::default(), ..record };
    let bytes = bytes(&plain, 0..3);
    let entry = Entry::read(&bytes).unwrap();
    assert_eq!((entry.correlation_id, entry.trace, entry.route), (None, None, Route::default()));
}

proptest! {
    #[test]
    fn bytes_that_are_no_entry_are_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        damage in any::<(usize, u8)>(),
    ) {
        let schema = schema();
        let _ = Entry::read(&bytes).map(|entry| blocks(&entry, &schema));
        let texts = ["a", "b"].map(str::to_owned);
        let values = [
            Values::F32(&[1.0, 2.0, 3.0]),
            Values::Bool(&[true]),
            Values::Text(&texts),
            Values::I64(&[4]),
        ];
        let record = crate::columns::tests::record("r", 1, &values);
        let mut whole = super::tests::bytes(&record, 0..1);
        let at = damage.0 % whole.len();
        whole[at] = damage.1;
        if let Some(entry) = Entry::read(&whole) && let Some(blocks) = blocks(&entry, &schema) {
            prop_assert_eq!(blocks.len(), 4);
        }
    }
}
