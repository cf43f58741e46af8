//! Texts become values of the column's type, or are named.

use model_loader::{Datatype, Values};

use super::parse;

fn parsed(datatype: Datatype, text: &str) -> Result<Values, String> {
    let mut values = Values::zeros(datatype, 0);
    parse(&mut values, text).map(|()| values)
}

#[test]
fn values_are_read_by_their_type() {
    for (datatype, text, values) in [
        (Datatype::Fp32, " 1.5 ", Values::Fp32(vec![1.5])),
        (Datatype::Fp64, "-1e3", Values::Fp64(vec![-1000.0])),
        (Datatype::Fp32, "inf", Values::Fp32(vec![f32::INFINITY])),
        (Datatype::Int64, "9007199254740993", Values::Int64(vec![9_007_199_254_740_993])),
        (Datatype::Int8, "3.0", Values::Int8(vec![3])),
        (Datatype::Bool, "True", Values::Bool(vec![true])),
        (Datatype::Bytes, " a ", Values::Bytes(vec![" a ".to_owned()])),
        (Datatype::Bytes, "", Values::Bytes(vec![String::new()])),
    ] {
        assert_eq!(parsed(datatype, text).unwrap(), values, "{text}");
    }
    for text in ["", "NaN", "NA", "null"] {
        let Values::Fp32(values) = parsed(Datatype::Fp32, text).unwrap() else { panic!() };
        assert!(values[0].is_nan(), "{text}");
    }
}

#[test]
fn what_is_no_value_is_named() {
    for (datatype, text) in [
        (Datatype::Fp32, "much"),
        (Datatype::Int32, ""),
        (Datatype::Int32, "1.5"),
        (Datatype::Uint8, "256"),
        (Datatype::Uint8, "-1"),
        (Datatype::Bool, "maybe"),
    ] {
        let error = parsed(datatype, text).unwrap_err();
        assert!(error.contains(&format!("\"{text}\" is no")), "{error}");
    }
}
