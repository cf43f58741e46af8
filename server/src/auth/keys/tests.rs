//! Right, wrong and rotated keys.

use std::fs;
use std::path::Path;

use super::Keys;
use crate::auth::secret::Secret;
use crate::auth::{Denied, Presented};

const FIRST: &str = "first-key-0123456789";
const SECOND: &str = "second-key-0123456789";

fn bearer(key: &str) -> Presented<'_> {
    Presented { bearer: Some(Secret::new(key.as_bytes())), api_key: None }
}

fn header(key: &str) -> Presented<'_> {
    Presented { bearer: None, api_key: Some(Secret::new(key.as_bytes())) }
}

fn open(folder: &Path, primary: &str, secondary: &str) -> Result<Keys, String> {
    let files = [("primary", primary), ("secondary", secondary)];
    let write = |(name, content)| {
        fs::write(folder.join(name), content).unwrap();
        folder.join(name)
    };
    Keys::open(files.map(write).to_vec())
}

#[test]
fn either_key_in_either_header_is_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path(), &format!("{FIRST}\n"), SECOND).unwrap();
    for key in [FIRST, SECOND] {
        assert_eq!(keys.admit(bearer(key)), Ok(()));
        assert_eq!(keys.admit(header(key)), Ok(()));
    }
    assert_eq!(keys.admit(Presented::default()), Err(Denied::NoKey));
    for wrong in ["", "first-key-012345678", "first-key-0123456789x", "FIRST-KEY-0123456789"] {
        assert_eq!(keys.admit(bearer(wrong)), Err(Denied::WrongKey), "{wrong}");
        assert_eq!(keys.admit(header(wrong)), Err(Denied::WrongKey), "{wrong}");
    }
}

#[test]
fn keys_rotate_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let keys = open(folder.path(), FIRST, "").unwrap();
    assert_eq!(keys.admit(bearer("")), Err(Denied::WrongKey), "an empty file is no empty key");
    fs::write(folder.path().join("secondary"), SECOND).unwrap();
    keys.renew("test");
    assert_eq!(keys.admit(bearer(FIRST)).and(keys.admit(bearer(SECOND))), Ok(()));
    fs::write(folder.path().join("primary"), "third-key-0123456789").unwrap();
    keys.renew("test");
    assert_eq!(keys.admit(bearer(FIRST)), Err(Denied::WrongKey));
    assert_eq!(keys.admit(bearer(SECOND)), Ok(()));
    fs::write(folder.path().join("primary"), "short").unwrap();
    keys.renew("test");
    assert_eq!(keys.admit(bearer("third-key-0123456789")), Ok(()), "a bad file changes nothing");
}

#[test]
fn unsound_keys_are_refused_by_their_file_and_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    for (primary, secondary, culprit) in [
        ("", SECOND, "primary"),
        ("short", SECOND, "primary"),
        (FIRST, "short", "secondary"),
        (FIRST, "two words 0123456789", "secondary"),
        (FIRST, "sch\u{fc}ssel-0123456789", "secondary"),
    ] {
        let error = open(folder.path(), primary, secondary).unwrap_err();
        assert!(error.contains(culprit), "{error}");
        assert!(!error.contains("0123456789"), "{error}");
    }
    let keys = open(folder.path(), FIRST, SECOND).unwrap();
    assert!(!format!("{keys:?} {:?}", bearer(FIRST)).contains("key-0"), "{keys:?}");
}
