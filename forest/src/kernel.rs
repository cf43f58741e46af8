//! Kernels: faster forms of an ensemble than the plain walk, and the choice between them.
//!
//! Called by `Ensemble::of`. Each file below holds one kernel or what several are built from. A
//! kernel adds in double precision what the plain walk adds tree by tree in single precision, so
//! sums can differ in their last bits; `Fast::slack` bounds by how much, and classifiers walk
//! plainly within it.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Vector instructions, behind a look at the processor.
mod blocks;
mod choice;
mod columns;
#[allow(unsafe_code)] // Unchecked loads, each proven where it is made.
mod compact;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Vector instructions, behind a look at the processor.
mod doubling;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Loads and stores of whole vectors.
mod lanes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod ranks;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Vector instructions, behind a look at the processor.
mod shallow;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)] // Vector instructions, behind a look at the processor.
mod sweep;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[allow(unsafe_code)] // Vector instructions, behind a look at the processor; unchecked walks.
mod tables;

pub use choice::{Kernel, Kernels};

use crate::plain::Plain;
use crate::trees::Trees;

/// Rows that a caller should give a kernel at once, at most.
pub(crate) const ROWS_AT_ONCE: usize = 512;

/// The least number of rows that are quicker in the form for many.
const MANY: usize = 128;

/// An ensemble in a kernel's form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fast {
    form: Form,
    /// A second form, for many rows at once.
    many: Option<Form>,
    /// What trees of a single leaf add to each target.
    constants: Vec<f64>,
    seen: Vec<bool>,
    slack: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Compact(compact::Compact),
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    Tables(tables::Tables),
    #[cfg(target_arch = "x86_64")]
    Shallow(shallow::Shallow),
    #[cfg(target_arch = "x86_64")]
    Doubling(doubling::Doubling),
    #[cfg(target_arch = "x86_64")]
    Sweep(sweep::Sweep),
    #[cfg(target_arch = "x86_64")]
    Blocks(blocks::Blocks),
}

// === impl Fast ===

impl Fast {
    /// The fastest form for an ensemble; none when nothing but the plain walk takes it.
    pub(crate) fn choose(plain: &Plain, kernels: Kernels) -> Option<Fast> {
        if kernels == Kernels::PLAIN {
            return None;
        }
        let trees = Trees::of(plain)?;
        let form = kernels.by_speed().find_map(|kernel| Form::compile(kernel, &trees))?;
        let many = match form.kernel() {
            Kernel::Shallow | Kernel::Doubling if kernels.has(Kernel::Sweep) => {
                Form::compile(Kernel::Sweep, &trees)
            }
            _ => None,
        };
        let slack = trees.slack();
        Some(Fast { form, many, slack, constants: trees.constants, seen: trees.seen })
    }

    /// The kernel for that many rows.
    pub(crate) fn kernel(&self, rows: usize) -> Kernel {
        self.form(rows).kernel()
    }

    fn form(&self, rows: usize) -> &Form {
        match &self.many {
            Some(many) if rows >= MANY => many,
            _ => &self.form,
        }
    }

    /// Bytes of the forms.
    pub(crate) fn bytes(&self) -> usize {
        self.form.bytes() + self.many.as_ref().map_or(0, Form::bytes)
    }

    /// The targets that some leaf of every row has a weight for; others have no weight at all.
    pub(crate) fn seen(&self) -> &[bool] {
        &self.seen
    }

    /// The most that a sum of the plain walk, rounded tree by tree, can be away from this one,
    /// beside one 2^-22nd of a base value that is added to it.
    pub(crate) fn slack(&self) -> f64 {
        self.slack
    }

    /// Writes the sums of rows of `stride` columns to `out`, row-major, a column for each target.
    pub(crate) fn sums(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        if rows.len() == stride {
            return self.sums_of_row(rows, out);
        }
        match *self.constants {
            [constant] => out.fill(constant),
            [first, second] => out.as_chunks_mut().0.fill([first, second]),
            _ => out
                .chunks_exact_mut(self.constants.len())
                .for_each(|out| out.copy_from_slice(&self.constants)),
        }
        self.form(rows.len() / stride).add(rows, stride, out);
    }

