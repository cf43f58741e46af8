//! Operators that move, pick and make elements without computing on them.

mod concat;
mod constant;
mod expand;
mod gather;
mod ints;
mod reshape;
mod select;
mod slice;
mod sort;
mod transpose;
mod upsample;

use super::Table;

/// Of `ai.onnx`, by name.
pub(super) const CORE: Table = &[
    ("Compress", select::compress),
    ("Concat", concat::concat),
    ("Constant", constant::constant),
    ("ConstantOfShape", constant::constant_of_shape),
    ("Expand", expand::expand),
    ("Flatten", reshape::flatten),
    ("Gather", gather::gather),
    ("GatherElements", gather::gather_elements),
    ("Identity", reshape::identity),
    ("NonZero", select::non_zero),
    ("Range", constant::range),
    ("Reshape", reshape::reshape),
    ("Shape", reshape::shape),
    ("Size", reshape::size),
    ("Slice", slice::slice),
    ("Split", slice::split),
    ("Squeeze", reshape::squeeze),
    ("Tile", expand::tile),
    ("TopK", sort::top_k),
    ("Transpose", transpose::transpose),
    ("Unsqueeze", reshape::unsqueeze),
    ("Upsample", upsample::upsample),
    ("Where", expand::choose),
];
