//! Files that cannot be served are refused with words that name the culprit.

use model_loader::{Error, Model, Options, Tensor, Values};
use prost::Message as _;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{AttributeProto, ModelProto, NodeProto, SparseTensorProto, TensorProto};

use crate::graph::{floats, ints, ml_node, model, node, strings, stump, text, value};

#[track_caller]
fn refused(model: &ModelProto, words: &[&str]) {
    let error = Model::load(&model.encode_to_vec(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Model { .. } | Error::MissingOperators { .. }), "{error:?}");
    for words in words {
        assert!(error.to_string().contains(words), "`{words}` is not in: {error}");
    }
}

/// A graph of these nodes from `x` (float32, two columns) to `y`.
fn graph(nodes: Vec<NodeProto>) -> ModelProto {
    let inputs = vec![value("x", DataType::Float, &[None, Some(2)])];
    model(nodes, inputs, vec![value("y", DataType::Float, &[None, Some(2)])])
}

fn classifier(feature: i64) -> NodeProto {
    ints(stump(&["label", "y"], feature), "classlabels_int64s", &[0, 1])
}

/// The classifier with another list under this name.
fn with_ints(name: &str, values: &[i64]) -> ModelProto {
    let mut node = classifier(0);
    node.attribute.retain(|attribute| attribute.name != name);
    graph(vec![ints(node, name, values)])
}

#[test]
fn the_undamaged_classifier_loads() {
    assert!(Model::load(&graph(vec![classifier(0)]).encode_to_vec(), &Options::default()).is_ok());
}

#[test]
fn all_missing_operators_are_named_at_once() {
    let mut custom = node("Frobnicate", &["b"], &["y"]);
    custom.domain = "com.example".to_owned();
    let nodes = vec![
        ml_node("TwoHotEncoder", &["x"], &["a"]),
        ml_node("TwoHotEncoder", &["a"], &["b"]),
        custom,
    ];
    refused(
        &graph(nodes),
        &[
            "ai.onnx.ml.TwoHotEncoder (node `the a`, `the b`)",
            "com.example.Frobnicate (node `the y`)",
        ],
    );
}

#[test]
fn an_operator_of_another_domain_is_not_taken_for_its_namesake() {
    let mut add = node("Add", &["x", "x"], &["y"]);
    add.domain = "com.example".to_owned();
    refused(&graph(vec![add]), &["com.example.Add (node `the y`)"]);
}

#[test]
fn an_operator_that_would_compute_something_else_is_refused() {
    let pick = ml_node("ArrayFeatureExtractor", &["x", "x"], &["y"]);
    refused(&graph(vec![pick]), &["ai.onnx.ml.ArrayFeatureExtractor (node `the y`)"]);
}

#[test]
fn feature_names_that_make_no_columns_are_refused() {
    let bytes = graph(vec![classifier(0)]).encode_to_vec();
    let load = |names: [&str; 2]| {
        let names = names.map(str::to_owned).to_vec();
        Model::load(
            &bytes,
            &Options { feature_names: [("x".to_owned(), names)].into(), ..Options::default() },
        )
    };
    assert!(load(["amount", "hour"]).is_ok());
    for names in [["amount", "amount"], ["amount", ""], ["amount", &"n".repeat(257)]] {
        let error = load(names).unwrap_err().to_string();
        assert!(error.contains("feature name") && error.contains("`x`"), "{error}");
    }
}

#[test]
fn graphs_that_would_panic_the_engine_are_refused() {
    refused(&graph(vec![node("Identity", &["x"], &["z"])]), &["no node makes output `y`"]);
    refused(&graph(vec![node("Identity", &["ghost"], &["y"])]), &["`ghost`"]);
    refused(&ModelProto::default(), &["no graph"]);
    refused(&model(vec![], vec![], vec![]), &["no output"]);
}

#[test]
fn inputs_that_cannot_be_served_are_refused() {
    let identity = || vec![node("Identity", &["x"], &["y"])];
    let half = value("x", DataType::Bfloat16, &[None, Some(2)]);
    let out = value("y", DataType::Bfloat16, &[None, Some(2)]);
    refused(&model(identity(), vec![half], vec![out]), &["`x`", "BFLOAT16"]);
}

/// What is registered has all in one file: `read_onnx` has seen to that.
#[test]
fn weights_in_another_file_are_refused() {
    let outside = || TensorProto {
        name: "w".to_owned(),
        dims: vec![2],
        data_type: DataType::Float as i32,
        data_location: Some(DataLocation::External as i32),
        ..TensorProto::default()
    };
    let mut file = graph(vec![node("Add", &["x", "w"], &["y"])]);
    file.graph.as_mut().unwrap().initializer.push(outside());
    refused(&file, &["`w`", "another file"]);

    let mut constant = node("Constant", &[], &["c"]);
    constant.attribute.push(AttributeProto {
        name: "value".to_owned(),
        r#type: AttributeType::Tensor as i32,
        t: Some(outside()),
        ..AttributeProto::default()
    });
    refused(&graph(vec![constant, node("Add", &["x", "c"], &["y"])]), &["`w`", "another file"]);
}

