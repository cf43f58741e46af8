//! What each type holds of a number, and what it does not; against wider arithmetic.

use proptest::prelude::*;

use super::*;

/// The numbers as values of that type, or the place of the first that it does not hold.
fn as_type(numbers: &[Number], datatype: Datatype) -> Result<Values, usize> {
    values(numbers.iter().copied(), numbers.len(), datatype).map_err(|unheld| unheld.index)
}

#[track_caller]
fn held(number: Number, wanted: Values) {
    assert_eq!(as_type(&[number], wanted.datatype()), Ok(wanted), "{number:?}");
}

#[track_caller]
fn unheld(number: Number, datatypes: &[Datatype]) {
    for &datatype in datatypes {
        assert_eq!(as_type(&[number], datatype), Err(0), "{number:?} as {datatype}");
    }
}

const INTEGERS: [Datatype; 8] = [
    Datatype::Uint8,
    Datatype::Uint16,
    Datatype::Uint32,
    Datatype::Uint64,
    Datatype::Int8,
    Datatype::Int16,
    Datatype::Int32,
    Datatype::Int64,
];

#[test]
fn whole_reals_become_integers_within_their_range() {
    held(Number::Real(-0.0), Values::Uint8(vec![0]));
    held(Number::Real(255.0), Values::Uint8(vec![255]));
    held(Number::Real(-128.0), Values::Int8(vec![-128]));
    held(Number::Real(9007199254740993.0), Values::Int64(vec![9007199254740992]));
    held(Number::Real(-9223372036854775808.0), Values::Int64(vec![i64::MIN]));
    held(Number::Real(9223372036854775808.0), Values::Uint64(vec![1 << 63]));
    unheld(Number::Real(9223372036854775808.0), &[Datatype::Int64]);
    unheld(Number::Real(18446744073709551616.0), &[Datatype::Uint64]);
    unheld(Number::Real(256.0), &[Datatype::Uint8, Datatype::Int8, Datatype::Bool]);
    unheld(Number::Real(-1.0), &[Datatype::Uint8, Datatype::Uint64, Datatype::Bool]);
}

#[test]
fn what_is_not_whole_becomes_no_integer() {
    for real in [0.5, -1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 2_f64.powi(127)] {
        unheld(Number::Real(real), &INTEGERS);
        unheld(Number::Real(real), &[Datatype::Bool]);
    }
}

#[test]
fn zero_and_one_are_booleans() {
    held(Number::Real(1.0), Values::Bool(vec![true]));
    held(Number::Whole(0), Values::Bool(vec![false]));
    unheld(Number::Whole(2), &[Datatype::Bool]);
    held(Number::read(&Values::Bool(vec![true]), 0), Values::Fp32(vec![1.0]));
}

#[test]
fn integers_become_reals_that_hold_them() {
    held(Number::Whole(1 << 24), Values::Fp32(vec![16777216.0]));
    unheld(Number::Whole((1 << 24) + 1), &[Datatype::Fp32]);
    held(Number::Whole((1 << 24) + 1), Values::Fp64(vec![16777217.0]));
    unheld(Number::Whole((1 << 53) + 1), &[Datatype::Fp64]);
    unheld(Number::Whole(i64::MAX.into()), &[Datatype::Fp32, Datatype::Fp64]);
    unheld(Number::Whole(u64::MAX.into()), &[Datatype::Fp32, Datatype::Fp64]);
    held(Number::Whole(i64::MIN.into()), Values::Fp32(vec![-9223372036854775808.0]));
}

/// As an FP32 tensor is read: the nearest, and out of range is refused.
#[test]
fn doubles_become_the_nearest_singles() {
    held(Number::Real(0.1), Values::Fp32(vec![0.1]));
    held(Number::Real(f64::INFINITY), Values::Fp32(vec![f32::INFINITY]));
    held(Number::Real(1e-60), Values::Fp32(vec![0.0]));
    unheld(Number::Real(1e39), &[Datatype::Fp32]);
    unheld(Number::Real(-1e39), &[Datatype::Fp32]);
    let nan = as_type(&[Number::Real(f64::NAN)], Datatype::Fp32).unwrap();
    assert!(matches!(nan, Values::Fp32(values) if values[0].is_nan()));
}

#[test]
fn the_first_that_is_not_held_is_named() {
    let numbers = [Number::Real(1.0), Number::Real(2.5), Number::Real(f64::NAN)];
    assert_eq!(as_type(&numbers, Datatype::Int64), Err(1));
    unheld(Number::Real(1.0), &[Datatype::Bytes]);
}

proptest! {
    #[test]
    fn integers_survive_the_way_through_a_matrix_of_doubles(value: i64) {
        let double = value as f64;
        let back = as_type(&[Number::read(&Values::Fp64(vec![double]), 0)], Datatype::Int64);
        if double as i128 == i128::from(value) {
            prop_assert_eq!(back, Ok(Values::Int64(vec![value])));
        } else {
            prop_assert!(back != Ok(Values::Int64(vec![value])));
        }
        let whole = as_type(&[Number::read(&Values::Int64(vec![value]), 0)], Datatype::Fp64);
        prop_assert_eq!(whole.is_ok(), double as i128 == i128::from(value));
    }

    #[test]
    fn singles_are_doubles_and_back(bits: u32) {
        let single = f32::from_bits(bits);
        let number = Number::read(&Values::Fp32(vec![single]), 0);
        let Ok(Values::Fp32(back)) = as_type(&[number], Datatype::Fp32) else { panic!() };
        prop_assert!(back[0] == single || (back[0].is_nan() && single.is_nan()));
    }
}

#[test]
fn numbers_are_written_as_they_were_sent() {
    let written = [
        (Number::Real(0.1_f32.into()), "0.1"),
        (Number::Real(0.1), "0.1"),
        (Number::Real(1.0 / 3.0), "0.3333333333333333"),
        (Number::Real(1e300), "1e300"),
        (Number::Real(2.5), "2.5"),
        (Number::Real(f64::NAN), "NaN"),
        (Number::Whole(-7), "-7"),
    ];
    for (number, text) in written {
        assert_eq!(number.to_string(), text);
    }
}
