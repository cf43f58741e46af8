//! Casts, with the answers of ONNX Runtime 1.32.

use super::*;
use crate::onnx::operators::element::Element;
use crate::onnx::operators::testing::{int, node, run, string, t, texts};

fn to(tensor: Tensor, number: i64) -> Result<Tensor> {
    Ok(run(cast, &int(node("Cast"), "to", number), &[tensor])?.remove(0))
}

fn strings<T: Element>(values: &[T]) -> Values {
    to(t(&[values.len()], values), 8).unwrap().into_values()
}

fn words(words: &[&str]) -> Values {
    Values::Bytes(words.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn floats_print_with_eight_digits() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let small = [1.0, 1.5, 0.1, 1e10, 1e-5, 123_456_789.0, nan, -nan, inf, -inf, -0.0];
    let expected =
        ["1", "1.5", "0.1", "1e+10", "9.9999997e-06", "1.2345679e+08", "NaN", "NaN", "INF"];
    let expected = words(&[&expected[..], &["-INF", "-0"]].concat());
    assert_eq!(strings(&small), expected);
    let more = [std::f32::consts::PI, 1e38, 0.0001, 100_000.0, 1e8, 99_999_999.0, 1e-45];
    let expected = ["3.1415927", "9.9999997e+37", "9.9999997e-05", "100000", "1e+08", "1e+08"];
    assert_eq!(strings(&more), words(&[&expected[..], &["1.4012985e-45"]].concat()));
    let double = strings(&[2.0 / 3.0, 1e300, 5e-324, 1e-5, 1e17]);
    let expected = ["0.66666667", "1e+300", "4.9406565e-324", "1e-05", "1e+17"];
    assert_eq!(double, words(&expected));
    assert_eq!(strings(&[true, false]), words(&["1", "0"]));
    assert_eq!(strings(&[-7_i8]), words(&["-7"]));
}

#[test]
fn texts_are_read_as_far_as_they_are_numbers() {
    let read = |text: &str, number| to(texts(&[1], &[text]), number).map(Tensor::into_values);
    let singles = [("  1.5", 1.5), ("1.5abc", 1.5), ("1e40", f32::INFINITY), ("1e-50", 0.0)];
    let odd = [("0x1p3", 8.0), ("0x10", 16.0), ("1e", 1.0), (".5", 0.5), ("5.", 5.0), ("+2", 2.0)];
    let words = [("infx", f32::INFINITY), ("-INF", f32::NEG_INFINITY), ("1,5", 1.0)];
    for (text, value) in singles.into_iter().chain(odd).chain(words) {
        assert_eq!(read(text, 1).unwrap(), Values::Fp32(vec![value]), "{text}");
    }
    for text in ["abc", "", "1e400", "1e-310", "5e-324", ".", "-", "0x1p99999"] {
        assert!(read(text, 1).is_err(), "{text}");
        assert!(read(text, 11).is_err(), "{text}");
    }
    assert_eq!(read("0e-999", 11).unwrap(), Values::Fp64(vec![0.0]));
    assert_eq!(read("3.7", 3).unwrap(), Values::Int8(vec![3]));
    assert_eq!(read("300", 3).unwrap(), Values::Int8(vec![44]));
    assert_eq!(read("-300", 12).unwrap(), Values::Uint32(vec![4_294_966_996]));
    assert_eq!(read("9223372036854775808", 13).unwrap(), Values::Uint64(vec![1 << 63]));
    assert!(read("9223372036854775808", 7).is_err());
    assert!(read("18446744073709551616", 2).is_err());
    assert_eq!(read("\t\n8 ", 7).unwrap(), Values::Int64(vec![8]));
    assert_eq!(read("-1", 9).unwrap(), Values::Bool(vec![true]));
    assert_eq!(read("0x10", 9).unwrap(), Values::Bool(vec![false]));
    assert!(read("true", 9).is_err());
    assert!(read("- 1", 7).is_err());
}

#[test]
fn while_probing_a_text_is_zero() {
    let probing = Context::new(true);
    let values = convert(&words(&["", "x"]), Datatype::Fp32, &probing).unwrap();
    assert_eq!(values, Values::Fp32(vec![0.0, 0.0]));
}

#[test]
fn floats_out_of_range_become_what_x86_makes_of_them() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    let floats = [-1.9, 300.0, -300.0, 3e9, -3e9, 1e19, -1e19, 2e19, nan, inf, -inf, 5e9];
    let made = |number| to(t(&[floats.len()], &floats), number).unwrap().into_values();
    assert_eq!(made(3), Values::Int8(vec![-1, 44, -44, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(made(4), Values::Uint16(vec![65535, 300, 65236, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    let min = i32::MIN;
    let expected = vec![-1, 300, -300, min, min, min, min, min, min, min, min, min];
    assert_eq!(made(6), Values::Int32(expected));
    let first = [u32::MAX, 300, 4_294_966_996, 3_000_000_000, 1_294_967_296];
    let expected = [&first[..], &[0, 0, 0, 0, 0, 0, 705_032_704]].concat();
    assert_eq!(made(12), Values::Uint32(expected));
    let min = i64::MIN;
    let first = [-1, 300, -300, 3_000_000_000, -3_000_000_000];
    let expected = [&first[..], &[min, min, min, min, min, min, 5_000_000_000]].concat();
    assert_eq!(made(7), Values::Int64(expected));
    let half = 1_u64 << 63;
    let first = [u64::MAX, 300, 18_446_744_073_709_551_316, 3_000_000_000];
    let rest = [18_446_744_070_709_551_616, 9_999_999_980_506_447_872, half, 0, half, 0, half];
    let expected = [&first[..], &rest, &[5_000_000_000]].concat();
    assert_eq!(made(13), Values::Uint64(expected));
    assert_eq!(made(9), Values::Bool(vec![true; floats.len()]));
    assert_eq!(to(t(&[1], &[-0.0_f64]), 9).unwrap(), t(&[1], &[false]));
    assert_eq!(to(t(&[1], &[1e300]), 1).unwrap(), t(&[1], &[f32::INFINITY]));
    assert_eq!(to(t(&[1], &[-1_i64]), 2).unwrap(), t(&[1], &[255_u8]));
}

#[test]
fn the_type_comes_from_an_attribute_or_an_input() {
    let like = run(cast_like, &node("CastLike"), &[texts(&[], &["1.5"]), t(&[0], &[] as &[f64])]);
    assert_eq!(like.unwrap()[0], t(&[], &[1.5_f64]));
    let named = string(node("Cast"), "to", "INT32");
    assert_eq!(run(cast, &named, &[t(&[1], &[2.5_f32])]).unwrap()[0], t(&[1], &[2_i32]));
    assert!(to(t(&[1], &[1_i64]), 10).is_err());
    assert!(run(cast, &node("Cast"), &[t(&[1], &[1_i64])]).is_err());
}
