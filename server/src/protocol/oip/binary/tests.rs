//! Every datatype goes to bytes and back; half precision is widened exactly; lengths are checked.

use model_loader::{Datatype, Values};
use proptest::prelude::*;

use super::{Wire, half, write};

fn bytes(values: &Values) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, values);
    out
}

#[test]
fn every_datatype_comes_back() {
    for values in [
        Values::Bool(vec![true, false]),
        Values::Uint8(vec![0, 255]),
        Values::Uint16(vec![1, 65_535]),
        Values::Uint32(vec![1, u32::MAX]),
        Values::Uint64(vec![1, u64::MAX]),
        Values::Int8(vec![-128, 127]),
        Values::Int16(vec![i16::MIN, 1]),
        Values::Int32(vec![i32::MIN, 1]),
        Values::Int64(vec![i64::MIN, 1]),
        Values::Fp32(vec![-0.0, f32::INFINITY]),
        Values::Fp64(vec![1e300, f64::MIN_POSITIVE]),
        Values::Bytes(vec![String::new(), "grün".to_owned()]),
    ] {
        let wire = Wire::Own(values.datatype());
        assert_eq!(wire.read(&bytes(&values), 2).unwrap(), values);
        assert_eq!(wire.datatype(), values.datatype());
        for wrong in [1, 3, usize::MAX] {
            let error = wire.read(&bytes(&values), wrong).unwrap_err().to_string();
            assert!(error.contains("bytes of data"), "{error}");
        }
    }
}

#[test]
fn the_layout_is_the_protocols() {
    assert_eq!(bytes(&Values::Int32(vec![1, -2])), [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(bytes(&Values::Bytes(vec!["ab".to_owned()])), [2, 0, 0, 0, b'a', b'b']);
}

#[test]
fn half_precision_is_widened_exactly() {
    // Golden values: numpy.frombuffer(..., numpy.float16).astype(numpy.float32).
    for (bits, number) in [
        (0x3c00, 1.0_f32),
        (0xc000, -2.0),
        (0x7bff, 65_504.0),
        (0x0400, 6.103_515_6e-5),
        (0x0001, 5.960_464_5e-8),
        (0x83ff, -6.097_555e-5),
        (0x3555, 0.333_251_95),
        (0x7c00, f32::INFINITY),
    ] {
        assert_eq!(half(bits), number, "{bits:x}");
    }
    assert!(half(0x8000).is_sign_negative() && half(0x8000) == 0.0);
    assert!(half(0x7e01).is_nan());
    let read = Wire::named("FP16").unwrap().read(&[0, 0x3c, 0, 0xc0], 2).unwrap();
    assert_eq!(read, Values::Fp32(vec![1.0, -2.0]));
    let read = Wire::named("BF16").unwrap().read(&[0x80, 0x3f], 1).unwrap();
    assert_eq!(read, Values::Fp32(vec![1.0]));
}

#[test]
fn texts_must_be_texts() {
    let text = Wire::Own(Datatype::Bytes);
    assert!(text.read(&[1, 0, 0, 0, 0xff], 1).unwrap_err().to_string().contains("not UTF-8"));
    assert!(text.read(&[9, 0, 0, 0, b'a'], 1).is_err());
    assert!(Wire::named("FP8").unwrap_err().to_string().contains("\"FP8\""));
}

proptest! {
    #[test]
    fn any_bytes_are_values_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        elements in 0_usize..20,
    ) {
        for datatype in Datatype::ALL {
            if let Ok(values) = Wire::Own(datatype).read(&bytes, elements) {
                prop_assert_eq!(values.len(), elements);
                if datatype != Datatype::Bool {
                    let mut back = Vec::new();
                    write(&mut back, &values);
                    // A NaN may come back as another NaN only where its bits were changed: never.
                    prop_assert_eq!(&back, &bytes);
                }
            }
        }
    }
}
