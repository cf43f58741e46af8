//! Functions, branches and dead nodes: what a file may say and what it is held to.

use model_loader::{Error, Model, Options, Tensor, Trial, Values};
use prost::Message as _;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto,
};

use crate::graph::{floats, int, ints, ml_node, model, node, text, value};

fn load(model: &ModelProto) -> Result<Model, Error> {
    Model::load(&model.encode_to_vec(), &Options::default())
}

/// Nodes from `x` (float32, two columns) to `y`.
fn graph(nodes: Vec<NodeProto>) -> ModelProto {
    let x = value("x", DataType::Float, &[None, Some(2)]);
    model(nodes, vec![x], vec![value("y", DataType::Float, &[None, Some(2)])])
}

fn scored(model: &Model, row: [f32; 2]) -> Vec<f32> {
    let x = Tensor::new([1, 2].into_iter().collect(), Values::Fp32(row.to_vec())).unwrap();
    let outputs = model.session().unwrap().run(&[x]).unwrap();
    let Values::Fp32(values) = outputs[0].values() else { panic!("no floats") };
    values.clone()
}

/// A file that calls function `my.F` on `x`, `calls` times.
fn calling(body: Vec<NodeProto>, version: i64, calls: usize) -> ModelProto {
    let call = |place: usize| {
        let from = if place == 0 { "x".to_owned() } else { format!("t{place}") };
        NodeProto { domain: "my".to_owned(), ..node("F", &[&from], &[&format!("t{}", place + 1)]) }
    };
    let mut nodes: Vec<NodeProto> = (0..calls).map(call).collect();
    nodes.push(node("Identity", &[&format!("t{calls}")], &["y"]));
    let mut file = graph(nodes);
    file.functions.push(FunctionProto {
        name: Some("F".to_owned()),
        domain: Some("my".to_owned()),
        input: vec!["a".to_owned()],
        output: vec!["b".to_owned()],
        node: body,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version }],
        ..FunctionProto::default()
    });
    file
}

fn branch(op: &str, made: &str) -> GraphProto {
    let inner = vec![node(op, &["x"], &["inner"]), node("Identity", &["inner"], &[made])];
    let output = vec![value(made, DataType::Float, &[None, Some(2)])];
    GraphProto { node: inner, output, ..GraphProto::default() }
}

fn choice(condition: &str, made: &str, inside: &str) -> NodeProto {
    let mut node = node("If", &[condition], &[made]);
    for (name, op) in [("then_branch", "Neg"), ("else_branch", "Abs")] {
        node.attribute.push(AttributeProto {
            name: name.to_owned(),
            r#type: AttributeType::Graph as i32,
            g: Some(branch(op, inside)),
            ..AttributeProto::default()
        });
    }
    node
}

fn truth(name: &str, truth: i64) -> [NodeProto; 2] {
    let number = format!("{name}_number");
    let made = int(node("Constant", &[], &[&number]), "value_int", truth);
    [made, int(node("Cast", &[&number], &[name]), "to", DataType::Bool as i64)]
}

#[test]
fn a_function_has_the_attributes_that_a_call_leaves_out() {
    let mut elu = node("Elu", &["a"], &["b"]);
    elu.attribute.push(AttributeProto {
        name: "alpha".to_owned(),
        r#type: AttributeType::Float as i32,
        ref_attr_name: "alpha".to_owned(),
        ..AttributeProto::default()
    });
    let file = calling(vec![elu], 17, 1).encode_to_vec();
    // tract's schema has no field for them: its number is 11.
    let alpha = AttributeProto {
        name: "alpha".to_owned(),
        r#type: AttributeType::Float as i32,
        f: 2.5,
        ..AttributeProto::default()
    };
    let mut function = ModelProto::decode(&*file).unwrap().functions.remove(0).encode_to_vec();
    function.push(11 << 3 | 2);
    function.push(alpha.encoded_len() as u8);
    function.extend(alpha.encode_to_vec());
    let mut file = ModelProto { functions: vec![], ..ModelProto::decode(&*file).unwrap() };
    file.producer_name = "test".to_owned();
    let mut file = file.encode_to_vec();
    file.extend([202, 1, function.len() as u8]);
    file.extend(function);
    let model = Model::load(&file, &Options::default()).unwrap();
    let wanted = 2.5 * ((-1_f32).exp() - 1.0);
    assert!((scored(&model, [-1.0, 1.0])[0] - wanted).abs() < 1e-6);
}

#[test]
fn nodes_of_a_function_are_of_its_version() {
    // An axis takes in those behind it before version 13, and stands for itself since.
    let softmax = |version| load(&calling(vec![node("Softmax", &["a"], &["b"])], version, 1));
    let axis = |version| {
        let along = vec![int(node("Softmax", &["a"], &["b"]), "axis", 0)];
        scored(&load(&calling(along, version, 1)).unwrap(), [0.0, 0.0])
    };
    assert_eq!(scored(&softmax(17).unwrap(), [0.0, 0.0]), [0.5, 0.5]);
    assert_eq!((axis(17), axis(11)), (vec![1.0, 1.0], vec![0.5, 0.5]));
    // tract knows one version for all nodes.
    let deep = calling(vec![node("DepthToSpace", &["a"], &["b"])], 16, 1);
    let error = load(&deep).unwrap_err().to_string();
    assert!(error.contains("is of a function of version 16, the model is of 17"), "{error}");
}

