//! One table in all its forms; what is wrong with a form is named.

use model_loader::{Datatype, Inputs, Signature, TensorSpec, Values};

use super::{Frames, Table};
use crate::error::Error;
use crate::limits::RequestLimits;
use crate::protocol::json::cursor::Cursor;
use crate::protocol::{azureml, mlflow, predict};

fn spec(name: &str, datatype: Datatype, width: usize, features: &[&str]) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: vec![None, Some(width)],
        per_row: true,
        feature_names: features.iter().map(|feature| (*feature).to_owned()).collect(),
        class_labels: Vec::new(),
    }
}

/// One input of two named columns.
fn one() -> Signature {
    Signature::new(vec![spec("x", Datatype::Fp32, 2, &["a", "b"])], Vec::new())
}

/// A number and a text, each an input.
fn mixed() -> Signature {
    let inputs = vec![spec("n", Datatype::Int64, 1, &[]), spec("t", Datatype::Bytes, 1, &[])];
    Signature::new(inputs, Vec::new())
}

fn placed(signature: &Signature, table: Result<Table<'_>, Error>) -> Result<Inputs, Error> {
    Ok(signature.place(table?)?)
}

fn frames(signature: &Signature) -> Frames<'_> {
    Frames { signature, limits: RequestLimits::default() }
}

#[test]
fn all_forms_are_the_same_table() {
    let signature = one();
    let wanted = Values::Fp32(vec![1.0, 2.0, 3.0, 4.0]);
    for body in [
        r#"{"data":[[1,2],[3,4]]}"#,
        r#"{"input_data":[[1,2],[3,4]],"params":{"k":1}}"#,
        r#"{"input_data":{"data":[[2,1],[4,3]],"columns":["b","a"]}}"#,
        r#"{"input_data":{"columns":["a","b"],"index":[0,1],"data":[[1,2],[3,4]]}}"#,
        r#"{"input_data":{"columns":[0,1],"data":[[1,2],[3,4]]}}"#,
        r#"{"input_data":{"b":[2,4],"a":[1,3.0]}}"#,
        r#"{"input_data":{"x":[[1,2],[3,4]]}}"#,
        r#"[{"a":1,"b":2},{"b":4,"a":3}]"#,
        r#"[{"x":[1,2]},{"x":[3,4]}]"#,
    ] {
        let inputs = placed(&signature, azureml::read(body.as_bytes(), frames(&signature)));
        assert_eq!(*inputs.unwrap().tensors()[0].values(), wanted, "{body}");
    }
    for body in [
        r#"{"dataframe_split":{"columns":["a","b"],"data":[[1,2],[3,4]]}}"#,
        r#"{"dataframe_records":[{"b":2,"a":1},{"a":3,"b":4}]}"#,
        r#"{"instances":[[1,2],[3,4]]}"#,
        r#"{"inputs":{"a":[1,3],"b":[2,4]},"params":{}}"#,
    ] {
        let inputs = placed(&signature, mlflow::read(body.as_bytes(), frames(&signature)));
        assert_eq!(*inputs.unwrap().tensors()[0].values(), wanted, "{body}");
    }
    for (body, form) in [
        (r#"{"instances":[{"x":[1,2]},{"x":[3,4]}]}"#, predict::Form::Instances),
        (r#"{"signature_name":"s","inputs":[[1,2],[3,4]]}"#, predict::Form::Inputs),
    ] {
        let (table, read) = predict::read(body.as_bytes(), frames(&signature)).unwrap();
        assert_eq!(read, form);
        let inputs = placed(&signature, Ok(table)).unwrap();
        assert_eq!(*inputs.tensors()[0].values(), wanted, "{body}");
    }
}

#[test]
fn columns_have_the_types_of_their_inputs() {
    let signature = mixed();
    for body in [
        r#"[[1,"x"],[2.0,"y"]]"#,
        r#"[{"t":"x","n":1},{"n":2,"t":"y"}]"#,
        r#"{"input_data":{"t":["x","y"],"n":[1,2]}}"#,
    ] {
        let inputs = placed(&signature, azureml::read(body.as_bytes(), frames(&signature)));
        let inputs = inputs.unwrap();
        assert_eq!(*inputs.tensors()[0].values(), Values::Int64(vec![1, 2]), "{body}");
        let texts = Values::Bytes(vec!["x".to_owned(), "y".to_owned()]);
        assert_eq!(*inputs.tensors()[1].values(), texts);
    }
}

#[test]
fn what_is_wrong_is_named() {
    let signature = one();
    for (body, words) in [
        (r#"[{"a":1,"b":2},{"a":3}]"#, "\"b\": row 1 has it not"),
        (r#"[{"a":1,"b":2},{"a":3,"b":4,"c":5}]"#, "\"c\": row 1 has it, and row 0 has not"),
        (r#"[{"a":1,"b":2},{"a":3,"a":4}]"#, "\"a\": row 1"),
        (r#"[{"a":1,"a":2,"b":3}]"#, "a"),
        (r#"[{"a":1,"b":"much"}]"#, "\"b\": expected a number"),
        (r#"[{"a":1,"b":2,"colour":[1]}]"#, "colour"),
        (r#"{"data":[[1,2],[3]]}"#, "different lengths"),
        (r#"{"data":[[1,2,3]]}"#, "x"),
        (r#"{"data":[]}"#, "no rows"),
        (r#"{"data":7}"#, "array"),
        (r#"{"input_data":{"columns":["b","a"],"data":[[1,2],[3]]}}"#, "row 1 has 1 values for 2"),
        (r#"{"input_data":{"columns":["b","a"],"data":[[1,2,3]]}}"#, "more values than"),
        (r#"{"input_data":{"columns":["a","a","b"],"data":[[1,2,3]]}}"#, "a"),
        (r#"{"input_data":{"columns":["a",1],"data":[[1,2]]}}"#, "some are numbers"),
        (r#"{"input_data":{"index":[1],"data":[[1,2],[3,4]]}}"#, "index"),
        (r#"{"input_data":{"a":[1,2],"b":[1]}}"#, "b"),
        (r#"{"input_data":{"a":[1],"b":[1],"c":[1]}}"#, "c"),
        (r#"{"data":[[1,2]],"input_data":[[1,2]]}"#, "not the only data"),
        (r#"{"rows":[[1,2]]}"#, "no \"input_data\""),
    ] {
        let error = placed(&signature, azureml::read(body.as_bytes(), frames(&signature)));
        let error = error.unwrap_err();
        assert_eq!(error.status(), 400, "{body}");
        assert!(error.to_string().contains(words), "{words} not in {error}");
    }
    for body in [r#"{"inputs":[[1,2]],"instances":[[1,2]]}"#, r#"{"params":{}}"#, "[[1,2]]", "{"] {
        assert_eq!(mlflow::read(body.as_bytes(), frames(&signature)).unwrap_err().status(), 400);
    }
}

#[test]
fn tables_are_bounded() {
    let signature = one();
    let limits = RequestLimits { rows: 2, elements: 5, depth: 9 };
    let frames = Frames { signature: &signature, limits };
    for body in ["[[1,2],[3,4],[5,6]]", "[{\"a\":1},{\"a\":1},{\"a\":1}]", "[[1,2,3],[4,5,6]]"] {
        let error = frames.rows(&mut Cursor::new(body.as_bytes(), 9)).unwrap_err();
        assert_eq!(error.status(), 413, "{body}");
    }
}
