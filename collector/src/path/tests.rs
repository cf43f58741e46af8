//! Building and parsing are inverse, and nothing else parses.

use proptest::prelude::*;

use super::*;

fn source(names: [&str; 4]) -> Source {
    let [endpoint, deployment, model, version] = names.map(str::to_owned);
    Source { endpoint, deployment, model, version, model_digest: "d".to_owned(), baseline: None }
}

fn writer(replica: &str, boot: &str, seq: u64) -> Writer {
    Writer { replica: replica.to_owned(), boot: boot.to_owned(), seq }
}

/// 2026-11-23 10:15:00 UTC.
const TIME_US: i64 = 1_795_428_900_000_000;

const GOOD: &str = "rows/v1/endpoint=fraud/deployment=blue/model=cards/version=2b\
                    /date=2026-11-23/hour=10/pod-7-b00t-00000042.parquet";

#[test]
fn as_the_layout_says() {
    let source = source(["fraud", "blue", "cards", "2b"]);
    let path = RowsPath::new(&source, TIME_US, writer("pod-7", "b00t", 42)).unwrap();
    assert_eq!(path.to_string(), GOOD);
    assert_eq!(path.object().as_ref(), GOOD, "the store changes nothing");
    assert_eq!(RowsPath::parse(GOOD).unwrap(), path);
    assert_eq!(path.hour_us(), 1_795_428_000_000_000..1_795_431_600_000_000);
    assert_eq!((path.writer().replica.as_str(), path.writer().seq), ("pod-7", 42));
}

#[test]
fn edges_of_time() {
    let source = source(["e", "d", "m", "1"]);
    let at = |time_us| RowsPath::new(&source, time_us, writer("r", "b", 0));
    assert!(at(0).unwrap().to_string().contains("date=1970-01-01/hour=00/"));
    let last = HOURS_END * HOUR_US - 1;
    assert!(at(last).unwrap().to_string().contains("date=9998-12-31/hour=23/"));
    assert_eq!(RowsPath::parse(&at(last).unwrap().to_string()).unwrap(), at(last).unwrap());
    for time_us in [-1, last + 1, i64::MIN, i64::MAX] {
        assert!(matches!(at(time_us), Err(Error::Path(_))), "{time_us}");
    }
}

#[test]
fn illegal_names() {
    let good = ["e", "d", "m", "1"];
    for place in 0..4 {
        for bad in ["", ".", "..", "-a", "_a", "a/b", "a=b", "a b", "é", "a\n", &"x".repeat(65)] {
            let mut names = good;
            names[place] = bad;
            let built = RowsPath::new(&source(names), 0, writer("r", "b", 0));
            assert!(matches!(built, Err(Error::Name { .. })), "{bad:?} at {place}");
        }
    }
    let longest = "b".repeat(64);
    let with = |replica, boot| RowsPath::new(&source(good), 0, writer(replica, boot, 0));
    assert!(with("pod-7.x_y", &longest).is_ok());
    assert!(matches!(with("a/b", "b"), Err(Error::Name { what: "replica", .. })));
    assert!(matches!(with("r", ""), Err(Error::Name { what: "boot", .. })));
    assert!(matches!(with("r", "a-b"), Err(Error::Boot(_))));
}

#[test]
fn near_misses() {
    let changed = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1)
    };
    let cases = [
        changed("rows/v1", "rows/v2"),
        changed("rows/v1/", "rows/v1//"),
        changed("rows", "/rows"),
        changed("endpoint=", "endpoint:"),
        changed("endpoint=fraud", "endpoint="),
        changed("deployment=blue/", ""),
        changed("2026-11-23", "2026-13-23"),
        changed("2026-11-23", "2026-02-29"),
        changed("2026-11-23", "2026-1-23"),
        changed("2026-11-23", "+026-11-23"),
        changed("2026-11-23", "1969-12-31"),
        changed("2026-11-23", "9999-01-01"),
        changed("2026-11-23", "2026-11-23-1"),
        changed("hour=10", "hour=24"),
        changed("hour=10", "hour=1"),
        changed("hour=10", "hour=+1"),
        changed("hour=10", "hour=010"),
        changed("00000042", "42"),
        changed("00000042", "000000042"),
        changed("00000042", "99999999999999999999999"),
        changed("00000042", "0000004x"),
        changed("pod-7-b00t-", "b00t-"),
        changed(".parquet", ".parquet.tmp"),
        changed(".parquet", ""),
        changed(".parquet", ".parquet#1"),
        format!("{GOOD}/x"),
        format!("x/{GOOD}"),
        String::new(),
    ];
    for case in cases {
        assert!(matches!(RowsPath::parse(&case), Err(Error::Path(_))), "{case}");
    }
}

#[test]
fn the_day_of_a_prefix() {
    let day = |text: &str| day_us(&Path::from(text));
    assert_eq!(day("a/b/date=1970-01-02"), Some(24 * HOUR_US..48 * HOUR_US));
    assert_eq!(day("a/date=x"), None);
    assert_eq!(day("a/hour=10"), None);
    assert_eq!(day(""), None);
}

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
}

proptest! {
    #[test]
    fn parse_of_build_is_the_same(
        names in [name(), name(), name(), name()],
        time_us in 0..HOURS_END * HOUR_US,
        replica in name(),
        boot in "[A-Za-z0-9][A-Za-z0-9._]{0,63}",
        seq: u64,
    ) {
        let source = source([&names[0], &names[1], &names[2], &names[3]]);
        let path = RowsPath::new(&source, time_us, writer(&replica, &boot, seq)).unwrap();
        prop_assert!(path.hour_us().contains(&time_us));
        prop_assert_eq!(&RowsPath::parse(&path.to_string()).unwrap(), &path);
        prop_assert_eq!(&RowsPath::parse(path.object().as_ref()).unwrap(), &path);
    }

    #[test]
    fn junk_is_an_error(text in any::<String>()) {
        prop_assert!(RowsPath::parse(&text).is_err());
    }

    /// What parses after a change is exactly what it would build.
    #[test]
    fn whatever_parses_builds_itself(place in 0..GOOD.len(), with in any::<char>()) {
        let mut text = GOOD.to_owned();
        text.replace_range(place..=place, &with.to_string());
        if let Ok(path) = RowsPath::parse(&text) {
            prop_assert_eq!(path.to_string(), text);
        }
    }
}
