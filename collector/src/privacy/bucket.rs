//! A number -> the lower edge of the bucket it lies in, a number of the same type.

use std::ops::RangeInclusive;

use super::Buckets;
use crate::row::{Kind, Number};

/// Numbers beyond are not told apart by 64-bit floats.
const EXACT: f64 = ((1_u64 << 53) - 1) as f64;

/// A number that can be put into a bucket.
pub(super) trait Bucketed: Number {
    /// Its bucket's lower edge. Below the first edge that is the type's least: for floats negative
    /// infinity. A NaN stays one, and an infinity of an endless row of buckets too.
    fn bucket(self, buckets: &Buckets) -> Self;
}

macro_rules! integers {
    ($($t:ty),*) => {$(
        impl Bucketed for $t {
            fn bucket(self, buckets: &Buckets) -> Self {
                match buckets {
                    Buckets::Width(width) => {
                        let width = (*width as i128).max(1);
                        let label = i128::from(self).div_euclid(width) * width;
                        // The lowest bucket may begin below what the type holds.
                        Self::try_from(label).unwrap_or(Self::MIN)
                    }
                    // Edges are exact as 64-bit floats, and what is rounded here lies beyond them.
                    Buckets::Edges(edges) => {
                        below(edges, self as f64).map_or(Self::MIN, |edge| edge as $t)
                    }
                }
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Bucketed for f64 {
    fn bucket(self, buckets: &Buckets) -> Self {
        match buckets {
            _ if self.is_nan() => self,
            Buckets::Width(width) => {
                let place = (self / width).floor();
                // Infinite, or so far from 0 that a bucket has no second number.
                if place.is_infinite() { self } else { (place * width).max(f64::MIN) }
            }
            Buckets::Edges(edges) => below(edges, self).unwrap_or(f64::NEG_INFINITY),
        }
    }
}

impl Bucketed for f32 {
    fn bucket(self, buckets: &Buckets) -> Self {
        let label = f64::from(self).bucket(buckets);
        // The lowest bucket of finite numbers may begin below what the type holds.
        let least = if label.is_finite() { f32::MIN } else { f32::NEG_INFINITY };
        let short = label as f32;
        if short < least { least } else { short }
    }
}

/// The last edge that is not above `value`.
fn below(edges: &[f64], value: f64) -> Option<f64> {
    let place = edges.partition_point(|edge| *edge <= value);
    edges.get(place.checked_sub(1)?).copied()
}

// === impl Buckets ===

impl Buckets {
    /// Whether a number of that kind can be put into them; else a sentence that says why not.
    pub(super) fn check(&self, kind: Kind) -> Result<(), String> {
        let (numbers, is_width) = match self {
            Buckets::Width(width) => (std::slice::from_ref(width), true),
            Buckets::Edges(edges) => (edges.as_slice(), false),
        };
        if numbers.is_empty() || !numbers.is_sorted_by(|a, b| a < b) {
            return Err("its edges do not ascend".to_owned());
        }
        let range = range(kind).ok_or_else(|| format!("it holds {}, no numbers", kind.name()))?;
        let is_whole = !matches!(kind, Kind::F32 | Kind::F64);
        for number in numbers {
            if !number.is_finite() || number.abs() > EXACT || (is_width && *number <= 0.0) {
                return Err(format!("{number} is no bucket's width or edge"));
            }
            if is_whole && number.fract() != 0.0 {
                return Err(format!("it holds {}, and {number} is not whole", kind.name()));
            }
            if !is_width && !range.contains(number) {
                return Err(format!("it holds {}, and {number} is none", kind.name()));
            }
        }
        Ok(())
    }

    /// Whether the least of its type can only stand for what is below the first edge.
    pub(super) fn has_below(&self, kind: Kind) -> bool {
        let least = match kind {
            Kind::I64 => i64::MIN as f64,
            Kind::F32 | Kind::F64 => f64::NEG_INFINITY,
            other => range(other).map_or(f64::INFINITY, |range| *range.start()),
        };
        matches!(self, Buckets::Edges(edges) if edges.first().is_some_and(|edge| *edge > least))
    }
}

/// The numbers of a kind.
fn range(kind: Kind) -> Option<RangeInclusive<f64>> {
    Some(match kind {
        Kind::U8 => 0.0..=f64::from(u8::MAX),
        Kind::U16 => 0.0..=f64::from(u16::MAX),
        Kind::U32 => 0.0..=f64::from(u32::MAX),
        Kind::U64 => 0.0..=EXACT,
        Kind::I8 => f64::from(i8::MIN)..=f64::from(i8::MAX),
        Kind::I16 => f64::from(i16::MIN)..=f64::from(i16::MAX),
        Kind::I32 => f64::from(i32::MIN)..=f64::from(i32::MAX),
        Kind::I64 | Kind::F32 | Kind::F64 => -EXACT..=EXACT,
        Kind::Bool | Kind::Text => return None,
    })
}
