//! What the benches share: the example's rows and models, request bytes, and sums over figures.
//!
//! Used by the files in `benches/benches` only; each of them says in its header which question it
//! answers. Nothing here is timed.
#![forbid(unsafe_code)]

pub mod example;
pub mod onnx;
pub mod json;
pub mod wire;
pub mod summary;
pub mod threads;
