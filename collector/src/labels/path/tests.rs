//! Paths as they are written, and names and times that have none.

use super::*;

fn writer(replica: &str, boot: &str, seq: u64) -> Writer {
    Writer { replica: replica.to_owned(), boot: boot.to_owned(), seq }
}

#[test]
fn a_path_is_the_day_of_receipt() {
    // 2026-11-23 23:59:59.999999 UTC, and a microsecond later.
    let last = 1_795_478_399_999_999;
    let path = |time| LabelsPath::new("fraud", time, writer("pod-7", "b00t", 3)).unwrap();
    let today = "labels/v1/endpoint=fraud/date=2026-11-23/pod-7-b00t-00000003.parquet";
    assert_eq!(path(last).to_string(), today);
    assert_eq!(path(last).object().as_ref(), today);
    assert!(path(last + 1).to_string().contains("date=2026-11-24/"));
}

#[test]
fn what_has_no_path() {
    let refused = |endpoint, time, boot| {
        LabelsPath::new(endpoint, time, writer("pod-7", boot, 0)).unwrap_err()
    };
    assert!(matches!(refused("../x", 0, "b"), Error::Name { what: "endpoint", .. }));
    assert!(matches!(refused("fraud", -1, "b"), Error::Path(_)));
    assert!(matches!(refused("fraud", i64::MAX, "b"), Error::Path(_)));
    assert!(matches!(refused("fraud", 0, "b-1"), Error::Boot(_)));
}

#[test]
fn a_path_is_read_as_it_is_written() {
    let path = LabelsPath::new("fraud", 1_795_478_399_999_999, writer("pod-7", "b00t", 3)).unwrap();
    let text = path.to_string();
    assert_eq!(LabelsPath::parse(&text).unwrap(), path);
    let others = [
        text.replace("labels/v1", "rows/v1"),
        text.replace("endpoint=fraud", "endpoint=.."),
        text.replace("date=2026-11-23", "date=2026-11-31"),
        text.replace("00000003", "3"),
        text.replace(".parquet", ".parquet#1"),
        format!("{text}/more"),
    ];
    for other in others {
        assert!(matches!(LabelsPath::parse(&other), Err(Error::Path(_))), "{other}");
    }
}
