//! A reference file of either kind is learnt from, and what is wrong with it is said with its name.

use std::path::PathBuf;

use tempfile::TempDir;

use super::Reference;
use crate::cli::drift::performance::task::Task;

fn task(score: &str, positive: Option<&str>) -> Task {
    let positive = positive.map(str::to_owned);
    Task::Binary { scores: vec![score.to_owned()], threshold: 0.5, positive }
}

fn csv(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reference.csv");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

fn refused(text: &str, label: &str, task: &Task) -> String {
    let (_folder, file) = csv(text);
    let failure = Reference::read(&file, label, task).unwrap_err();
    assert_eq!(failure.code, 1);
    let why = failure.messages.join("\n");
    assert!(why.contains("reference.csv"), "{why}");
    why
}

#[test]
fn scores_are_found_with_and_without_their_prefix() {
    for header in ["out.p,label", "p,label"] {
        let (_folder, file) = csv(&format!("{header}\n0.1,0\n0.9,1\n0.8,\n7,1\n"));
        let found = Reference::read(&file, "label", &task("out.p", None)).unwrap();
        assert_eq!((found.rows, found.unusable), (2, 2), "{header}");
        assert_eq!(format!("{},label", found.score), header);
        assert_eq!(found.cbpe().threshold, 0.5);
    }
}

#[test]
fn labels_are_read_as_posted_ones_are() {
    for (positive, labels, rows) in [
        (None, ["1", "0", "1"], 3),
        (None, ["true", "false", "true"], 3),
        (None, ["True", "0.0", "maybe"], 2),
        (Some("true"), ["true", "false", "true"], 3),
        (Some("fraud"), ["fraud", "fine", "else"], 3),
    ] {
        let [a, b, c] = labels;
        let (_folder, file) = csv(&format!("p,y\n0.9,{a}\n0.1,{b}\n0.2,{c}\n"));
        let found = Reference::read(&file, "y", &task("p", positive)).unwrap();
        assert_eq!(found.rows, rows, "{positive:?} {labels:?}");
        // All positive ones, and no other, are said so but for the last.
        let accuracy = found.cbpe().spreads.recall.unwrap().deviation;
        let hits = if labels == ["1", "0", "1"] || labels[2] == "true" { 0.5 } else { 0.0 };
        assert_eq!(accuracy, hits, "{positive:?} {labels:?}");
    }
}

#[test]
fn what_is_wrong_is_said_with_the_file() {
    let both = task("out.p", None);
    assert!(refused("x,label\n1,1\n", "label", &both).contains("`out.p` or `p`"));
    assert!(refused("p,label\n1,1\n", "truth", &both).contains("`truth`"));
    assert!(refused("p,label\nmuch,1\n", "label", &both).contains("`p`"));
    assert!(refused("p,label\n7,1\n", "label", &both).contains("no row"));
    let (_folder, file) = csv("p,label\n1,1\n");
    let other = Task::Regression { scores: vec!["p".to_owned()] };
    assert_eq!(Reference::read(&file, "label", &other).unwrap_err().code, 64);
}
