//! Which kernels there are, which of them this processor runs, and how a person names them.

use std::fmt::{self, Debug};
use std::str::FromStr;

use crate::Error;

/// A way to evaluate an ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// One node after the other, as ONNX Runtime does; takes every ensemble.
    Plain,
    /// Eight-byte nodes, eight walks at a time; any processor.
    Compact,
    /// All nodes of a tree compared at once, the leaf by tables; AVX2 or NEON.
    Tables,
    /// Sixteen rows or sixteen trees of at most three levels at once; AVX-512.
    Shallow,
    /// All nodes of a tree compared at once, the leaf by pointer doubling; AVX-512 VBMI.
    Doubling,
    /// Four levels of a tree at once; AVX-512.
    Blocks,
    /// Sixty-four rows compared with a node at once; AVX-512 VBMI.
    Sweep,
}

/// A set of kernels that this processor runs; always has the plain walk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kernels(u8);

// === impl Kernel ===

impl Kernel {
    /// All of them, the plain walk first.
    pub const ALL: [Kernel; 7] = [
        Kernel::Plain,
        Kernel::Compact,
        Kernel::Tables,
        Kernel::Shallow,
        Kernel::Doubling,
        Kernel::Blocks,
        Kernel::Sweep,
    ];

    /// The name that a person gives it.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Plain => "plain",
            Kernel::Compact => "compact",
            Kernel::Tables => "tables",
            Kernel::Shallow => "shallow",
            Kernel::Doubling => "doubling",
            Kernel::Blocks => "blocks",
            Kernel::Sweep => "sweep",
        }
    }

    /// Whether this processor runs it.
    fn runs_here(self) -> bool {
        match self {
            Kernel::Plain | Kernel::Compact => true,
            #[cfg(target_arch = "x86_64")]
            Kernel::Tables => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("popcnt")
                    && is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("bmi2")
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Shallow | Kernel::Blocks => {
                is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("bmi2")
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Doubling | Kernel::Sweep => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "aarch64")]
            Kernel::Tables => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            Kernel::Tables => false,
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Shallow | Kernel::Blocks | Kernel::Doubling | Kernel::Sweep => false,
        }
    }
}

// === impl Kernels ===

impl Kernels {
    /// The plain walk alone.
    pub const PLAIN: Kernels = Kernels(1 << Kernel::Plain as u8);

    /// All that this processor runs.
    pub fn detect() -> Kernels {
        Kernels::PLAIN.with(&Kernel::ALL)
    }

    /// What a person may choose: a kernel, or all of a kind of processor (`portable`, `neon`,
    /// `avx2`, `avx512`).
    ///
    /// # Errors
    /// When there is no such name, or this processor does not run it.
    pub fn from_name(name: &str) -> Result<Kernels, Error> {
        let tables = || vec![Kernel::Compact, Kernel::Tables];
        let (chosen, needed): (Vec<Kernel>, Kernel) = match name {
            "portable" => (vec![Kernel::Compact], Kernel::Compact),
            "neon" if cfg!(target_arch = "aarch64") => (tables(), Kernel::Tables),
            "avx2" if cfg!(target_arch = "x86_64") => (tables(), Kernel::Tables),
            "avx512" if cfg!(target_arch = "x86_64") => (Kernel::ALL.to_vec(), Kernel::Doubling),
            _ => {
                let found = Kernel::ALL.into_iter().find(|kernel| kernel.name() == name);
                let kernel = found.ok_or_else(|| Error::name("forest kernel", name))?;
                (vec![kernel], kernel)
            }
        };
        if !needed.runs_here() {
            return Err(Error::name("forest kernel on this processor", name));
        }
        Ok(Kernels::PLAIN.with(&chosen))
    }

    /// Whether a kernel is among them.
    pub fn has(self, kernel: Kernel) -> bool {
        self.0 & (1 << kernel as u8) != 0
    }

    /// Those beside the plain walk, the fastest first, as far as they take the same trees.
    pub(crate) fn by_speed(self) -> impl Iterator<Item = Kernel> {
        let order = [
            Kernel::Shallow,
            Kernel::Doubling,
            Kernel::Blocks,
            Kernel::Tables,
            Kernel::Compact,
            Kernel::Sweep,
        ];
        order.into_iter().filter(move |kernel| self.has(*kernel))
    }

    fn with(self, kernels: &[Kernel]) -> Kernels {
        let here = kernels.iter().filter(|kernel| kernel.runs_here());
        Kernels(here.fold(self.0, |set, kernel| set | (1 << *kernel as u8)))
    }
}

impl FromStr for Kernels {
    type Err = Error;

    fn from_str(name: &str) -> Result<Kernels, Error> {
        Kernels::from_name(name)
    }
}

impl Default for Kernels {
    fn default() -> Kernels {
        Kernels::detect()
    }
}

impl Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Kernel::ALL.iter().filter(|kernel| self.has(**kernel))).finish()
    }
}

#[cfg(test)]
mod tests;
