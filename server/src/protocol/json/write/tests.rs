//! What is written, serde_json reads back as it was.

use proptest::prelude::*;

use super::{Write, array, string};

fn written<T: Write>(values: &[T]) -> Vec<u8> {
    let mut out = Vec::new();
    array(&mut out, values);
    out
}

proptest! {
    #[test]
    fn floats_come_back_to_the_bit(values in prop::collection::vec(any::<f32>(), 0..50)) {
        let back: Vec<Option<f32>> = serde_json::from_slice(&written(&values)).unwrap();
        for (value, back) in values.iter().zip(back) {
            let finite = value.is_finite().then_some(value.to_bits());
            prop_assert_eq!(back.map(f32::to_bits), finite);
        }
    }

    #[test]
    fn doubles_come_back_to_the_bit(
        values in prop::collection::vec(prop::num::f64::NORMAL, 0..50),
    ) {
        let back: Vec<f64> = serde_json::from_slice(&written(&values)).unwrap();
        prop_assert_eq!(back, values);
    }

    #[test]
    fn text_comes_back(text in ".*") {
        let mut out = Vec::new();
        string(&mut out, &text);
        prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }
}

#[test]
fn elements_are_written_in_their_shortest_form() {
    assert_eq!(written(&[0.1f32, 1.0, -2.5e-8]), b"[0.1,1.0,-2.5e-8]");
    assert_eq!(written(&[i64::MIN, 0, i64::MAX]), b"[-9223372036854775808,0,9223372036854775807]");
    assert_eq!(written(&[true, false]), b"[true,false]");
    assert_eq!(written(&["a\"b\n".to_owned()]), br#"["a\"b\n"]"#);
    assert_eq!(written::<f32>(&[]), b"[]");
    assert_eq!(written(&[f64::NAN, f64::INFINITY]), b"[null,null]");
}
