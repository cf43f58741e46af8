//! What ended before it said whose it was goes, nothing else does.

use std::path::Path;

use super::Estate;
use crate::spool::house::House;

fn house(spool: &Path, boot: &str, store: &str) {
    House::new(Some(spool), ("r", boot), store, 1).unwrap();
}

#[test]
fn rows_go_to_the_store_they_were_written_for() {
    let spool = tempfile::tempdir().unwrap();
    let open = |store| Estate::open(spool.path(), store).unwrap();
    house(spool.path(), "one", "az://account/a");
    house(spool.path(), "two", "az://account/b");
    let found = |estate: &mut Estate| -> Vec<String> {
        estate.left().unwrap().into_iter().map(|house| house.boot).collect()
    };
    let mut estate = open("az://account/a");
    assert_eq!(found(&mut estate), ["one"]);
    assert_eq!(estate.told.len(), 1);
    assert_eq!(found(&mut estate), ["one"]);
    assert_eq!(found(&mut open("az://account/b")), ["two"]);
    assert!(found(&mut open("az://account/c")).is_empty());
}

#[test]
fn a_folder_without_a_word_is_deleted_when_it_is_seen_again() {
    let spool = tempfile::tempdir().unwrap();
    let at = |name: &str| spool.path().join(name);
    for name in ["r-empty", "r-silent", "r-other"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    std::fs::write(at("r-silent").join("lock"), "").unwrap();
    std::fs::write(at("r-other").join("file"), "not ours").unwrap();
    let mut estate = Estate::open(spool.path(), "").unwrap();
    assert!(estate.left().unwrap().is_empty());
    assert!(at("r-empty").exists() && at("r-silent").exists());
    // One that says whose it is by then is not touched.
    house(spool.path(), "made", "");
    assert_eq!(estate.left().unwrap().len(), 1);
    assert!(!at("r-empty").exists() && !at("r-silent").exists());
    assert!(at("r-other").join("file").exists() && at("r-made").exists());
}
