//! The kernel of a support vector machine, and a row's kernel value for each support vector.
//!
//! Called by SVMClassifier and SVMRegressor. Refuses unknown kernels, short parameter lists, and
//! support vectors that do not divide evenly.

use anyhow::{Result, bail, ensure};

use crate::onnx::attributes::Attributes;

/// How a row and a support vector are compared.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Linear,
    Poly,
    Rbf,
    Sigmoid,
}

/// Support vectors and their kernel.
#[derive(Debug)]
pub(super) struct Kernel {
    kind: Kind,
    gamma: f32,
    coef0: f32,
    degree: f32,
    /// A row for each column of the input, with that element of each support vector: kernel
    /// values are computed side by side, each in ONNX Runtime's order of additions. The
    /// coefficients of nu-machines are so great that another order shows.
    vectors: Vec<f32>,
    count: usize,
    columns: usize,
}

// === impl Kernel ===

impl Kernel {
    /// The kernel of a node with this many support vectors, at least one.
    pub(super) fn new(attributes: Attributes<'_>, count: usize) -> Result<Kernel> {
        let kind = match attributes.string("kernel_type")?.unwrap_or("LINEAR") {
            "LINEAR" => Kind::Linear,
            "POLY" => Kind::Poly,
            "RBF" => Kind::Rbf,
            "SIGMOID" => Kind::Sigmoid,
            other => bail!("unknown kernel `{other}`"),
        };
        let (gamma, coef0, degree) = match *attributes.floats("kernel_params")? {
            [] => (0.0, 0.0, 0.0),
            [gamma, coef0, degree, ..] => (gamma, coef0, degree),
            ref short => bail!("{} `kernel_params`, 3 wanted", short.len()),
        };
        let given = attributes.floats("support_vectors")?;
        ensure!(
            count > 0 && !given.is_empty() && given.len() % count == 0,
            "{} values in `support_vectors` for {count} vectors",
            given.len()
        );
        let columns = given.len() / count;
        let column = |column| given.iter().skip(column).step_by(columns).copied();
        let vectors = (0..columns).flat_map(column).collect();
        Ok(Kernel { kind, gamma, coef0, degree, vectors, count, columns })
    }

    /// Columns of a row.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The number of support vectors.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The kernel values of one row, one for each support vector.
    pub(super) fn values(&self, row: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        for (x, elements) in row.iter().zip(self.vectors.chunks_exact(self.count)) {
            let each = out.iter_mut().zip(elements);
            if let Kind::Rbf = self.kind {
                each.for_each(|(sum, element)| *sum += (x - element) * (x - element));
            } else {
                each.for_each(|(sum, element)| *sum = fused(*x, *element, *sum));
            }
        }
        let affine = |product: f32| fused(self.gamma, product, self.coef0);
        match self.kind {
            Kind::Linear => {}
            Kind::Poly => out.iter_mut().for_each(|x| *x = power(affine(*x), self.degree)),
            Kind::Rbf => out.iter_mut().for_each(|x| *x = (-self.gamma * *x).exp()),
            Kind::Sigmoid => out.iter_mut().for_each(|x| *x = affine(*x).tanh()),
        }
    }
}

/// `a * b + c`, rounded once as by the instruction that ONNX Runtime uses; the product is exact in
/// double precision. `mul_add` would be a call where the processor is not known when compiling.
#[inline]
fn fused(a: f32, b: f32, c: f32) -> f32 {
    (f64::from(a) * f64::from(b) + f64::from(c)) as f32
}

/// Squares and cubes by multiplication, as ONNX Runtime does.
fn power(base: f32, degree: f32) -> f32 {
    if degree == 2.0 {
        base * base
    } else if degree == 3.0 {
        base * base * base
    } else {
        base.powf(degree)
    }
}
