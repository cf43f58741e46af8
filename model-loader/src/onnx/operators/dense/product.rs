//! MatMul: matrix products with numpy's rules for vectors and stacks.

use anyhow::{Result, bail, ensure};
use ndarray::{Array2, ArrayView2, LinalgScalar};

use super::layer::Layer;
use crate::onnx::operators::element::{Element, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, Simple, broadcast, one};
use crate::{Shape, Tensor, Values};

/// Rows that are worth packing for.
const FEW_ROWS: usize = 4;

#[derive(Debug)]
struct MatMul {
    /// The second operand, when it is a matrix that is known beforehand.
    layer: Option<Layer>,
}

/// Builds MatMul.
pub(super) fn mat_mul(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let layer = match node.constant(1).map(|weights| (weights.shape(), weights.values())) {
        Some((&[rows, columns], Values::Fp32(weights))) => {
            Some(Layer::new(&ArrayView2::from_shape((rows, columns), weights)?))
        }
        _ => None,
    };
    Ok(Box::new(MatMul { layer }))
}

impl Op for MatMul {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let a = inputs.get(0)?;
        if let Some(layer) = &self.layer {
            return layer.of(a, context);
        }
        let b = inputs.get(1)?;
        one(match a.values() {
            Values::Fp32(_) => stacked::<f32>(a, b, context)?,
            Values::Fp64(_) => stacked::<f64>(a, b, context)?,
            Values::Int32(_) => stacked::<i32>(a, b, context)?,
            Values::Int64(_) => stacked::<i64>(a, b, context)?,
            Values::Uint32(_) => stacked::<u32>(a, b, context)?,
            Values::Uint64(_) => stacked::<u64>(a, b, context)?,
            other => bail!("a matrix product of {}", other.datatype()),
        })
    }

    fn absorb(&mut self, next: Simple, other: Option<&Tensor>) -> bool {
        self.layer.as_mut().is_some_and(|layer| layer.absorb(next, other))
    }

    fn keeps(&self, position: usize) -> bool {
        self.layer.is_some() && position == 1
    }
}

fn stacked<T: Element + LinalgScalar>(a: &Tensor, b: &Tensor, context: &Context) -> Result<Tensor> {
    let (left, right) = (slice::<T>(a)?, slice::<T>(b)?);
    ensure!(!a.shape().is_empty() && !b.shape().is_empty(), "a number is no matrix");
    // A vector is a row on the left and a column on the right, and leaves no extent behind.
    let (row, column) = (a.shape().len() == 1, b.shape().len() == 1);
    let mut a_shape = Shape::from_slice(a.shape());
    let mut b_shape = Shape::from_slice(b.shape());
    if row {
        a_shape.insert(0, 1);
    }
    if column {
        b_shape.push(1);
    }
    let (a_stack, a_matrix) = a_shape.split_at(a_shape.len() - 2);
    let (b_stack, b_matrix) = b_shape.split_at(b_shape.len() - 2);
    let (rows, inner, columns) = (a_matrix[0], a_matrix[1], b_matrix[1]);
    ensure!(inner == b_matrix[0], "shapes {:?} and {:?} do not fit", a.shape(), b.shape());
    let stack = broadcast(a_stack, b_stack)?;
    let mut full = stack.clone();
    full.extend([rows, columns]);
    let mut all: Vec<T> = Vec::with_capacity(context.elements(&full)?);
    for place in 0..stack.iter().product() {
        let from = source(place, &stack, a_stack) * rows * inner;
        let left = ArrayView2::from_shape((rows, inner), &left[from..][..rows * inner])?;
        let from = source(place, &stack, b_stack) * inner * columns;
        let right = ArrayView2::from_shape((inner, columns), &right[from..][..inner * columns])?;
        all.extend(times(&left, &right));
    }
    let mut shape = stack;
    shape.extend((!row).then_some(rows));
    shape.extend((!column).then_some(columns));
    tensor(&shape, all)
}

/// The product of two matrices. For a few rows the general product would spend its time on packing
/// the right matrix: adding up its rows is faster then.
pub(super) fn times<T: LinalgScalar>(a: &ArrayView2<'_, T>, b: &ArrayView2<'_, T>) -> Array2<T> {
    if a.nrows() > FEW_ROWS || !b.is_standard_layout() {
        return a.dot(b);
    }
    let mut product = Array2::zeros((a.nrows(), b.ncols()));
    for (row, mut sums) in a.outer_iter().zip(product.outer_iter_mut()) {
        for (&x, line) in row.iter().zip(b.outer_iter()) {
            sums.zip_mut_with(&line, |sum, &weight| *sum = *sum + x * weight);
        }
    }
    product
}

/// Which matrix of a broadcast stack stands at a place of the whole stack.
fn source(place: usize, whole: &[usize], stack: &[usize]) -> usize {
    let missing = whole.len() - stack.len();
    let (mut rest, mut source, mut stride) = (place, 0, 1);
    for at in (0..whole.len()).rev() {
        let here = rest % whole[at].max(1);
        rest /= whole[at].max(1);
        if at >= missing {
            let extent = stack[at - missing];
            source += if extent == 1 { 0 } else { here * stride };
            stride *= extent;
        }
    }
    source
}
