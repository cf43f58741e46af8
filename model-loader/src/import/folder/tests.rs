//! What is inside is read, what leads out is not, and both within bounds.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

/// A folder `model` beside a file `secret`.
fn bench() -> (TempDir, Folder) {
    let outer = TempDir::new().unwrap();
    let inner = outer.path().join("model");
    fs::create_dir(&inner).unwrap();
    fs::write(outer.path().join("secret"), "outside").unwrap();
    fs::write(inner.join("a"), "inside").unwrap();
    let folder = Folder::open(&inner).unwrap();
    (outer, folder)
}

#[test]
fn a_link_is_followed_only_inside() {
    let (_outer, mut folder) = bench();
    let root = folder.root().to_owned();
    symlink("a", root.join("b")).unwrap();
    symlink("../secret", root.join("out")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    fs::create_dir(root.join("inner")).unwrap();
    fs::write(root.join(".hidden"), "").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();

    assert_eq!(folder.text(&root, "b", 6).unwrap(), "inside");
    assert_eq!(
        folder.text(&root, "inner/../a", 6).unwrap_err(),
        "`inner/../a` is no plain \
         relative path"
    );
    for name in ["out", "up/secret"] {
        assert_eq!(
            folder.text(&root, name, 100).unwrap_err(),
            format!("`{name}` leads out of the folder")
        );
    }
    assert_eq!(folder.text(&root, "dangling", 100).unwrap_err(), "`dangling` is not there");
    assert_eq!(folder.text(&root, "socket", 100).unwrap_err(), "`socket` is no regular file");
    assert_eq!(folder.text(&root, "inner", 100).unwrap_err(), "`inner` is no regular file");
    assert!(folder.text(&root, "/etc/hostname", 100).unwrap_err().contains("no plain"));

    let kinds: Vec<_> =
        folder.list(&root).unwrap().into_iter().map(|entry| (entry.name, entry.kind)).collect();
    let kinds: Vec<_> = kinds.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    assert_eq!(
        kinds,
        [
            ("a", Kind::File),
            ("b", Kind::File),
            ("dangling", Kind::Away),
            ("inner", Kind::Folder),
            ("out", Kind::Away),
            ("socket", Kind::Other),
            ("up", Kind::Away),
        ]
    );
}

#[test]
fn texts_and_listings_are_bounded() {
    let (_outer, mut folder) = bench();
    let root = folder.root().to_owned();
    let error = folder.text(&root, "a", 5).unwrap_err();
    assert_eq!(error, "`a` has more than the 5 bytes allowed");
    fs::write(root.join("b"), [0xff]).unwrap();
    assert_eq!(folder.text(&root, "b", 5).unwrap_err(), "`b` is not UTF-8 text");
    folder.entries = 3;
    assert_eq!(folder.list(&root).unwrap().len(), 2);
    assert_eq!(folder.list(&root).unwrap_err(), "more than 10000 files are in it");
}
