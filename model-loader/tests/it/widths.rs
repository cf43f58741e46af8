//! Files that leave the width of an input open, or its shape, load as ONNX Runtime runs them.

use model_loader::{Model, NamedTensor, Options, Tensor, Values};
use prost::Message as _;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{ModelProto, NodeProto, ValueInfoProto};

use crate::graph::{floats, int, ints, ml_node, model, node, stump, text, value};

fn load(model: &ModelProto) -> Model {
    Model::load(&model.encode_to_vec(), &Options::default()).unwrap()
}

fn open() -> ValueInfoProto {
    value("x", DataType::Float, &[None, None])
}

fn shapeless() -> ValueInfoProto {
    let mut info = open();
    let typed = info.r#type.as_mut().and_then(|typed| typed.value.as_mut());
    if let Some(Value::TensorType(tensor)) = typed {
        tensor.shape = None;
    }
    info
}

fn from_x(nodes: Vec<NodeProto>, x: ValueInfoProto) -> ModelProto {
    model(nodes, vec![x], vec![value("y", DataType::Float, &[None, None])])
}

fn classifier(feature: i64) -> NodeProto {
    ints(stump(&["label", "y"], feature), "classlabels_int64s", &[0, 1])
}

fn regressor(columns: usize) -> NodeProto {
    floats(ml_node("LinearRegressor", &["x"], &["y"]), "coefficients", &vec![1.0; columns])
}

fn row(columns: usize) -> Tensor {
    Tensor::new([1, columns].into_iter().collect(), Values::Fp32(vec![1.0; columns])).unwrap()
}

#[test]
fn trees_leave_the_width_open_and_take_any_row_with_the_columns_they_read() {
    for input in [open(), shapeless()] {
        let model = load(&from_x(vec![classifier(9)], input));
        model.warm_up().unwrap();
        assert_eq!(model.signature().inputs()[0].shape, [None, None]);
        let mut session = model.session().unwrap();
        for columns in [10, 12] {
            assert_eq!(session.run(&[row(columns)]).unwrap()[0].shape(), [1, 2]);
        }
        session.run(&[row(9)]).unwrap_err();
    }
}

#[test]
fn a_reader_of_one_width_fixes_it() {
    for (input, columns) in [(open(), 11), (open(), 3), (shapeless(), 6)] {
        let model = load(&from_x(vec![regressor(columns)], input));
        assert_eq!(model.signature().inputs()[0].shape, [None, Some(columns)]);
        model.warm_up().unwrap();
    }
    let scaler = floats(ml_node("Scaler", &["x"], &["s"]), "offset", &[0.0; 4]);
    let scaler = floats(scaler, "scale", &[1.0; 4]);
    let mut trees = classifier(2);
    trees.input = vec!["s".to_owned()];
    let model = load(&from_x(vec![scaler, trees], open()));
    assert_eq!(model.signature().inputs()[0].shape, [None, Some(4)]);
}

#[test]
fn names_of_features_tell_the_width() {
    let names: Vec<String> = (0..12).map(|place| format!("f{place}")).collect();
    let feature_names = [("x".to_owned(), names)].into();
    let options = Options { feature_names, ..Options::default() };
    let file = from_x(vec![classifier(9)], open()).encode_to_vec();
    let model = Model::load(&file, &options).unwrap();
    assert_eq!(model.signature().inputs()[0].shape, [None, Some(12)]);
}

#[test]
fn a_sparse_map_narrower_than_the_made_up_rows_loads() {
    let cast = ml_node("CastMap", &["x"], &["y"]);
    let cast = text(text(cast, "map_form", "SPARSE"), "cast_to", "TO_FLOAT");
    let mut map = open();
    map.r#type = None;
    let model = load(&from_x(vec![int(cast, "max_map", 3)], map));
    assert_eq!(model.signature().inputs()[0].shape, [None, Some(3)]);
}

fn named(name: &str, names: [&str; 2], columns: Option<i64>) -> ValueInfoProto {
    let mut info = value(name, DataType::Float, &[None, columns]);
    let typed = info.r#type.as_mut().and_then(|typed| typed.value.as_mut());
    let Some(Value::TensorType(tensor)) = typed else { panic!("no tensor") };
    let dims = &mut tensor.shape.as_mut().unwrap().dim;
    for (dim, name) in dims.iter_mut().zip(names).filter(|(dim, _)| dim.value.is_none()) {
        dim.value = Some(dimension::Value::DimParam(name.to_owned()));
    }
    info
}

#[test]
fn an_extent_named_as_another_inputs_columns_is_not_the_rows() {
    let inputs = vec![named("a", ["N", "K"], None), named("b", ["K", ""], Some(2))];
    let y = vec![value("y", DataType::Float, &[None, Some(2)])];
    let model = load(&model(vec![node("MatMul", &["a", "b"], &["y"])], inputs, y));
    let signature = model.signature();
    assert_eq!(signature.inputs().iter().map(|x| x.per_row).collect::<Vec<_>>(), [true, false]);
    assert!(signature.outputs()[0].per_row);
    let matrix = |name: &'static str, rows: usize, columns: usize| {
        let values = Values::Fp32(vec![1.0; rows * columns]);
        let tensor = Tensor::new([rows, columns].into_iter().collect(), values).unwrap();
        NamedTensor { name: name.into(), tensor }
    };
    let placed = signature.place(vec![matrix("a", 4, 3), matrix("b", 3, 2)]).unwrap();
    assert_eq!(placed.rows(), 4);
    let made = model.session().unwrap().run(placed.tensors()).unwrap();
    assert_eq!(made[0].values(), &Values::Fp32(vec![3.0; 8]));
}

/// A table by year: the made-up year 0 is none of them.
#[test]
fn made_up_indices_may_be_none_of_a_table() {
    let offset = int(node("Constant", &[], &["offset"]), "value_int", 2020);
    let table = floats(node("Constant", &[], &["table"]), "value_floats", &[1.0, 2.0, 3.0]);
    let nodes = vec![
        offset,
        table,
        node("Sub", &["x", "offset"], &["place"]),
        node("Gather", &["table", "place"], &["y"]),
    ];
    let x = value("x", DataType::Int64, &[None]);
    let model = load(&model(nodes, vec![x], vec![value("y", DataType::Float, &[None])]));
    let years = |years: [i64; 2]| {
        let tensor = Tensor::new([2].into_iter().collect(), Values::Int64(years.to_vec()));
        model.session().unwrap().run(&[tensor.unwrap()])
    };
    assert_eq!(years([2022, 2020]).unwrap()[0].values(), &Values::Fp32(vec![3.0, 1.0]));
    assert!(years([2023, 2020]).is_err());
}
