//! The ten types of numbers with the arithmetic that ONNX Runtime gives them.
//!
//! Integers wrap as C++ ones do on common machines; used by every operator of this group.

use crate::onnx::operators::element::Element;

/// A type that arithmetic is defined for.
pub(super) trait Number: Element + Copy + PartialOrd {
    const ZERO: Self;
    const ONE: Self;
    /// Below or equal to every other value.
    const LOWEST: Self;
    /// Above or equal to every other value.
    const HIGHEST: Self;
    /// Division by zero is an error for integers only.
    const IS_FLOAT: bool;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// Zero for an integer divided by zero, which the callers refuse beforehand.
    fn over(self, other: Self) -> Self;
    /// The remainder with the sign of the dividend, as C has it.
    fn rem_c(self, other: Self) -> Self;
    /// The remainder with the sign of the divisor, as Python has it.
    fn rem_floor(self, other: Self) -> Self;
    fn magnitude(self) -> Self;
    fn negated(self) -> Self;
    fn sign(self) -> Self;
    fn is_nan(self) -> bool;
    fn to_f64(self) -> f64;
    /// Truncates towards zero and saturates for integers.
    fn from_f64(value: f64) -> Self;

    /// Zero for what is below it; NaN stays.
    fn positive(self) -> Self {
        if self < Self::ZERO { Self::ZERO } else { self }
    }

    /// The smaller one; NaN when either is.
    fn least(self, other: Self) -> Self {
        if self < other || self.is_nan() { self } else { other }
    }

    /// The larger one; NaN when either is.
    fn greatest(self, other: Self) -> Self {
        if self > other || self.is_nan() { self } else { other }
    }
}

macro_rules! integer {
    ($($type:ty, $magnitude:expr, $sign:expr, $floor:expr;)*) => {$(
        impl Number for $type {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const LOWEST: Self = <$type>::MIN;
            const HIGHEST: Self = <$type>::MAX;
            const IS_FLOAT: bool = false;
            fn plus(self, other: Self) -> Self { self.wrapping_add(other) }
            fn minus(self, other: Self) -> Self { self.wrapping_sub(other) }
            fn times(self, other: Self) -> Self { self.wrapping_mul(other) }
            fn over(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_div(other) }
            }
            fn rem_c(self, other: Self) -> Self {
                if other == 0 { 0 } else { self.wrapping_rem(other) }
            }
            fn rem_floor(self, other: Self) -> Self {
                if other == 0 { 0 } else { $floor(self, other) }
            }
            fn magnitude(self) -> Self { $magnitude(self) }
            fn negated(self) -> Self { self.wrapping_neg() }
            fn sign(self) -> Self { $sign(self) }
            fn is_nan(self) -> bool { false }
            fn to_f64(self) -> f64 { self as f64 }
            fn from_f64(value: f64) -> Self { value as $type }
        }
    )*};
}

macro_rules! signed {
    ($($type:ty)*) => {integer! {$(
        $type, <$type>::wrapping_abs, <$type>::signum, |a: $type, b: $type| {
            let rest = a.wrapping_rem(b);
            if rest != 0 && (rest < 0) != (b < 0) { rest.wrapping_add(b) } else { rest }
        };
    )*}};
}

macro_rules! unsigned {
    ($($type:ty)*) => {integer! {$(
        $type, std::convert::identity, |a: $type| a.min(1), <$type>::wrapping_rem;
    )*}};
}

macro_rules! float {
    ($($type:ty)*) => {$(
        impl Number for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LOWEST: Self = <$type>::NEG_INFINITY;
            const HIGHEST: Self = <$type>::INFINITY;
            const IS_FLOAT: bool = true;
            fn plus(self, other: Self) -> Self { self + other }
            fn minus(self, other: Self) -> Self { self - other }
            fn times(self, other: Self) -> Self { self * other }
            fn over(self, other: Self) -> Self { self / other }
            fn rem_c(self, other: Self) -> Self { self % other }
            fn rem_floor(self, other: Self) -> Self {
                let rest = self % other;
                if rest != 0.0 && (rest < 0.0) != (other < 0.0) { rest + other } else { rest }
            }
            fn magnitude(self) -> Self { self.abs() }
            fn negated(self) -> Self { -self }
            fn sign(self) -> Self {
                if self > 0.0 { 1.0 } else if self < 0.0 { -1.0 } else { self * 0.0 }
            }
            fn is_nan(self) -> bool { self.is_nan() }
            fn to_f64(self) -> f64 { f64::from(self) }
            fn from_f64(value: f64) -> Self { value as $type }
        }
    )*};
}

signed! { i8 i16 i32 i64 }
unsigned! { u8 u16 u32 u64 }
float! { f32 f64 }
