//! What crosses the border keeps its type: labels, rows, several inputs, fresh state after errors.

use model_loader::{
    Datatype, Error, InputProblem, Model, NamedTensor, Options, Session, Tensor, Values,
};
use prost::Message as _;
use smallvec::SmallVec;
use tract_onnx::pb::ModelProto;
use tract_onnx::pb::tensor_proto::DataType;

use crate::graph::{int, ints, ml_node, model, node, strings, stump, value};

fn load(model: &ModelProto) -> Model {
    Model::load(&model.encode_to_vec(), &Options::default()).unwrap()
}

fn tensor(shape: &[usize], values: Values) -> Tensor {
    Tensor::new(SmallVec::from_slice(shape), values).unwrap()
}

fn x(rows: &[[f32; 2]]) -> Tensor {
    tensor(&[rows.len(), 2], Values::Fp32(rows.as_flattened().to_vec()))
}

#[test]
fn int64_labels_keep_all_their_bits_through_cast_and_identity() {
    let labels = [-5_000_000_000, 1 << 40];
    let classifier = ints(stump(&["raw", "scores"], 0), "classlabels_int64s", &labels);
    let nodes = vec![
        classifier,
        node("Identity", &["raw"], &["same"]),
        int(node("Cast", &["same"], &["label"]), "to", DataType::Int64 as i64),
    ];
    let inputs = vec![value("x", DataType::Float, &[None, Some(2)])];
    let outputs = vec![value("label", DataType::Int64, &[None])];
    let model = load(&model(nodes, inputs, outputs));
    assert_eq!(model.signature().outputs()[0].datatype, Datatype::Int64);
    let outputs = model.session().unwrap().run(&[x(&[[-1.0, 0.0], [1.0, 0.0]])]).unwrap();
    assert_eq!(outputs[0].values(), &Values::Int64(labels.to_vec()));
}

#[test]
fn string_labels_leave_as_bytes_and_name_the_columns_behind_a_zip_map() {
    let names = ["fair", "foul"];
    let nodes = vec![
        strings(stump(&["label", "scores"], 1), "classlabels_strings", &names),
        strings(ml_node("ZipMap", &["scores"], &["probabilities"]), "classlabels_strings", &names),
    ];
    let inputs = vec![value("x", DataType::Float, &[None, Some(2)])];
    let mut maps = value("probabilities", DataType::Float, &[]);
    // ZipMap's output is a sequence of maps, which the protobuf reader leaves without a type.
    maps.r#type = None;
    let outputs = vec![value("label", DataType::String, &[None]), maps];
    let model = load(&model(nodes, inputs, outputs));
    let [label, probabilities] = model.signature().outputs() else { panic!() };
    assert_eq!((label.datatype, &label.shape[..]), (Datatype::Bytes, &[None][..]));
    assert_eq!(probabilities.shape, [None, Some(2)]);
    assert_eq!(probabilities.class_labels, names);
    let outputs = model.session().unwrap().run(&[x(&[[0.0, 3.0], [0.0, -3.0]])]).unwrap();
    assert_eq!(outputs[0].values(), &Values::Bytes(vec!["foul".to_owned(), "fair".to_owned()]));
    assert_eq!(outputs[1].values(), &Values::Fp32(vec![-1.0, 1.0, 1.0, -1.0]));
}

/// `sum = a + b` for two inputs of two columns.
fn sum() -> Model {
    let inputs = vec![
        value("a", DataType::Float, &[None, Some(2)]),
        value("b", DataType::Float, &[None, Some(2)]),
    ];
    let outputs = vec![value("sum", DataType::Float, &[None, Some(2)])];
    load(&model(vec![node("Add", &["a", "b"], &["sum"])], inputs, outputs))
}

fn assert_sums(session: &mut Session, rows: usize) {
    let (ones, twos) = (vec![[1.0, 1.0]; rows], vec![[2.0, 2.0]; rows]);
    let outputs = session.run(&[x(&ones), x(&twos)]).unwrap();
    assert_eq!(outputs, [x(&vec![[3.0, 3.0]; rows])]);
}

#[test]
fn one_session_takes_any_number_of_rows() {
    let model = sum();
    let mut session = model.session().unwrap();
    for rows in [1, 7, 1, 1000, 2] {
        assert_sums(&mut session, rows);
    }
}

#[test]
fn a_session_recovers_from_an_error() {
    let model = sum();
    let mut session = model.session().unwrap();
    let error = session.run(&[x(&[[0.0; 2]; 3]), x(&[[0.0; 2]; 4])]).unwrap_err();
    assert!(matches!(error, Error::Run { .. }), "{error}");
    assert_sums(&mut session, 4);
    let error = session.run(&[x(&[[0.0; 2]])]).unwrap_err();
    assert!(error.to_string().contains("1 inputs given, 2 wanted"), "{error}");
    let wide = tensor(&[1, 2], Values::Fp64(vec![0.0; 2]));
    let error = session.run(&[x(&[[0.0; 2]]), wide]).unwrap_err();
    let Error::Input { name, problem } = error else { panic!("{error}") };
    assert_eq!(name, "b");
    assert!(matches!(problem, InputProblem::Datatype { .. }), "{problem}");
    assert_sums(&mut session, 1);
}

