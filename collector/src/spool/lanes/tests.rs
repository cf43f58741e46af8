//! Lanes come back from their file; one that is damaged ends them.

use std::sync::Arc;

use super::Lanes;
use crate::row::Kind;
use crate::schema::RowSchema;
use crate::schema::tests::{block, source};

fn schema(column: &str) -> Arc<RowSchema> {
    let blocks = vec![block(Kind::F32, &[column]), block(Kind::Text, &["out.a", "out.b"])];
    Arc::new(RowSchema::new(source(), blocks).unwrap())
}

#[test]
fn lanes_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lanes");
    let lanes = Lanes::create(Some(path.clone())).unwrap();
    let numbers: Vec<u32> = [("in.a", 1.0), ("in.b", 1.0), ("in.a", 1.0), ("in.a", 10.0)]
        .map(|(column, weight)| lanes.of(schema(column), weight).unwrap().number)
        .to_vec();
    assert_eq!(numbers, [0, 1, 0, 2]);
    let read = Lanes::read(&path).unwrap();
    for number in 0..3 {
        let (left, right) = (lanes.get(number).unwrap(), read.get(number).unwrap());
        assert_eq!(left.schema.id(), right.schema.id());
        assert_eq!((left.number, left.sampled_weight), (right.number, right.sampled_weight));
    }
    assert!(read.get(3).is_none());
    assert!(Lanes::create(Some(path)).is_err());
}

#[test]
fn a_damaged_line_ends_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lanes");
    let lanes = Lanes::create(Some(path.clone())).unwrap();
    for column in ["in.a", "in.b", "in.c"] {
        lanes.of(schema(column), 1.0).unwrap();
    }
    let good = std::fs::read_to_string(&path).unwrap();
    let damaged = [
        good.replacen("\"lane\":1", "\"lane\":2", 1),
        good.replacen("in.b", "endpoint", 1),
        good.replacen("in.b", "in.b\"", 1),
        good[..good.find("in.b").unwrap()].to_owned(),
    ];
    for text in damaged {
        std::fs::write(&path, &text).unwrap();
        let lanes = Lanes::read(&path).unwrap();
        assert!(lanes.get(0).is_some() && lanes.get(1).is_none(), "{text}");
    }
}