#[test]
fn bodies_of_functions_do_not_multiply() {
    let values = TensorProto {
        dims: vec![1 << 16],
        data_type: DataType::Float as i32,
        raw_data: vec![0; 4 << 16],
        ..TensorProto::default()
    };
    let mut constant = node("Constant", &[], &["k"]);
    constant.attribute.push(AttributeProto {
        name: "value".to_owned(),
        r#type: AttributeType::Tensor as i32,
        t: Some(values),
        ..AttributeProto::default()
    });
    let body = vec![constant, node("ReduceSum", &["k"], &["s"]), node("Add", &["a", "s"], &["b"])];
    load(&calling(body.clone(), 17, 10)).unwrap();
    let error = load(&calling(body, 17, 20_000)).unwrap_err().to_string();
    assert!(error.contains("functions take more than"), "{error}");
}

#[test]
fn sequences_do_not_multiply() {
    let parts = vec!["x"; 1000];
    let output = value("q", DataType::Float, &[None]);
    let x = value("x", DataType::Float, &[None, Some(2)]);
    let nodes = vec![node("SequenceConstruct", &parts, &["q"])];
    let error = load(&model(nodes, vec![x], vec![output; 1000])).unwrap_err().to_string();
    assert!(error.contains("parts of sequences"), "{error}");
}

#[test]
fn messages_are_counted_before_they_are_decoded() {
    let mut file = graph(vec![node("Neg", &["x"], &["y"])]).encode_to_vec();
    let empty = [5 << 3 | 2, 0].repeat(2 << 20);
    let lengths = |length: usize| {
        [length & 127 | 128, length >> 7 & 127 | 128, length >> 14 & 127 | 128, length >> 21]
    };
    let bytes = |length: usize| lengths(length).map(|byte| byte as u8);
    let inner = [&[1 << 3 | 2][..], &bytes(empty.len()), &empty].concat();
    file.extend([&[7 << 3 | 2][..], &bytes(inner.len()), &inner].concat());
    let error = Model::load(&file, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("too many nodes, attributes and values"), "{error}");
}

#[test]
fn names_inside_constant_branches_may_repeat() {
    let mut nodes: Vec<NodeProto> = truth("c", 1).into_iter().chain(truth("d", 0)).collect();
    nodes.push(choice("c", "first", "same"));
    nodes.push(choice("d", "second", "same"));
    nodes.push(node("Add", &["first", "second"], &["y"]));
    assert_eq!(scored(&load(&graph(nodes)).unwrap(), [3.0, -4.0]), [0.0, 8.0]);
    // The branch's output is called as the node's.
    let mut nodes = truth("c", 1).to_vec();
    nodes.push(choice("c", "y", "y"));
    assert_eq!(scored(&load(&graph(nodes)).unwrap(), [3.0, -4.0]), [-3.0, 4.0]);
}

#[test]
fn what_no_output_needs_is_not_looked_at() {
    let nodes = vec![
        node("Frobnicate", &["x"], &["dead"]),
        node("DepthToSpace", &["dead"], &["deader"]),
        node("Neg", &["x"], &["y"]),
    ];
    assert_eq!(scored(&load(&graph(nodes)).unwrap(), [1.0, 2.0]), [-1.0, -2.0]);
}

#[test]
fn every_node_that_cannot_be_built_is_named() {
    let norm = text(ml_node("Normalizer", &["x"], &["a"]), "norm", "L7");
    let imputer = floats(ml_node("Imputer", &["x"], &["b"]), "imputed_value_floats", &[1.0; 3]);
    let reduced = ints(node("ReduceMax", &["x"], &["c"]), "axes", &[9]);
    let reads = node("Neg", &["a"], &["d"]);
    let joined = node("Concat", &["b", "c", "d"], &["y"]);
    let error = load(&graph(vec![norm, imputer, reduced, reads, joined])).unwrap_err().to_string();
    for name in ["Normalizer (node `the a`)", "Imputer (node `the b`)", "ReduceMax (node `the c`)"]
    {
        assert!(error.contains(name), "{name} is not in: {error}");
    }
    assert!(!error.contains("`the d`"), "{error}");
}

#[test]
fn more_than_three_nodes_of_a_missing_operator_are_all_named() {
    let names: Vec<String> = (0..9).map(|place| format!("f{place}")).collect();
    let mut nodes: Vec<NodeProto> =
        names.iter().map(|name| node("Frobnicate", &["x"], &[name])).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    nodes.push(node("Sum", &names, &["y"]));
    let error = load(&graph(nodes)).unwrap_err().to_string();
    assert!(names.iter().all(|name| error.contains(&format!("`the {name}`"))), "{error}");
}

/// Equal is ours, but not of half-precision weights: those go to tract.
#[test]
#[cfg(unix)]
fn a_weight_that_only_tract_has_is_tried_first() {
    let half = |name: &str| TensorProto {
        name: name.to_owned(),
        dims: vec![2],
        data_type: DataType::Float16 as i32,
        raw_data: vec![0; 4],
        ..TensorProto::default()
    };
    let equal = node("Equal", &["a", "b"], &["c"]);
    let cast = int(node("Cast", &["c"], &["t"]), "to", DataType::Float as i64);
    let mut file = graph(vec![equal, cast, node("Add", &["x", "t"], &["y"])]);
    file.graph.as_mut().unwrap().initializer = vec![half("a"), half("b")];
    let try_with = |script: &str| {
        let arguments = vec!["-c".to_owned(), format!("cat >/dev/null; {script}")];
        let trial = Some(Trial { program: "/bin/sh".into(), arguments });
        Model::load(&file.encode_to_vec(), &Options { trial, ..Options::default() })
    };
    try_with("exit 0").unwrap();
    let error = try_with("echo no such luck; exit 1").unwrap_err().to_string();
    assert!(error.contains("no such luck"), "{error}");
}
