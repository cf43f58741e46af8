//! Matrix products and distances.

mod distance;
mod einsum;
mod gemm;
mod layer;
mod product;

use super::Table;

/// Of `ai.onnx`, by name.
pub(super) const CORE: Table =
    &[("Einsum", einsum::einsum), ("Gemm", gemm::gemm), ("MatMul", product::mat_mul)];

/// Of `com.microsoft`, by name.
pub(super) const MICROSOFT: Table = &[("CDist", distance::c_dist)];
