//! Files that change as a kubelet and a careless person change them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::Reloaded;

fn text(path: &Path) -> Reloaded<String> {
    let parse = |contents: &[Vec<u8>]| {
        let text = String::from_utf8_lossy(&contents[0]).into_owned();
        if text.starts_with("bad") { Err("is bad".to_owned()) } else { Ok(text) }
    };
    Reloaded::open(vec![path.to_owned()], parse).unwrap()
}

#[test]
fn a_swapped_link_is_seen_and_an_unchanged_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (version, content) in [("one", "first"), ("two", "second")] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("key"), content).unwrap();
    }
    symlink("one", at("data")).unwrap();
    let value = text(&at("data").join("key"));
    assert_eq!((value.load().as_str(), value.refresh()), ("first", None));
    symlink("two", at("next")).unwrap();
    fs::rename(at("next"), at("data")).unwrap();
    assert_eq!((value.refresh(), value.load().as_str()), (Some(Ok(())), "second"));
    assert_eq!(value.refresh(), None);
}

#[test]
fn a_bad_or_missing_file_keeps_the_old_value_and_is_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "good").unwrap();
    let value = text(&path);
    fs::write(&path, "bad").unwrap();
    assert_eq!(value.refresh(), Some(Err("is bad".to_owned())));
    assert_eq!(value.refresh(), None);
    fs::remove_file(&path).unwrap();
    let gone = value.refresh().unwrap().unwrap_err();
    assert!(gone.contains("key") && value.refresh().is_none(), "{gone}");
    assert_eq!(value.load().as_str(), "good");
    fs::write(&path, "better").unwrap();
    assert_eq!((value.refresh(), value.load().as_str()), (Some(Ok(())), "better"));
}

#[test]
fn what_cannot_be_read_at_first_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge");
    let open = || Reloaded::open(vec![path.clone()], |_| Ok(()));
    assert!(open().unwrap_err().contains("huge"));
    fs::write(&path, vec![b'k'; (1 << 20) + 1]).unwrap();
    assert!(open().unwrap_err().contains("larger"));
}
