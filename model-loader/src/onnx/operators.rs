//! The operators of ours, by domain and name.
//!
//! `find` is called by `plan` for each node. An operator that is not here is left to tract.

pub(in crate::onnx) mod budget;
mod dense;
pub(in crate::onnx) mod element;
mod learned;
mod math;
pub(in crate::onnx) mod op;
mod shapes;
mod simd;
#[cfg(test)]
pub(in crate::onnx) mod testing;
mod text;

use op::Build;

/// Operators of one domain by their names.
type Table = &'static [(&'static str, Build)];

/// The tables of the domain `ai.onnx`.
const CORE: [Table; 4] = [dense::CORE, math::CORE, shapes::CORE, text::CORE];

/// Makes the operator of this domain and name, if it is ours.
pub(in crate::onnx) fn find(domain: &str, name: &str) -> Option<Build> {
    let tables: &[Table] = match domain {
        "" | "ai.onnx" => &CORE,
        "ai.onnx.ml" => &[learned::ML, text::ML],
        "com.microsoft" => &[dense::MICROSOFT, text::MICROSOFT],
        _ => &[],
    };
    let named = |table: &&Table| table.iter().find(|(op, _)| *op == name).map(|(_, build)| *build);
    tables.iter().find_map(|table| named(&table))
}
