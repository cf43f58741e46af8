//! One number, exactly, from the digits the cursor has added up.
//!
//! Short decimals, which is what data are, become floats by one multiplication or division that
//! IEEE 754 rounds correctly (W. D. Clinger, "How to read floating point numbers accurately",
//! 1990); everything else goes to the standard library, which is exact and slower.

#[cfg(test)]
mod tests;

/// A number as it stands in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    /// Its text, which has JSON's grammar.
    text: &'a [u8],
    /// It starts with a minus.
    negative: bool,
    /// Its digits as one integer; meaningful when `short`.
    mantissa: u64,
    /// How many of them stand after the point.
    fraction: usize,
    /// It has no exponent, and no more digits than 64 bits hold.
    short: bool,
}

/// Integers up to here are exact in double precision.
const EXACT: u64 = 1 << 53;

/// Powers of ten that are exact in double precision.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

// === impl Number ===

impl<'a> Number<'a> {
    /// Reads the number at the start of `bytes`; how many bytes it takes.
    ///
    /// # Errors
    /// Where the grammar breaks, as an offset, and what was expected there.
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Result<(Self, usize), (usize, &'static str)> {
        let byte = |at: usize| bytes.get(at).copied();
        let negative = byte(0) == Some(b'-');
        let start = usize::from(negative);
        let (mut mantissa, mut at) = digits(bytes, start, 0);
        let integer = at - start;
        if integer == 0 {
            return Err((at, "expected a number"));
        }
        if integer > 1 && bytes[start] == b'0' {
            return Err((start, "number with a leading zero"));
        }
        let mut fraction = 0;
        if byte(at) == Some(b'.') {
            let point = at + 1;
            (mantissa, at) = digits(bytes, point, mantissa);
            fraction = at - point;
            if fraction == 0 {
                return Err((at, "expected a digit after '.'"));
            }
        }
        let exponent = matches!(byte(at), Some(b'e' | b'E'));
        if exponent {
            at += 1 + usize::from(matches!(byte(at + 1), Some(b'+' | b'-')));
            let (_, end) = digits(bytes, at, 0);
            if end == at {
                return Err((at, "expected a digit in an exponent"));
            }
            at = end;
        }
        // 19 digits cannot overflow 64 bits; leading zeros only make this stricter.
        let short = !exponent && integer + fraction <= 19;
        Ok((Self { text: &bytes[..at], negative, mantissa, fraction, short }, at))
    }

    /// Its text.
    pub fn text(self) -> &'a str {
        std::str::from_utf8(self.text).expect("the grammar has ASCII only")
    }

    /// The nearest double; infinite when out of range.
    #[inline]
    pub fn to_f64(self) -> f64 {
        self.short().unwrap_or_else(|| self.parse())
    }

    /// The nearest single; infinite when out of range.
    #[inline]
    pub fn to_f32(self) -> f32 {
        match self.short() {
            // Rounded twice, once to a double and once more here. That goes wrong only where the
            // first rounding made a tie of what was none: the 29 bits to be dropped are then
            // 100...0. (Always 29: what `short` gives is 0 or above 1e-22, far from single's
            // subnormals.)
            Some(double) if double.to_bits() & 0x1fff_ffff != 0x1000_0000 => double as f32,
            _ => self.parse(),
        }
    }

    /// The double, where one correctly rounded operation gives it.
    #[inline]
    fn short(self) -> Option<f64> {
        if !self.short || self.mantissa > EXACT {
            return None;
        }
        let magnitude = self.mantissa as f64 / POWERS.get(self.fraction)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    #[cold]
    fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(self) -> T {
        self.text().parse().expect("JSON's grammar of numbers is part of Rust's")
    }
}

/// Adds the digits from `at` on to the end of `mantissa`; the sum, which wraps, and where they end.
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut mantissa: u64) -> (u64, usize) {
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|d| *d < 10) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (mantissa, at)
}