    /// The same for one row, which pays for nothing that only blocks of rows need.
    fn sums_of_row(&self, row: &[f32], out: &mut [f64]) {
        out.copy_from_slice(&self.constants);
        match &self.form {
            #[cfg(target_arch = "x86_64")]
            Form::Shallow(shallow) => shallow.add_one(row, out),
            #[cfg(target_arch = "x86_64")]
            Form::Doubling(doubling) => doubling.add_one(row, out),
            #[cfg(target_arch = "x86_64")]
            Form::Blocks(blocks) => blocks.add_one(row, out),
            form => form.add(row, row.len(), out),
        }
    }
}

// === impl Form ===

impl Form {
    /// The trees in the form of a kernel; none when it does not take them.
    fn compile(kernel: Kernel, trees: &Trees) -> Option<Form> {
        match kernel {
            Kernel::Compact => compact::Compact::compile(trees).map(Form::Compact),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Kernel::Tables => tables::Tables::compile(trees).map(Form::Tables),
            #[cfg(target_arch = "x86_64")]
            Kernel::Shallow => shallow::Shallow::compile(trees).map(Form::Shallow),
            #[cfg(target_arch = "x86_64")]
            Kernel::Doubling => doubling::Doubling::compile(trees).map(Form::Doubling),
            #[cfg(target_arch = "x86_64")]
            Kernel::Sweep => sweep::Sweep::compile(trees).map(Form::Sweep),
            #[cfg(target_arch = "x86_64")]
            Kernel::Blocks => blocks::Blocks::compile(trees).map(Form::Blocks),
            _ => None,
        }
    }

    fn kernel(&self) -> Kernel {
        match self {
            Form::Compact(_) => Kernel::Compact,
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Form::Tables(_) => Kernel::Tables,
            #[cfg(target_arch = "x86_64")]
            Form::Shallow(_) => Kernel::Shallow,
            #[cfg(target_arch = "x86_64")]
            Form::Doubling(_) => Kernel::Doubling,
            #[cfg(target_arch = "x86_64")]
            Form::Sweep(_) => Kernel::Sweep,
            #[cfg(target_arch = "x86_64")]
            Form::Blocks(_) => Kernel::Blocks,
        }
    }

    /// Bytes of the form.
    fn bytes(&self) -> usize {
        match self {
            Form::Compact(compact) => compact.bytes(),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Form::Tables(tables) => tables.bytes(),
            #[cfg(target_arch = "x86_64")]
            Form::Shallow(shallow) => shallow.bytes(),
            #[cfg(target_arch = "x86_64")]
            Form::Doubling(doubling) => doubling.bytes(),
            #[cfg(target_arch = "x86_64")]
            Form::Sweep(sweep) => sweep.bytes(),
            #[cfg(target_arch = "x86_64")]
            Form::Blocks(blocks) => blocks.bytes(),
        }
    }

    /// Adds what the trees say of each row to `out`.
    fn add(&self, rows: &[f32], stride: usize, out: &mut [f64]) {
        match self {
            Form::Compact(compact) => compact.add(rows, stride, out),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Form::Tables(tables) => tables.add(rows, stride, out),
            #[cfg(target_arch = "x86_64")]
            Form::Shallow(shallow) => shallow.add(rows, stride, out),
            #[cfg(target_arch = "x86_64")]
            Form::Doubling(doubling) => doubling.add(rows, stride, out),
            #[cfg(target_arch = "x86_64")]
            Form::Sweep(sweep) => sweep.add(rows, stride, out),
            #[cfg(target_arch = "x86_64")]
            Form::Blocks(blocks) => blocks.add(rows, stride, out),
        }
    }
}

#[cfg(test)]
mod tests;
