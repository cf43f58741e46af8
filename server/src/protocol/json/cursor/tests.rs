//! The cursor against serde_json: what one takes the other takes, and they read the same.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::Value;

use super::Cursor;
use crate::protocol::json::JsonError;

const DEPTH: u32 = 100;

/// Reads a whole document into a tree, through the cursor alone.
fn tree(cursor: &mut Cursor<'_>) -> Result<Value, JsonError> {
    Ok(match cursor.peek() {
        Some(b'{') => {
            let mut map = serde_json::Map::new();
            cursor.object(|cursor, key| {
                map.insert(key.into_owned(), tree(cursor)?);
                Ok::<(), JsonError>(())
            })?;
            Value::Object(map)
        }
        Some(b'[') => {
            let mut items = Vec::new();
            cursor.array(|cursor| {
                items.push(tree(cursor)?);
                Ok::<(), JsonError>(())
            })?;
            Value::Array(items)
        }
        Some(b'"') => Value::String(cursor.string()?.into_owned()),
        Some(b't' | b'f') => Value::Bool(cursor.boolean()?),
        Some(b'n') if cursor.word(b"null") => Value::Null,
        _ => serde_json::from_str(cursor.number()?.text()).map_err(|_| cursor.error("a number"))?,
    })
}

fn read(text: &[u8]) -> Result<Value, JsonError> {
    let mut cursor = Cursor::new(text, DEPTH);
    let value = tree(&mut cursor)?;
    cursor.finish()?;
    Ok(value)
}

/// Whether the cursor can pass over the document.
fn skip(text: &[u8]) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(text, DEPTH);
    cursor.skip()?;
    cursor.finish()
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::hash_map(".*", inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn documents_read_as_serde_json_reads_them(value in any_json(), pretty in any::<bool>()) {
        let write = if pretty { serde_json::to_vec_pretty } else { serde_json::to_vec };
        let text = write(&value).unwrap();
        prop_assert_eq!(read(&text).unwrap(), value);
        prop_assert!(skip(&text).is_ok());
    }

    #[test]
    fn cut_and_garbled_documents_are_refused_alike(
        value in any_json(), cut in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let place = cut.index(text.len());
        text[place] = byte;
        let theirs = serde_json::from_slice::<Value>(&text);
        // The one extension: bare NaN and infinities may be passed over, never read as values.
        let shown = String::from_utf8_lossy(&text);
        prop_assert_eq!(read(&text).is_ok(), theirs.is_ok(), "{:?}", shown);
        let _ = skip(&text);
    }

    #[test]
    fn random_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&text);
        let _ = skip(&text);
    }
}

#[test]
fn numbers_keep_the_grammar() {
    for good in ["0", "-0", "1", "10.5", "1e5", "1E-5", "-1.25e+3"] {
        assert_eq!(Cursor::new(good.as_bytes(), DEPTH).number().unwrap().text(), good);
    }
    for bad in ["", "-", "01", "-01", "1.", ".5", "1e", "1e+", "+1", "x"] {
        let mut cursor = Cursor::new(bad.as_bytes(), DEPTH);
        assert!(cursor.number().and_then(|_| cursor.finish()).is_err(), "{bad}");
    }
}

#[test]
fn plain_strings_are_borrowed() {
    let mut cursor = Cursor::new(br#""plain" "es\u00e9caped\n""#, DEPTH);
    assert!(matches!(cursor.string(), Ok(Cow::Borrowed("plain"))));
    assert_eq!(cursor.string().unwrap(), "es\u{e9}caped\n");
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: u32| {
        let (open, close) = ("[".repeat(depth as usize), "]".repeat(depth as usize));
        skip((open + &close).as_bytes())
    };
    assert!(nested(DEPTH).is_ok());
    assert!(nested(DEPTH + 1).unwrap_err().what.contains("deep"));
    assert!(skip("[".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn an_error_says_where() {
    assert_eq!(read(b"[1, 2 3]").unwrap_err().at, 6);
    assert_eq!(read(b"{\"a\" 1}").unwrap_err().at, 5);
    assert_eq!(read(b"[1] x").unwrap_err().at, 4);
    assert_eq!(read(b"\"abc").unwrap_err().at, 4);
}
