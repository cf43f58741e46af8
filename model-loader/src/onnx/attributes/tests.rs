//! Attributes in their several forms, and refusals that name them.

use super::*;

fn node(attribute: AttributeProto) -> NodeProto {
    NodeProto { attribute: vec![attribute], ..NodeProto::default() }
}

fn tensor(name: &str, tensor: TensorProto) -> NodeProto {
    let (r#type, t) = (AttributeType::Tensor as i32, Some(tensor));
    node(AttributeProto { name: name.to_owned(), r#type, t, ..AttributeProto::default() })
}

fn floats(tensor_proto: TensorProto) -> Result<Floats> {
    let node = tensor("w_as_tensor", tensor_proto);
    Attributes(&node).floats_or_tensor("w")
}

#[test]
fn floats_come_as_a_list_or_as_a_tensor_of_either_precision() {
    let values = vec![0.1_f64, -2.0];
    let double = TensorProto {
        data_type: DataType::Double as i32,
        double_data: values.clone(),
        ..TensorProto::default()
    };
    assert_eq!(floats(double).unwrap(), Floats::Double(values.clone()));
    let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let raw =
        TensorProto { data_type: DataType::Double as i32, raw_data, ..TensorProto::default() };
    assert_eq!(floats(raw).unwrap(), Floats::Double(values));
    let raw_data = 0.1_f32.to_le_bytes().to_vec();
    let raw = TensorProto { data_type: DataType::Float as i32, raw_data, ..TensorProto::default() };
    assert_eq!(floats(raw).unwrap(), Floats::Single(vec![0.1]));
    let node = NodeProto::default();
    assert_eq!(Attributes(&node).floats_or_tensor("w").unwrap(), Floats::Single(vec![]));
}

#[test]
fn damaged_tensors_are_refused_by_name() {
    let raw_data = vec![0; 7];
    let raw = TensorProto { data_type: DataType::Float as i32, raw_data, ..TensorProto::default() };
    let error = format!("{:#}", floats(raw).unwrap_err());
    assert!(error.contains("`w_as_tensor`") && error.contains("multiple of 4"), "{error}");
    let ints = TensorProto { data_type: DataType::Int64 as i32, ..TensorProto::default() };
    assert!(format!("{:#}", floats(ints).unwrap_err()).contains("neither floats nor doubles"));
}

#[test]
fn another_type_or_encoding_is_refused_by_name() {
    let strings = AttributeProto {
        name: "labels".to_owned(),
        r#type: AttributeType::Strings as i32,
        strings: vec![vec![0xff]],
        ..AttributeProto::default()
    };
    let node = node(strings);
    let error = Attributes(&node).ints("labels").unwrap_err().to_string();
    assert_eq!(error, "attribute `labels` is not of type Ints");
    let error = Attributes(&node).strings("labels").unwrap_err().to_string();
    assert_eq!(error, "attribute `labels` is not UTF-8");
    assert_eq!(Attributes(&node).int("other").unwrap(), None);
}

#[test]
fn linear_classifiers_call_their_labels_otherwise() {
    for name in ["classlabels_int64s", "classlabels_ints"] {
        let (r#type, ints) = (AttributeType::Ints as i32, vec![3, -4]);
        let node = node(AttributeProto {
            name: name.to_owned(),
            r#type,
            ints,
            ..AttributeProto::default()
        });
        let labels = Attributes(&node).class_labels().unwrap();
        assert_eq!(labels.texts(), ["3", "-4"]);
    }
}
