//! What makes a schema, what does not, and which records fit.

use super::*;
use crate::row::Values;

pub(crate) fn source() -> Source {
    Source {
        endpoint: "fraud".to_owned(),
        deployment: "blue".to_owned(),
        model: "cards".to_owned(),
        version: "2".to_owned(),
        model_digest: "sha256:00".to_owned(),
        baseline: None,
    }
}

pub(crate) fn block(kind: Kind, columns: &[&str]) -> Block {
    Block { kind, columns: columns.iter().map(|name| (*name).to_owned()).collect() }
}

#[test]
fn refusals_name_the_culprit() {
    let many = (0..=MAX_COLUMNS).map(|n| format!("in.{n}")).collect();
    let cases = [
        (vec![block(Kind::F32, &["in.a"]), block(Kind::I64, &[])], "block 1 has no columns"),
        (vec![block(Kind::F32, &["in.a", ""])], "an empty column name"),
        (vec![block(Kind::F32, &["in.a", "in.a"])], "column `in.a` is repeated"),
        (vec![block(Kind::F32, &["in.a"]), block(Kind::I8, &["in.a"])], "column `in.a`"),
        (vec![block(Kind::F32, &["request_id"])], "column `request_id`"),
        (vec![block(Kind::F32, &["model_digest"])], "column `model_digest`"),
        (vec![block(Kind::F32, &["version"])], "column `version`"),
        (vec![block(Kind::F32, &["hour"])], "column `hour`"),
        (vec![block(Kind::F32, &[&"é".repeat(257)])], "over 512 bytes"),
        (vec![Block { kind: Kind::F32, columns: many }], "4097 columns, at most 4096"),
    ];
    for (blocks, want) in cases {
        let message = RowSchema::new(source(), blocks).expect_err(want).to_string();
        assert!(message.starts_with("row schema of fraud/blue/cards:2: "), "{message}");
        assert!(message.contains(want), "{message}");
    }
    // A model may have nothing that is a value per row; that it answered is a row all the same.
    assert!(RowSchema::new(source(), vec![]).is_ok());
    let most = (0..MAX_COLUMNS).map(|n| format!("in.{n}")).collect();
    assert!(RowSchema::new(source(), vec![Block { kind: Kind::F32, columns: most }]).is_ok());
}

#[test]
fn a_source_must_make_a_path() {
    let of = |change: &dyn Fn(&mut Source)| {
        let mut source = source();
        change(&mut source);
        RowSchema::new(source, vec![block(Kind::F32, &["in.a"])])
    };
    assert!(of(&|_| {}).is_ok());
    assert!(matches!(of(&|s| s.endpoint.clear()), Err(Error::Name { what: "endpoint", .. })));
    assert!(matches!(of(&|s| s.version = "../1".to_owned()), Err(Error::Name { .. })));
}

#[test]
fn what_fits() {
    let blocks = vec![block(Kind::F32, &["in.a", "in.b"]), block(Kind::Text, &["out.t"])];
    let schema = RowSchema::new(source(), blocks).unwrap();
    let fits =
        |rows, values: Vec<Values>| schema.fits(&crate::columns::tests::record("", rows, &values));
    let (texts, zeros) = (vec![String::new(); 3], vec![0.0; 6]);
    let text = |n: usize| Values::Text(&texts[..n]);
    let floats = |n: usize| Values::F32(&zeros[..n]);
    assert!(fits(1, vec![floats(2), text(1)]));
    assert!(fits(3, vec![floats(6), text(3)]));
    assert!(!fits(2, vec![floats(6), text(3)]));
    assert!(!fits(3, vec![floats(5), text(3)]));
    assert!(!fits(3, vec![floats(6)]));
    assert!(!fits(3, vec![floats(6), text(3), text(3)]));
    assert!(!fits(3, vec![text(3), floats(6)]));
    assert!(!fits(3, vec![Values::F64(&[0.0; 6]), text(3)]));
    assert!(!fits(usize::MAX, vec![floats(6), text(3)]), "no overflow");
}

#[test]
fn identity_is_source_and_columns() {
    let base = || RowSchema::new(source(), vec![block(Kind::F32, &["in.a", "in.b"])]).unwrap();
    assert_eq!(base().id(), base().id());
    let others = [
        RowSchema::new(source(), vec![block(Kind::F32, &["in.b", "in.a"])]),
        RowSchema::new(source(), vec![block(Kind::F64, &["in.a", "in.b"])]),
        RowSchema::new(source(), vec![block(Kind::F32, &["in.a"])]),
        RowSchema::new(source(), vec![block(Kind::F32, &["in.a\t8:float32\n4:in.b"])]),
        RowSchema::new(
            Source { deployment: "green".to_owned(), ..source() },
            base().blocks().to_vec(),
        ),
    ];
    for other in others {
        assert_ne!(other.unwrap().id(), base().id());
    }
    // Two blocks or one, the table is the same.
    let split = vec![block(Kind::F32, &["in.a"]), block(Kind::F32, &["in.b"])];
    let split = RowSchema::new(source(), split).unwrap();
    assert_eq!(split.hash(), base().hash());
    // In the spool they are not.
    assert_ne!(split.id(), base().id());
}
