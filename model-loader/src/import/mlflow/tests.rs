//! `MLmodel` files as mlflow 3.17 saved them, and what is wrong with others.

use proptest::prelude::*;

use super::signature::parse as parse_signature;
use super::*;
use crate::{Datatype, Signature, TensorSpec};

const COLUMNS: &str = include_str!("tests/columns.MLmodel");
const TENSOR: &str = include_str!("tests/tensor.MLmodel");

fn input(name: &str, datatype: Datatype, shape: &[Option<usize>]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: true,
        feature_names: Vec::new(),
        class_labels: Vec::new(),
    }
}

fn model(inputs: Vec<TensorSpec>) -> Signature {
    Signature::new(inputs, Vec::new())
}

fn matrix(columns: Option<usize>) -> Signature {
    model(vec![input("features", Datatype::Fp32, &[None, columns])])
}

fn names(text: &str, model: &Signature) -> Result<BTreeMap<String, Vec<String>>, String> {
    parse_signature(text)?.feature_names(model, &Default::default())
}

/// As a data frame's columns are written.
fn columns(of: &[(&str, &str)]) -> String {
    let columns =
        of.iter().map(|(kind, name)| format!(r#"{{"type": "{kind}", "name": "{name}"}}"#));
    format!("[{}]", columns.collect::<Vec<_>>().join(","))
}

#[test]
fn what_mlflow_saved_is_read() {
    for text in [COLUMNS, TENSOR] {
        let said = parse(text).unwrap();
        assert_eq!(said.data(), Ok("model.onnx"));
        let inputs = said.signature.as_ref().unwrap().inputs.as_deref().unwrap();
        let found = names(inputs, &matrix(Some(20))).unwrap();
        let wanted: Vec<String> = (0..20).map(|i| format!("f{i}")).collect();
        let wanted = if text == COLUMNS { vec![("features".to_owned(), wanted)] } else { vec![] };
        assert_eq!(found.into_iter().collect::<Vec<_>>(), wanted);
        let mut import = Import::bare(Vec::new());
        said.tell(&mut import);
        let tag = |key: &str| import.tags.get(key).map(String::as_str);
        assert_eq!((tag("team"), tag("n"), tag("list")), (Some("fraud"), Some("3"), Some("[1,2]")));
        assert_eq!(tag("mlflow.version"), Some("3.17.2"));
        assert_eq!(tag("mlflow.model_uuid").map(str::len), Some(32));
    }
}

#[test]
fn a_run_id_that_looks_like_a_number_stays_text() {
    let said = parse("flavors: {onnx: {}}\nrun_id: 123e4567\nmlflow_version: 2.0\n").unwrap();
    assert_eq!(said.run_id.as_deref(), Some("123e4567"));
    assert_eq!(said.mlflow_version.as_deref(), Some("2.0"));
    assert_eq!(said.data(), Ok("model.onnx"));
}

#[test]
fn another_flavor_is_named() {
    let said = parse("flavors:\n  sklearn: {code: null}\n  python_function: {}\n").unwrap();
    let error = said.data().unwrap_err();
    assert_eq!(error, "it has no flavor `onnx`, only these: python_function, sklearn");
    let said = parse("flavors: {onnx: {data: [1]}}").unwrap();
    assert!(said.data().unwrap_err().contains("a `data` that is no path"));
    for broken in ["", "- 1", "flavors: [", "flavors: {onnx: {}}\nrun_id: [1]", "a: b\n---\na: b"] {
        let error = parse(broken).map(|said| said.data().map(str::to_owned));
        assert!(!matches!(error, Ok(Ok(_))), "{broken}");
        assert!(error.is_ok() || !error.unwrap_err().contains('\n'));
    }
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let many = vec![before; 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{many}]\n"));
    }
    bomb.push_str("metadata: {bomb: *a11}\nflavors: {onnx: {data: model.onnx}}\n");
    let error = parse(&bomb).unwrap_err();
    assert!(error.len() <= 300 && !error.is_empty(), "{error}");
    let deep = format!("metadata: {{x: {}{}}}", "[".repeat(5000), "]".repeat(5000));
    parse(&deep).unwrap_err();
}

#[test]
fn columns_name_one_matrix_in_their_order() {
    let two = columns(&[("double", "b"), ("long", "a")]);
    let wanted = BTreeMap::from([("features".to_owned(), vec!["b".to_owned(), "a".to_owned()])]);
    assert_eq!(names(&two, &matrix(Some(2))), Ok(wanted.clone()));
    assert_eq!(names(&two, &matrix(None)), Ok(wanted));
    let error = names(&two, &matrix(Some(3))).unwrap_err();
    assert_eq!(error, "has 2 columns, the model's input `features` has 3");
    let text = columns(&[("double", "b"), ("string", "a")]);
    let error = names(&text, &matrix(Some(2))).unwrap_err();
    assert_eq!(error, "says that column `a` is text, the model's input `features` is FP32");
    // A person who names the columns knows better.
    let named = ["features".to_owned()].into();
    let stated = parse_signature(&text).unwrap();
    assert_eq!(stated.feature_names(&matrix(Some(3)), &named), Ok(BTreeMap::new()));
    let nameless = r#"[{"type": "double"}, {"type": "double"}]"#;
    assert_eq!(names(nameless, &matrix(Some(2))), Ok(BTreeMap::new()));
}

#[test]
fn a_model_with_several_inputs_is_fed_by_name() {
    let column = |name, datatype| input(name, datatype, &[None, Some(1)]);
    let two = model(vec![column("age", Datatype::Fp32), column("city", Datatype::Bytes)]);
    let all = columns(&[("string", "city"), ("long", "unused"), ("double", "age")]);
    assert_eq!(names(&all, &two), Ok(BTreeMap::new()));
    let error = names(&columns(&[("double", "age")]), &two).unwrap_err();
    assert_eq!(error, "has no column for the model's input `city`");
    let error = names(&columns(&[("string", "age"), ("string", "city")]), &two).unwrap_err();
    assert_eq!(error, "says that column `age` is text, the model's input `age` is FP32");
}

#[test]
fn tensors_fit_the_inputs_that_they_name() {
    let tensor = |name: &str, dtype: &str, shape: &str| {
        format!(
            r#"[{{"type": "tensor", "name": {name},
                "tensor-spec": {{"dtype": "{dtype}", "shape": {shape}}}}}]"#
        )
    };
    let x = matrix(Some(20));
    assert_eq!(names(&tensor("null", "float64", "[-1, 20]"), &x), Ok(BTreeMap::new()));
    for (text, words) in [
        (tensor(r#""x""#, "float32", "[-1, 20]"), "names `x`, which is no input of the model"),
        (
            tensor(r#""features""#, "float32", "[-1, 19]"),
            "gives `features` the extents [-1,19], the model [-1,20]",
        ),
        (tensor("null", "str", "[-1, 20]"), "says that tensor `features` is text"),
        ("{}".to_owned(), "cannot be read"),
        (r#"[{"name": "x"}]"#.to_owned(), "cannot be read"),
    ] {
        let error = names(&text, &x).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    // What is no matrix says nothing of columns.
    let objects = r#"[{"type": "array", "items": {"type": "double"}, "name": "x"}]"#;
    assert_eq!(names(objects, &x), Ok(BTreeMap::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn broken_files_are_refused_without_a_panic(
        which in 0..2_usize,
        cut in 0..3000_usize,
        flips in prop::collection::vec((0..3000_usize, any::<u8>()), 0..6),
    ) {
        let mut bytes = [COLUMNS, TENSOR][which].as_bytes().to_vec();
        bytes.truncate(cut);
        for (at, byte) in flips {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        let Ok(said) = parse(&String::from_utf8_lossy(&bytes)) else { return Ok(()) };
        let _ = said.data();
        if let Some(inputs) = said.signature.as_ref().and_then(|all| all.inputs.as_deref()) {
            let _ = names(inputs, &matrix(Some(20)));
        }
        said.tell(&mut Import::bare(Vec::new()));
    }
}