#[test]
fn sparse_weights_are_refused() {
    let values = TensorProto { name: "w".to_owned(), ..TensorProto::default() };
    let sparse = SparseTensorProto { values: Some(values), indices: None, dims: vec![2] };
    let mut file = graph(vec![node("Add", &["x", "w"], &["y"])]);
    file.graph.as_mut().unwrap().sparse_initializer.push(sparse.clone());
    refused(&file, &["sparse", "`w`"]);

    let mut constant = node("Constant", &[], &["c"]);
    constant.attribute.push(AttributeProto {
        name: "sparse_value".to_owned(),
        r#type: AttributeType::SparseTensor as i32,
        sparse_tensor: Some(sparse),
        ..AttributeProto::default()
    });
    let file = graph(vec![constant, node("Add", &["x", "c"], &["y"])]);
    refused(&file, &["Constant (node `the c`)"]);
}

#[test]
fn unsound_trees_are_refused() {
    refused(&with_ints("nodes_truenodeids", &[9, 0, 0]), &["node 0 of tree 0 has child 9"]);
    refused(&with_ints("nodes_truenodeids", &[0, 0, 0]), &["tree 0 is not a tree"]);
    refused(&with_ints("nodes_nodeids", &[0, 1, 1]), &["tree 0 has two nodes 1"]);
    refused(&with_ints("class_ids", &[0, 2]), &["target 2 of 2"]);
    refused(&with_ints("class_ids", &[0, i64::MIN]), &["goes to target"]);
    refused(&with_ints("class_nodeids", &[1, 7]), &["node 7 of tree 0"]);
    refused(&with_ints("nodes_featureids", &[-1, 0, 0]), &["feature -1"]);
    refused(&with_ints("nodes_featureids", &[i64::MAX, 0, 0]), &["reads feature"]);
    refused(&with_ints("nodes_treeids", &[0, 0]), &["2 `nodes_treeids` for 3"]);
    refused(&with_ints("classlabels_int64s", &[4]), &["1 targets or classes, at least 2"]);
    refused(&graph(vec![classifier(2)]), &["read 3 columns, the input has 2"]);
}

#[test]
fn labels_of_both_types_or_none_are_refused() {
    let node = strings(classifier(0), "classlabels_strings", &["a", "b"]);
    refused(&graph(vec![node]), &["class labels of both types"]);
    refused(&graph(vec![stump(&["label", "y"], 0)]), &["no class labels"]);
}

/// tract 0.23 divides by the length of an empty axis.
#[test]
fn a_panic_of_the_engine_in_a_run_is_an_error() {
    let inputs = vec![value("x", DataType::Float, &[None, Some(1), Some(0)])];
    let outputs = vec![value("y", DataType::Float, &[None, Some(1), Some(0)])];
    let one = floats(node("Constant", &[], &["one"]), "value_floats", &[1.0]);
    let nodes = vec![one, node("InstanceNormalization", &["x", "one", "one"], &["y"])];
    let file = model(nodes, inputs, outputs).encode_to_vec();
    let model = Model::load(&file, &Options::default()).unwrap();
    let mut session = model.session().unwrap();
    let empty = Tensor::new([3, 1, 0].into_iter().collect(), Values::Fp32(vec![])).unwrap();
    // The second run starts from a fresh state, and panics as the first did.
    for _ in 0..2 {
        let error = session.run(std::slice::from_ref(&empty)).unwrap_err();
        assert!(matches!(&error, Error::Run { what } if what.contains("panicked")), "{error}");
    }
}

/// tract 0.23 has no reader for them, and panics.
#[test]
fn raw_bytes_of_strings_are_refused() {
    let mut file = graph(vec![node("Identity", &["x"], &["y"])]);
    let strings = TensorProto {
        name: "w".to_owned(),
        dims: vec![1],
        data_type: DataType::String as i32,
        raw_data: vec![0],
        ..TensorProto::default()
    };
    file.graph.as_mut().unwrap().initializer.push(strings);
    refused(&file, &["weight `w`", "does not hold 0 values"]);
}

#[test]
fn what_the_engine_computes_wrongly_is_refused_by_name() {
    let reversed = text(node("LSTM", &["x", "w", "r"], &["y"]), "direction", "reverse");
    refused(&graph(vec![reversed]), &["LSTM with direction `reverse` (node `the y`)"]);
    let turned = text(node("SpaceToDepth", &["x"], &["y"]), "mode", "CRD");
    refused(&graph(vec![turned]), &["SpaceToDepth with mode `CRD` (node `the y`)"]);
}
