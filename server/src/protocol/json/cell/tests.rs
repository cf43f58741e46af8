//! Whole numbers may be written with a point; nothing else is bent.

use super::Cell;
use crate::protocol::json::cursor::Cursor;

fn read<T: Cell>(text: &str) -> Option<T> {
    T::read(&mut Cursor::new(text.as_bytes(), 9)).ok()
}

#[test]
fn whole_numbers_may_have_a_point() {
    assert_eq!(read::<i64>("3.0"), Some(3));
    assert_eq!(read::<i8>("-128.0"), Some(-128));
    assert_eq!(read::<u64>("18446744073709551615"), Some(u64::MAX));
    assert_eq!(read::<i32>("1e3"), Some(1000));
    for text in ["3.5", "null", "\"3\"", "1e300", "true"] {
        assert_eq!(read::<i64>(text), None, "{text}");
    }
    assert_eq!(read::<i8>("128.0"), None);
    assert_eq!(read::<u8>("-1.0"), None);
    assert_eq!(read::<u64>("18446744073709551616.0"), None);
}

#[test]
fn other_types_are_what_they_are() {
    assert!(read::<f32>("null").unwrap().is_nan());
    assert_eq!(read::<f64>("1"), Some(1.0));
    assert_eq!(read::<String>("\"a\""), Some("a".to_owned()));
    assert_eq!(read::<String>("1"), None);
    assert_eq!(read::<bool>("1"), None);
}
