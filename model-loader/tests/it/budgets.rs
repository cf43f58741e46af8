//! Small files and small requests that ask for much are refused, quickly and without the memory.

use model_loader::{Error, InputProblem, Model, NamedTensor, Options, Tensor, Values};
use prost::Message as _;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto};

use crate::graph::{int, ints, model, node, strings, text, value};

fn load(model: &ModelProto) -> Result<Model, Error> {
    Model::load(&model.encode_to_vec(), &Options::default())
}

/// A graph whose nodes make `o` of constants; its number of elements is added to `x`.
fn of_constants(mut nodes: Vec<NodeProto>) -> ModelProto {
    nodes.push(node("Size", &["o"], &["z"]));
    nodes.push(int(node("Cast", &["z"], &["t"]), "to", DataType::Float as i64));
    nodes.push(node("Add", &["x", "t"], &["y"]));
    let x = value("x", DataType::Float, &[None, Some(2)]);
    model(nodes, vec![x], vec![value("y", DataType::Float, &[None, Some(2)])])
}

fn constant(name: &str, values: &[i64]) -> NodeProto {
    ints(node("Constant", &[], &[name]), "value_ints", values)
}

fn filled(shape: &[i64]) -> Vec<NodeProto> {
    vec![constant("n", shape), node("ConstantOfShape", &["n"], &["c"])]
}

fn with_graph(mut node: NodeProto, name: &str, graph: GraphProto) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Graph as i32,
        g: Some(graph),
        ..AttributeProto::default()
    });
    node
}

/// Loops inside loops, `depth` deep, of as many turns each as `m` says.
fn nest(depth: usize) -> GraphProto {
    let name = |what: &str| format!("{what}{depth}");
    let (again, given, made) = (name("d"), name("v"), name("w"));
    let inner = match depth {
        0 => node("Mul", &[&given, &given], &[&made]),
        _ => with_graph(node("Loop", &["m", "", &given], &[&made]), "body", nest(depth - 1)),
    };
    let anything = |name: &str| value(name, DataType::Float, &[None]);
    GraphProto {
        node: vec![node("Identity", &[&name("c")], &[&again]), inner],
        input: [name("i"), name("c"), given].iter().map(|name| anything(name)).collect(),
        output: [again, made].iter().map(|name| anything(name)).collect(),
        ..GraphProto::default()
    }
}

#[track_caller]
fn refused(model: &ModelProto, words: &str) {
    let error = load(model).unwrap_err().to_string();
    assert!(error.contains(words), "`{words}` is not in: {error}");
}

#[test]
fn extents_of_zero_do_not_hide_huge_ones() {
    let mut nodes = filled(&[1 << 40, 0]);
    nodes.push(int(node("Concat", &["c", "c"], &["o"]), "axis", 1));
    refused(&of_constants(nodes), "[1099511627776, 0]");
}

#[test]
fn strings_are_counted_with_their_bytes() {
    let mut nodes = vec![strings(node("Constant", &[], &["s0"]), "value_strings", &["abcdefgh"])];
    for turn in 0..40 {
        let (from, to) = (format!("s{turn}"), format!("s{}", turn + 1));
        nodes.push(node("StringConcat", &[&from, &from], &[&to]));
    }
    nodes.push(node("Identity", &["s40"], &["o"]));
    refused(&of_constants(nodes), "memory");
    let long = "a".repeat(1024);
    let nodes = vec![
        strings(node("Constant", &[], &["s"]), "value_strings", &[&long]),
        constant("n", &[1 << 23]),
        node("Expand", &["s", "n"], &["o"]),
    ];
    refused(&of_constants(nodes), "memory");
}

#[test]
fn work_is_counted() {
    let x = value("x", DataType::Float, &[None, Some(2)]);
    let turns = int(node("Constant", &[], &["m"]), "value_int", 1000);
    let looped = with_graph(node("Loop", &["m", "", "x"], &["y"]), "body", nest(3));
    let y = value("y", DataType::Float, &[None, Some(2)]);
    refused(&model(vec![turns, looped], vec![x], vec![y]), "too many steps");
    let mut nodes = filled(&[1600, 1600]);
    nodes.push(text(node("Einsum", &["c", "c"], &["o"]), "equation", "ab,bc->ac"));
    refused(&of_constants(nodes), "too many steps");
}

#[test]
fn a_loop_of_thousands_of_turns_loads() {
    let x = value("x", DataType::Float, &[None, Some(2)]);
    let turns = int(node("Constant", &[], &["m"]), "value_int", 3000);
    let looped = with_graph(node("Loop", &["m", "", "x"], &["y"]), "body", nest(0));
    let y = value("y", DataType::Float, &[None, Some(2)]);
    load(&model(vec![turns, looped], vec![x], vec![y])).unwrap();
}

#[test]
fn a_request_of_many_empty_rows_is_refused() {
    let x = value("x", DataType::Float, &[None, None]);
    let y = value("y", DataType::Float, &[None, None]);
    let model = load(&model(vec![node("Identity", &["x"], &["y"])], vec![x], vec![y])).unwrap();
    let place = |rows: usize| {
        let tensor = Tensor::new([rows, 0].into_iter().collect(), Values::Fp32(vec![])).unwrap();
        model.signature().place(vec![NamedTensor { name: "x".into(), tensor }])
    };
    assert!(place(3).is_ok());
    let error = place(1 << 40).unwrap_err();
    assert!(matches!(error, Error::Input { problem: InputProblem::Empty(_), .. }), "{error}");
}

#[test]
fn a_request_cannot_ask_for_endless_turns_or_doublings() {
    let x = value("x", DataType::Float, &[None, Some(2)]);
    let m = value("m", DataType::Int64, &[]);
    let y = value("y", DataType::Float, &[None, Some(2)]);
    let looped = with_graph(node("Loop", &["m", "", "x"], &["y"]), "body", nest(2));
    let model = load(&model(vec![looped], vec![x, m], vec![y])).unwrap();
    let x = Tensor::new([1, 2].into_iter().collect(), Values::Fp32(vec![1.0; 2])).unwrap();
    let turns = |count| Tensor::new([].into_iter().collect(), Values::Int64(vec![count])).unwrap();
    let mut session = model.session().unwrap();
    let error = session.run(&[x.clone(), turns(1_000_000)]).unwrap_err().to_string();
    assert!(error.contains("too many steps"), "{error}");
    session.run(&[x, turns(20)]).unwrap();
}
