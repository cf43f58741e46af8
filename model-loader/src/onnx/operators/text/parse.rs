//! Numbers out of strings, as C's `strtod`, `strtoll` and `strtoull` read them for ONNX Runtime.
//!
//! Called by `cast`. Leading white space is skipped and whatever follows the number is ignored.
//! None when there is no number or it is out of the range of the type it is read as.

/// As `std::stod`.
pub(super) fn float(text: &str) -> Option<f64> {
    let (negative, rest) = sign(text);
    let magnitude = if starts_with(rest, "inf") {
        f64::INFINITY
    } else if starts_with(rest, "nan") {
        f64::NAN
    } else if let Some(digits) = hexadecimal_digits(rest) {
        hexadecimal(digits)?
    } else {
        decimal(rest)?
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// As `std::stoll`.
pub(super) fn signed(text: &str) -> Option<i64> {
    let (negative, rest) = sign(text);
    let magnitude = digits(rest)?;
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// As `std::stoull`, which wraps what has a minus sign.
pub(super) fn unsigned(text: &str) -> Option<u64> {
    let (negative, rest) = sign(text);
    let magnitude = digits(rest)?;
    Some(if negative { magnitude.wrapping_neg() } else { magnitude })
}

/// Skips white space and a sign; true when it is a minus.
fn sign(text: &str) -> (bool, &str) {
    // C's white space is one character more than `is_ascii_whitespace`.
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn starts_with(text: &str, lower: &str) -> bool {
    text.get(..lower.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower))
}

/// The digits at the start.
fn digits(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// The number of bytes of digits and at most one point, and whether there is a digit.
fn mantissa(text: &str, is_digit: fn(&u8) -> bool) -> (usize, bool) {
    let (mut point, mut any, mut end) = (false, false, 0);
    for byte in text.as_bytes() {
        match byte {
            b'.' if !point => point = true,
            byte if is_digit(byte) => any = true,
            _ => break,
        }
        end += 1;
    }
    (end, any)
}

/// The bytes of an exponent after its letter; zero when no digit follows.
fn exponent(text: &str, letter: u8) -> usize {
    let bytes = text.as_bytes();
    if bytes.first().map(u8::to_ascii_lowercase) != Some(letter) {
        return 0;
    }
    let signed = usize::from(matches!(bytes.get(1), Some(b'+' | b'-')));
    let digits = bytes[1 + signed..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { 0 } else { 1 + signed + digits }
}

fn decimal(text: &str) -> Option<f64> {
    let (end, any) = mantissa(text, u8::is_ascii_digit);
    if !any {
        return None;
    }
    let number = &text[..end + exponent(&text[end..], b'e')];
    let value: f64 = number.parse().ok()?;
    in_range(value, text[..end].bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
}

/// C reports an overflow and an underflow, ONNX Runtime fails for both.
fn in_range(value: f64, nonzero: bool) -> Option<f64> {
    let underflow = nonzero && value < f64::MIN_POSITIVE;
    (value.is_finite() && !underflow).then_some(value)
}

/// What stands after `0x`, where it starts with a digit.
fn hexadecimal_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    mantissa(digits, u8::is_ascii_hexdigit).1.then_some(digits)
}

/// Hexadecimal digits and a binary exponent. Digits beyond the 16th significant one only count for
/// the magnitude.
fn hexadecimal(text: &str) -> Option<f64> {
    let (end, _) = mantissa(text, u8::is_ascii_hexdigit);
    let (mut value, mut scale, mut point) = (0_u64, 0_i64, false);
    for character in text[..end].chars() {
        let Some(digit) = character.to_digit(16) else {
            point = true;
            continue;
        };
        let full = value >= 1 << 60;
        if !full {
            value = value << 4 | u64::from(digit);
        }
        scale += match (full, point) {
            (false, true) => -4,
            (true, false) => 4,
            _ => 0,
        };
    }
    let power = &text[end..end + exponent(&text[end..], b'p')];
    if let Some(power) = power.get(1..) {
        let huge = if power.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
        scale = scale.saturating_add(power.parse().unwrap_or(huge));
    }
    // Two steps, because 2^scale itself may be out of range where the product is not.
    let scale = i32::try_from(scale.clamp(-4000, 4000)).ok()?;
    let half = scale / 2;
    let scaled = value as f64 * 2_f64.powi(half) * 2_f64.powi(scale - half);
    in_range(scaled, value != 0)
}
