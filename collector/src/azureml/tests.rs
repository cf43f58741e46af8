//! Lines as Azure's collector writes them: every kind of value, what JSON has no word for, long
//! data.

use serde_json::Value;

use super::*;
use crate::columns::columns;
use crate::columns::tests::{bytes, record};
use crate::row::{Block, Kind, Record, Values};
use crate::schema::tests::{block, source};
use crate::spool::entry::Entry;

const WORKSPACE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

/// The files of records; each is an entry, whose place is its number by a million.
fn files(blocks: Vec<Block>, records: &[Record<'_>]) -> Vec<(&'static str, String)> {
    files_from(blocks, records, 0)
}

/// The same when the entries begin with a later row of their requests.
fn files_from(
    blocks: Vec<Block>,
    records: &[Record<'_>],
    first_row: u32,
) -> Vec<(&'static str, String)> {
    let schema = RowSchema::new(source(), blocks).unwrap();
    let entries: Vec<_> = records.iter().map(bytes).collect();
    let mut rows = Vec::new();
    for (number, bytes) in entries.iter().enumerate() {
        let mut entry = Entry::read(bytes).unwrap();
        entry.first_row = first_row;
        rows.push(Rows { entry, place: number as u128 * 1_000_000, sampled_weight: 1.0 });
    }
    let mut lines = Lines::new(WORKSPACE, &schema);
    // Two chunks, as `encode` has them.
    for chunk in rows.chunks(rows.len().div_ceil(2)) {
        lines.add(chunk, &columns(&schema, chunk, 9).unwrap());
    }
    lines.files().map(|(of, lines)| (of, String::from_utf8(lines).unwrap())).collect()
}

fn read(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_line_is_as_azure_writes_it() {
    let blocks = vec![block(Kind::F32, &["in.a", "in.b"]), block(Kind::I64, &["out.label"])];
    let values = [Values::F32(&[0.1, 2.0, -1e20, 5.5]), Values::I64(&[7, -8])];
    let time_us = 1_709_662_585_999_999;
    let one = Record { time_us, correlation_id: Some("c\"1"), ..record("r", 2, &values) };
    let files = files(blocks, &[one]);
    let [(inputs, first), (outputs, second)] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!((*inputs, *outputs), ("model_inputs", "model_outputs"));
    let data = r#"[{"a":0.1,"b":2.0},{"a":-1e+20,"b":5.5}]"#;
    let id = read(first)[0]["id"].as_str().unwrap().to_owned();
    let line = [
        r#"{"specversion":"1.0","id":""#,
        &id,
        r#"","source":""#,
        WORKSPACE,
        r#"/onlineEndpoints/fraud/deployments/blue","type":"azureml.inference.model_inputs","#,
        r#""datacontenttype":"application/json","time":"2024-03-05T18:16:25Z","data":"#,
        data,
        &format!(r#","contentrange":"bytes 0-{}/{}","#, data.len() - 1, data.len()),
        r#""correlationid":"c\"1","xrequestid":"r","modelversion":"2","#,
        r#""collectdatatype":"pandas.core.frame.DataFrame","agent":"skeg/"#,
        env!("CARGO_PKG_VERSION"),
        "\"}\n",
    ];
    assert_eq!(*first, line.concat());
    let uuid = uuid::Uuid::try_parse(&id).unwrap();
    assert_eq!((uuid.get_version_num(), uuid.get_variant()), (8, uuid::Variant::RFC4122));
    let second = &read(second)[0];
    assert_eq!(second["data"].to_string(), r#"[{"label":7},{"label":-8}]"#);
    assert_eq!(second["type"], "azureml.inference.model_outputs");
    assert_eq!(second["correlationid"], "c\"1");
    assert_ne!(second["id"], id);
}

#[test]
fn every_kind_reads_back() {
    let nasty = "a \"b\"\\\n\r\u{2028}\u{0}å".to_owned();
    let texts = [nasty.clone()];
    let values = [
        Values::Bool(&[true]),
        Values::U8(&[255]),
        Values::U16(&[65535]),
        Values::U32(&[u32::MAX]),
        Values::U64(&[u64::MAX]),
        Values::I8(&[-128]),
        Values::I16(&[-32768]),
        Values::I32(&[i32::MIN]),
        Values::I64(&[i64::MIN]),
        Values::F32(&[f32::MIN_POSITIVE]),
        Values::F64(&[0.1 + 0.2]),
        Values::Text(&texts),
        Values::F32(&[f32::NAN]),
        Values::F32(&[f32::INFINITY]),
        Values::F64(&[f64::NEG_INFINITY]),
    ];
    let named = values.iter().enumerate();
    let blocks: Vec<_> = named.map(|(at, v)| block(v.kind(), &[&format!("in.{at}")])).collect();
    let files = files(blocks, &[record("r", 1, &values)]);
    assert_eq!(files.len(), 1, "no outputs, no file of them");
    assert_eq!(files[0].1.matches('\n').count(), 1);
    let row = &read(&files[0].1)[0]["data"][0];
    let of = |at: usize| &row[at.to_string()];
    assert_eq!(*of(0), Value::Bool(true));
    assert_eq!(
        [1, 2, 3, 4].map(|at| of(at).as_u64().unwrap()),
        [255, 65535, 0xffff_ffff, u64::MAX]
    );
    let signed = [5, 6, 7, 8].map(|at| of(at).as_i64().unwrap());
    assert_eq!(signed, [-128, -32768, i64::from(i32::MIN), i64::MIN]);
    assert_eq!(of(9).to_string().parse::<f32>().unwrap(), f32::MIN_POSITIVE);
    assert_eq!(of(10).as_f64().unwrap(), 0.1 + 0.2);
    assert_eq!(of(11).as_str().unwrap(), nasty);
    assert!([12, 13, 14].iter().all(|at| of(*at).is_null()));
}

#[test]
fn each_request_has_a_line_and_its_own_id() {
    let blocks = || vec![block(Kind::I32, &["in.a"]), block(Kind::I32, &["out.b"])];
    let values = [
        [Values::I32(&[1, 2]), Values::I32(&[3, 4])],
        [Values::I32(&[5, 6]), Values::I32(&[7, 8])],
        [Values::I32(&[9, 10]), Values::I32(&[11, 12])],
    ];
    let records: Vec<_> = values.iter().map(|values| record("same", 2, values)).collect();
    let made = files(blocks(), &records);
    assert_eq!(made, files(blocks(), &records));
    let lines: Vec<Value> = made.iter().flat_map(|(_, lines)| read(lines)).collect();
    assert_eq!(lines.len(), 6);
    assert!(lines.iter().all(|line| line["correlationid"] == "same"));
    let data = |at: usize| lines[at]["data"].to_string();
    assert_eq!(
        (data(1), data(5)),
        (r#"[{"a":5},{"a":6}]"#.into(), r#"[{"b":11},{"b":12}]"#.into())
    );
    let ids: std::collections::HashSet<_> = lines.iter().map(|line| &line["id"]).collect();
    assert_eq!(ids.len(), 6);
    // Of another version of the program, or with another workspace.
    let [(_, inputs), (_, outputs)] = made.as_slice() else { panic!("two") };
    let other = inputs.replace("skeg/", "skeg/9").replace("workspaces/w", "workspaces/x");
    assert_ne!(*inputs, other);
    assert!(is_same(inputs.as_bytes(), other.as_bytes()));
    assert!(!is_same(inputs.as_bytes(), outputs.as_bytes()));
    assert!(!is_same(b"", b"") && !is_same(START, START));
}

#[test]
fn long_data_is_divided_between_the_same_rows_on_both_sides() {
    const ROWS: usize = 50_000;
    let blocks = || vec![block(Kind::Text, &["in.text"]), block(Kind::U32, &["out.n"])];
    let texts: Vec<String> = (0..ROWS).map(|n| "x".repeat(n % 100)).collect();
    let numbers: Vec<u32> = (0..ROWS as u32).collect();
    let values = [Values::Text(&texts), Values::U32(&numbers)];
    let files = files_from(blocks(), &[record("r", ROWS, &values)], 10);
    let [(_, inputs), (_, outputs)] = files.as_slice() else { panic!("two") };
    let (inputs, outputs) = (read(inputs), read(outputs));
    assert!(inputs.len() > 2 && inputs.len() == outputs.len());
    let mut next = 0;
    for (input, output) in inputs.iter().zip(&outputs) {
        // Row 10 of the request was the first here: another entry has those before.
        assert_eq!(input["correlationid"], format!("r-{}", 10 + next));
        assert_eq!(
            (&input["correlationid"], "r"),
            (&output["correlationid"], input["xrequestid"].as_str().unwrap())
        );
        let length = input["data"].to_string().len();
        assert!(
            length <= MOST_DATA
                && input["contentrange"] == format!("bytes 0-{}/{length}", length - 1)
        );
        let (texts_of, numbers_of) =
            (input["data"].as_array().unwrap(), output["data"].as_array().unwrap());
        assert_eq!(texts_of.len(), numbers_of.len());
        for (text, number) in texts_of.iter().zip(numbers_of) {
            assert_eq!(
                (text["text"].as_str().unwrap(), number["n"].as_u64().unwrap()),
                (texts[next].as_str(), next as u64)
            );
            next += 1;
        }
    }
    assert_eq!(next, ROWS);
}

#[test]
fn a_row_longer_than_a_line_may_be_has_one_to_itself() {
    let texts = ["x".repeat(MOST_DATA), "y".to_owned(), "z".repeat(2 * MOST_DATA)];
    let blocks = vec![block(Kind::Text, &["in.text"])];
    let files = files(blocks, &[record("r", 3, &[Values::Text(&texts)])]);
    let lines = read(&files[0].1);
    let ids: Vec<_> = lines.iter().map(|line| line["correlationid"].as_str().unwrap()).collect();
    assert_eq!(ids, ["r", "r-1", "r-2"]);
    assert!(lines.iter().all(|line| line["data"].as_array().unwrap().len() == 1));
}