#[test]
fn inputs_share_their_rows() {
    let model = sum();
    let named = |name: &'static str, rows: usize| NamedTensor {
        name: name.into(),
        tensor: x(&vec![[0.0; 2]; rows]),
    };
    assert_eq!(model.signature().place(vec![named("b", 2), named("a", 2)]).unwrap().rows(), 2);
    let error = model.signature().place(vec![named("a", 2), named("b", 3)]).unwrap_err();
    assert_eq!(error.to_string(), "input `b` has 3 rows, but input `a` has 2");
}

#[test]
fn every_datatype_passes_unchanged() {
    let strings = Values::Bytes(vec!["å".to_owned(), String::new()]);
    for (datatype, values) in [
        (DataType::Bool, Values::Bool(vec![true, false])),
        (DataType::Uint8, Values::Uint8(vec![0, u8::MAX])),
        (DataType::Uint16, Values::Uint16(vec![0, u16::MAX])),
        (DataType::Uint32, Values::Uint32(vec![0, u32::MAX])),
        (DataType::Uint64, Values::Uint64(vec![0, u64::MAX])),
        (DataType::Int8, Values::Int8(vec![i8::MIN, i8::MAX])),
        (DataType::Int16, Values::Int16(vec![i16::MIN, i16::MAX])),
        (DataType::Int32, Values::Int32(vec![i32::MIN, i32::MAX])),
        (DataType::Int64, Values::Int64(vec![i64::MIN, i64::MAX])),
        (DataType::Float, Values::Fp32(vec![f32::MIN_POSITIVE, f32::INFINITY])),
        (DataType::Double, Values::Fp64(vec![f64::MIN_POSITIVE, f64::INFINITY])),
        (DataType::String, strings),
    ] {
        let inputs = vec![value("x", datatype, &[None])];
        let outputs = vec![value("y", datatype, &[None])];
        let model = load(&model(vec![node("Identity", &["x"], &["y"])], inputs, outputs));
        let input = tensor(&[2], values);
        let outputs = model.session().unwrap().run(std::slice::from_ref(&input)).unwrap();
        assert_eq!(outputs, [input]);
    }
}

#[test]
fn a_model_is_shared_by_threads_that_each_run_a_session() {
    let model = std::sync::Arc::new(sum());
    std::thread::scope(|scope| {
        for rows in 1..5 {
            let model = std::sync::Arc::clone(&model);
            let mut session = model.session().unwrap();
            scope.spawn(move || (0..50).for_each(|_| assert_sums(&mut session, rows)));
        }
    });
}

#[test]
fn only_tensors_of_the_requests_rows_are_per_row() {
    let inputs = vec![value("x", DataType::Float, &[None, Some(2)])];
    let shape = [None, Some(2)];
    let outputs = ["same", "twice"].map(|name| value(name, DataType::Float, &shape)).to_vec();
    let nodes = vec![
        node("Identity", &["x"], &["same"]),
        int(node("Concat", &["x", "x"], &["twice"]), "axis", 0),
    ];
    let model = load(&model(nodes, inputs, outputs));
    let per_row: Vec<bool> = model.signature().outputs().iter().map(|spec| spec.per_row).collect();
    assert_eq!((model.signature().inputs()[0].per_row, per_row), (true, vec![true, false]));
}

#[test]
fn a_fixed_number_of_rows_is_the_requests_rows() {
    let fixed = |name| value(name, DataType::Float, &[Some(3), Some(2)]);
    let nodes = vec![node("Identity", &["x"], &["y"])];
    let model = load(&model(nodes, vec![fixed("x")], vec![fixed("y")]));
    let signature = model.signature();
    assert!(signature.inputs()[0].per_row && signature.outputs()[0].per_row);
    let named = NamedTensor { name: "x".into(), tensor: x(&[[0.0; 2]; 3]) };
    assert_eq!(signature.place(vec![named]).unwrap().rows(), 3);
}

#[test]
fn a_model_that_takes_counts_warms_up_although_zeros_are_none() {
    let inputs = vec![
        value("x", DataType::Float, &[None, Some(2)]),
        value("k", DataType::Int64, &[Some(1)]),
    ];
    let outputs = vec![
        value("y", DataType::Float, &[None, Some(1)]),
        value("i", DataType::Int64, &[None, Some(1)]),
    ];
    let model = load(&model(vec![node("TopK", &["x", "k"], &["y", "i"])], inputs, outputs));
    model.warm_up().unwrap();
    let k = tensor(&[1], Values::Int64(vec![1]));
    let outputs = model.session().unwrap().run(&[x(&[[1.0, 2.0]]), k]).unwrap();
    assert_eq!(outputs[0].values(), &Values::Fp32(vec![2.0]));
}

#[test]
fn halves_are_floats_outside_and_halves_inside() {
    let half = |name| value(name, DataType::Float16, &[None, Some(2)]);
    let nodes = vec![node("Add", &["x", "x"], &["twice"]), node("Sub", &["twice", "x"], &["y"])];
    let model = load(&model(nodes, vec![half("x")], vec![half("y"), half("twice")]));
    let (inputs, outputs) = (model.signature().inputs(), model.signature().outputs());
    assert!(inputs.iter().chain(outputs).all(|spec| spec.datatype == Datatype::Fp32));
    let outputs = model.session().unwrap().run(&[x(&[[2049.0, 0.1]])]).unwrap();
    let Values::Fp32(y) = outputs[0].values() else { panic!("{outputs:?}") };
    // One above the last integer that FP16 has room for becomes that one.
    assert_eq!(y[0], 2048.0);
    assert!(y[1] != 0.1 && (y[1] - 0.1).abs() < 1e-4, "{}", y[1]);
}
