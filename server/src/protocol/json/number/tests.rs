//! Numbers are the ones the standard library reads, to the bit.

use proptest::prelude::*;

use crate::protocol::json::cursor::Cursor;

const DEPTH: u32 = 100;

fn agrees(text: &str) {
    let number = Cursor::new(text.as_bytes(), DEPTH).number().unwrap();
    let (single, double): (f32, f64) = (text.parse().unwrap(), text.parse().unwrap());
    assert_eq!(number.to_f32().to_bits(), single.to_bits(), "{text} in single precision");
    assert_eq!(number.to_f64().to_bits(), double.to_bits(), "{text} in double precision");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn decimals_of_any_length(text in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,28})?") {
        agrees(&text);
    }

    #[test]
    fn decimals_with_exponents(text in "-?[1-9](\\.[0-9]{1,9})?[eE][+-]?[0-9]{1,2}") {
        agrees(&text);
    }

    #[test]
    fn floats_as_they_are_printed(
        single in prop::num::f32::NORMAL, double in prop::num::f64::NORMAL,
    ) {
        agrees(&single.to_string());
        agrees(&f64::from(single).to_string());
        agrees(&double.to_string());
    }

    /// Just below, at and just above the middle between two singles: where rounding twice goes
    /// wrong.
    #[test]
    fn neighbours_of_ties(bits in 0x3000_0000u32..0x5a00_0000, nudge in -3i64..=3) {
        let (lower, upper) = (f64::from(f32::from_bits(bits)), f64::from(f32::from_bits(bits + 1)));
        let middle = lower + (upper - lower) / 2.0;
        agrees(&f64::from_bits(middle.to_bits().wrapping_add_signed(nudge)).to_string());
        let exact = middle.to_string();
        let point = if exact.contains('.') { "" } else { "." };
        agrees(&format!("{exact}{point}0000000001"));
    }
}

#[test]
fn the_borders_of_the_quick_way() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "9007199254740992",
        "9007199254740993",
        "0.0000000000000000000001",
        "1.0000000596046448",
        "1.00000005960464477539",
        "1.00000017881393433",
        "16777217",
        "16777217.0000001",
        "9999999999999999999",
        "18446744073709551616",
        "0.1",
        "3.4028235e38",
        "340282350000000000000000000000000000000",
        "1e-45",
        "7e-46",
        "1e400",
    ] {
        agrees(text);
    }
}
