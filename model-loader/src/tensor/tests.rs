//! A tensor's shape and values agree, or there is no tensor.

use smallvec::smallvec;

use super::*;

#[test]
fn product_of_the_shape_is_the_number_of_values() {
    let tensor = Tensor::new(smallvec![2, 3], Values::Fp32(vec![0.0; 6])).unwrap();
    assert_eq!(tensor.shape(), [2, 3]);
    assert_eq!(tensor.datatype(), Datatype::Fp32);
    assert_eq!(tensor.into_values().len(), 6);
    assert!(Tensor::new(smallvec![], Values::Int64(vec![7])).is_ok(), "a scalar has one value");
    assert!(Tensor::new(smallvec![0, 5], Values::Bool(vec![])).is_ok());
}

#[test]
fn other_shapes_are_refused() {
    for shape in [smallvec![2, 4], smallvec![6, 0], smallvec![], smallvec![usize::MAX, 8]] {
        let shape: Shape = shape;
        let error = Tensor::new(shape, Values::Fp32(vec![0.0; 6])).unwrap_err();
        assert!(matches!(error, Error::Shape { values: 6, .. }), "{error}");
    }
}
