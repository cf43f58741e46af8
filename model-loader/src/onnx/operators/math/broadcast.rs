//! Two tensors walked together by numpy's broadcasting rules.
//!
//! Axes that both operands walk evenly are merged, so equal shapes, a scalar, a row for each row
//! and a column for each column are all plain slices in the inner loop.

use anyhow::Result;
use smallvec::{SmallVec, smallvec};

use crate::onnx::operators::element::{Element, into_vec, slice, tensor};
use crate::onnx::operators::op::{Arg, Context, Inputs, Node, axis, broadcast};
use crate::{Shape, Tensor};

/// Where the second operand's axes lie, before version 7 of the operator set.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Alignment(Option<i64>);

/// One run of axes that both operands walk with one stride each.
#[derive(Debug, Clone, Copy)]
struct Run {
    extent: usize,
    a: usize,
    b: usize,
}

/// The shape of a result, and how to walk there: innermost run first, never without one.
#[derive(Debug)]
struct Walk {
    shape: Shape,
    count: usize,
    runs: SmallVec<[Run; 4]>,
}

/// Position in both operands at the start of an inner run.
#[derive(Debug, Default)]
struct Cursor {
    indices: SmallVec<[usize; 4]>,
    a: usize,
    b: usize,
}

// === impl Alignment ===

impl Alignment {
    pub(super) fn of(node: &Node<'_>) -> Result<Alignment> {
        if node.version >= 7 || node.attributes().int("broadcast")?.unwrap_or(0) == 0 {
            return Ok(Alignment(None));
        }
        Ok(Alignment(node.attributes().int("axis")?))
    }

    /// At this axis of the first operand.
    pub(super) fn at(position: i64) -> Alignment {
        Alignment(Some(position))
    }

    /// Whether the operands' last axes stand under each other.
    pub(super) fn is_plain(self) -> bool {
        self.0.is_none()
    }

    /// The second operand's shape, with extents of 1 added behind.
    pub(super) fn shape(self, a: &[usize], b: &[usize]) -> Result<Shape> {
        let mut shape = Shape::from_slice(b);
        if let Some(position) = self.0
            && !a.is_empty()
        {
            let end = axis(position, a.len())? + b.len();
            shape.extend(std::iter::repeat_n(1, a.len().saturating_sub(end)));
        }
        Ok(shape)
    }
}

// === impl Walk ===

impl Walk {
    fn new(a: &[usize], b: &[usize], context: &Context) -> Result<Walk> {
        if a == b {
            let count = context.elements(a)?;
            let runs = smallvec![Run { extent: count, a: 1, b: 1 }];
            return Ok(Walk { shape: Shape::from_slice(a), count, runs });
        }
        let shape = broadcast(a, b)?;
        let count = context.elements(&shape)?;
        let mut runs: SmallVec<[Run; 4]> = SmallVec::new();
        let (mut stride_a, mut stride_b) = (1, 1);
        for back in 1..=shape.len() {
            let extent = shape[shape.len() - back];
            let of =
                |shape: &[usize]| if back > shape.len() { 1 } else { shape[shape.len() - back] };
            let (own_a, own_b) = (of(a), of(b));
            let next = Run {
                extent,
                a: if own_a == 1 { 0 } else { stride_a },
                b: if own_b == 1 { 0 } else { stride_b },
            };
            stride_a *= own_a;
            stride_b *= own_b;
            if extent == 1 {
                continue;
            }
            match runs.last_mut() {
                Some(run) if next.a == run.a * run.extent && next.b == run.b * run.extent => {
                    run.extent *= extent;
                }
                _ => runs.push(next),
            }
        }
        if runs.is_empty() {
            runs.push(Run { extent: 1, a: 1, b: 1 });
        }
        Ok(Walk { shape, count, runs })
    }

    /// Calls `row` with both operands' offsets for each inner run.
    fn rows(&self, mut row: impl FnMut(usize, usize)) {
        let inner = self.runs[0].extent;
        if self.count == 0 {
            return;
        }
        let mut cursor = Cursor { indices: smallvec![0; self.runs.len()], ..Cursor::default() };
        for _ in 0..self.count / inner {
            row(cursor.a, cursor.b);
            cursor.advance(&self.runs);
        }
    }
}

// === impl Cursor ===

impl Cursor {
    fn advance(&mut self, runs: &[Run]) {
        for (index, run) in self.indices.iter_mut().zip(runs).skip(1) {
            *index += 1;
            self.a += run.a;
            self.b += run.b;
            if *index < run.extent {
                return;
            }
            *index = 0;
            self.a -= run.a * run.extent;
            self.b -= run.b * run.extent;
        }
    }
}

/// A function of each pair of elements.
pub(super) fn zip<A: Element, B: Element, R: Element>(
    (shape_a, a): (&[usize], &[A]),
    (shape_b, b): (&[usize], &[B]),
    context: &Context,
    f: impl Fn(&A, &B) -> R,
) -> Result<Tensor> {
    let walk = Walk::new(shape_a, shape_b, context)?;
    let inner = walk.runs[0];
    let n = inner.extent;
    let mut out = Vec::with_capacity(walk.count);
    walk.rows(|at_a, at_b| match (inner.a, inner.b) {
        (0, _) => {
            let x = &a[at_a];
            out.extend(b[at_b..at_b + n].iter().map(|y| f(x, y)));
        }
        (_, 0) => {
            let y = &b[at_b];
            out.extend(a[at_a..at_a + n].iter().map(|x| f(x, y)));
        }
        _ => {
            let pairs = a[at_a..at_a + n].iter().zip(&b[at_b..at_b + n]);
            out.extend(pairs.map(|(x, y)| f(x, y)));
        }
    });
    tensor(&walk.shape, out)
}

/// A function of each pair of elements of inputs 0 and 1, in the first one's memory if it is free.
pub(super) fn zip_inputs<T: Element + Copy>(
    inputs: &mut Inputs<'_>,
    alignment: Alignment,
    context: &Context,
    f: impl Fn(T, T) -> T,
) -> Result<Tensor> {
    let (a, b) = (inputs.get(0)?, inputs.get(1)?);
    let shape_b = alignment.shape(a.shape(), b.shape())?;
    let covers = matches!(inputs.0[0], Arg::Owned(_)) && covers(a.shape(), &shape_b);
    if !covers {
        let a = (a.shape(), slice::<T>(a)?);
        return zip(a, (&shape_b, slice::<T>(b)?), context, |x, y| f(*x, *y));
    }
    let a = inputs.take(0)?;
    let walk = Walk::new(a.shape(), &shape_b, context)?;
    let mut a = into_vec::<T>(a)?;
    let b = slice::<T>(inputs.get(1)?)?;
    let inner = walk.runs[0];
    let n = inner.extent;
    walk.rows(|at_a, at_b| {
        let row = &mut a[at_a..at_a + n];
        if inner.b == 0 {
            let y = b[at_b];
            row.iter_mut().for_each(|x| *x = f(*x, y));
        } else {
            row.iter_mut().zip(&b[at_b..at_b + n]).for_each(|(x, y)| *x = f(*x, *y));
        }
    });
    tensor(&walk.shape, a)
}

/// Whether broadcasting leaves the first shape as it is.
fn covers(a: &[usize], b: &[usize]) -> bool {
    b.len() <= a.len() && a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b || *b == 1)
}
