//! Element types by their Open Inference Protocol names.
//!
//! Used by every tensor and signature. FP16 and the quantised types are absent on purpose: FP16 at
//! a model's border is made FP32 when it is loaded, and a model with another is refused.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// Element type of a tensor at a model's border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Datatype {
    /// Booleans.
    Bool,
    /// Unsigned 8-bit integers.
    Uint8,
    /// Unsigned 16-bit integers.
    Uint16,
    /// Unsigned 32-bit integers.
    Uint32,
    /// Unsigned 64-bit integers.
    Uint64,
    /// Signed 8-bit integers.
    Int8,
    /// Signed 16-bit integers.
    Int16,
    /// Signed 32-bit integers.
    Int32,
    /// Signed 64-bit integers.
    Int64,
    /// IEEE 754 single precision.
    Fp32,
    /// IEEE 754 double precision.
    Fp64,
    /// Strings; ONNX strings are UTF-8.
    Bytes,
}

// === impl Datatype ===

impl Datatype {
    /// Every datatype, in the order of the protocol's table.
    pub const ALL: [Datatype; 12] = [
        Datatype::Bool,
        Datatype::Uint8,
        Datatype::Uint16,
        Datatype::Uint32,
        Datatype::Uint64,
        Datatype::Int8,
        Datatype::Int16,
        Datatype::Int32,
        Datatype::Int64,
        Datatype::Fp32,
        Datatype::Fp64,
        Datatype::Bytes,
    ];

    /// The name in the Open Inference Protocol, section "Tensor Data Types": `FP32`, `BYTES`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Datatype::Bool => "BOOL",
            Datatype::Uint8 => "UINT8",
            Datatype::Uint16 => "UINT16",
            Datatype::Uint32 => "UINT32",
            Datatype::Uint64 => "UINT64",
            Datatype::Int8 => "INT8",
            Datatype::Int16 => "INT16",
            Datatype::Int32 => "INT32",
            Datatype::Int64 => "INT64",
            Datatype::Fp32 => "FP32",
            Datatype::Fp64 => "FP64",
            Datatype::Bytes => "BYTES",
        }
    }
}

impl fmt::Display for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Datatype {
    type Err = Error;

    fn from_str(name: &str) -> Result<Datatype, Error> {
        Datatype::ALL
            .into_iter()
            .find(|datatype| datatype.name() == name)
            .ok_or_else(|| Error::Datatype { name: name.chars().take(40).collect() })
    }
}

#[cfg(test)]
mod tests;
