//! Types on the way out; values of every type cross in the integration tests.

use smallvec::smallvec;
use tract_onnx::prelude::{tensor0, tensor1};

use super::*;

#[test]
fn every_datatype_has_a_type_of_its_own() {
    for datatype in Datatype::ALL {
        assert_eq!(self::datatype(datum_type(datatype)), Some(datatype));
    }
    assert_eq!(datatype(DatumType::TDim), Some(Datatype::Int64));
    assert_eq!(datatype(DatumType::F16), None);
}

#[test]
fn dims_leave_as_int64_with_all_their_bits() {
    let dims = tensor1(&[TDim::Val(1 << 40), TDim::Val(-1)]);
    let tensor = from_tract(&dims, Datatype::Int64).unwrap();
    assert_eq!(tensor, Tensor::new(smallvec![2], Values::Int64(vec![1 << 40, -1])).unwrap());
}

#[test]
fn values_leave_as_the_signature_has_them() {
    let tensor = from_tract(&tensor0(7_i32), Datatype::Int64).unwrap();
    assert_eq!((tensor.shape(), tensor.values()), (&[][..], &Values::Int64(vec![7])));
}

#[test]
fn an_unresolved_dim_is_an_error() {
    let symbols = tract_onnx::prelude::SymbolScope::default();
    let dims = tensor1(&[TDim::Sym(symbols.sym("rows"))]);
    assert!(from_tract(&dims, Datatype::Int64).is_err());
}
