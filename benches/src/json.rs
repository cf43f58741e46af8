//! Infer requests of the Open Inference Protocol, as clients write them.

use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// How a client writes a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// As few digits as tell the float32 from its neighbours: "0.1".
    Shortest,
    /// As a float64 with that value: "0.10000000149011612". numpy's `tolist` leads to this.
    Widened,
}

/// The body of an infer request with one FP32 input, `features`, of shape `[rows, columns]`; NaN
/// becomes null.
///
/// # Panics
/// When `values` are not whole rows of `columns` columns.
pub fn infer(values: &[f32], columns: usize, digits: Digits) -> String {
    assert_eq!(values.len() % columns, 0, "whole rows of {columns} columns");
    let rows = values.len() / columns;
    let mut body = format!(
        "{{\"inputs\":[{{\"name\":\"features\",\"shape\":[{rows},{columns}],\
         \"datatype\":\"FP32\",\"data\":["
    );
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        let written = match digits {
            _ if value.is_nan() => write!(body, "null"),
            Digits::Shortest => write!(body, "{value:?}"),
            Digits::Widened => write!(body, "{:?}", f64::from(*value)),
        };
        written.expect("a string takes all that is written");
    }
    body.push_str("]}]}");
    body
}
