//! The ten reductions over axes.
//!
//! Called through the group's table. The axes are an attribute, or an input since version 18 (13
//! for ReduceSum). Floats are added up in the input's own precision, as ONNX Runtime does.

use anyhow::{Result, bail, ensure};
use smallvec::SmallVec;

use super::number::Number;
use crate::onnx::operators::element::{Element, each_number, into_vec, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, axis, one};
use crate::{Shape, Tensor, Values};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sum,
    Mean,
    Prod,
    Min,
    Max,
    L1,
    L2,
    LogSum,
    LogSumExp,
    SumSquare,
}

#[derive(Debug)]
struct Reduce {
    kind: Kind,
    /// The attribute, when axes are one; none for all.
    axes: Vec<i64>,
    keep: bool,
    /// No axes at all: the input as it is, instead of everything reduced.
    noop: bool,
}

/// A tensor's elements, grouped by the result that they count for.
#[derive(Debug)]
struct Groups {
    /// The result's shape.
    shape: Shape,
    /// Extent and stride of the axes that stay, outermost first.
    kept: SmallVec<[[usize; 2]; 4]>,
    /// Extent and stride of those that go.
    gone: SmallVec<[[usize; 2]; 4]>,
}

macro_rules! builders {
    ($($name:ident, $kind:ident, $since:literal;)*) => {$(
        pub(super) fn $name(node: &Node<'_>) -> Result<Box<dyn Op>> {
            build(Kind::$kind, node, $since)
        }
    )*};
}

builders! {
    sum, Sum, 13;
    mean, Mean, 18;
    prod, Prod, 18;
    min, Min, 18;
    max, Max, 18;
    l1, L1, 18;
    l2, L2, 18;
    log_sum, LogSum, 18;
    log_sum_exp, LogSumExp, 18;
    sum_square, SumSquare, 18;
}

/// `since` is the version that made the axes an input.
fn build(kind: Kind, node: &Node<'_>, since: i64) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let by_input = node.version >= since;
    let axes = if by_input { Vec::new() } else { attributes.ints("axes")?.to_vec() };
    Ok(Box::new(Reduce {
        kind,
        axes,
        keep: attributes.int("keepdims")?.unwrap_or(1) != 0,
        noop: by_input && attributes.int("noop_with_empty_axes")?.unwrap_or(0) != 0,
    }))
}

// === impl Reduce ===

impl Op for Reduce {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let mut axes: SmallVec<[i64; 4]> = SmallVec::from_slice(&self.axes);
        if let Some(input) = inputs.opt(1) {
            axes = SmallVec::from_slice(slice::<i64>(input)?);
        }
        let input = inputs.get(0)?;
        let rank = input.shape().len();
        if axes.is_empty() && !self.noop {
            axes = (0..i64::try_from(rank)?).collect();
        }
        let mut reduced = [false; 32];
        ensure!(rank <= reduced.len(), "a tensor of rank {rank}, {} at most", reduced.len());
        for at in axes {
            reduced[axis(at, rank)?] = true;
        }
        let groups = Groups::new(input.shape(), &reduced[..rank], self.keep);
        context.elements(&groups.shape)?;
        if let Values::Bool(values) = input.values() {
            return one(self.booleans(&groups, values)?);
        }
        one(each_number!(input.values(), values, T => self.numbers::<T>(&groups, values)?))
    }
}

impl Reduce {
    fn booleans(&self, groups: &Groups, values: &[bool]) -> Result<Tensor> {
        match self.kind {
            Kind::Max => groups.fold(values, false, |total, x| total || x, |total, _| total),
            Kind::Min => groups.fold(values, true, |total, x| total && x, |total, _| total),
            _ => bail!("a BOOL tensor, numbers wanted"),
        }
    }

    fn numbers<T: Number>(&self, groups: &Groups, values: &[T]) -> Result<Tensor> {
        let (zero, same) = (T::ZERO, |total: T, _: usize| total);
        let float = |f: fn(f64) -> f64| move |total: T, _: usize| T::from_f64(f(total.to_f64()));
        match self.kind {
            Kind::Sum => groups.fold(values, zero, T::plus, same),
            Kind::Mean => groups
                .fold(values, zero, T::plus, |total, count| total.over(T::from_f64(count as f64))),
            Kind::Prod => groups.fold(values, T::ONE, T::times, same),
            Kind::Min => groups.fold(values, T::HIGHEST, T::least, same),
            Kind::Max => groups.fold(values, T::LOWEST, T::greatest, same),
            Kind::L1 => groups.fold(values, zero, |total, x| total.plus(x.magnitude()), same),
            Kind::L2 => {
                groups.fold(values, zero, |total, x| total.plus(x.times(x)), float(f64::sqrt))
            }
            Kind::LogSum => groups.fold(values, zero, T::plus, float(f64::ln)),
            Kind::LogSumExp => self.log_sum_exp(groups, values),
            Kind::SumSquare => groups.fold(values, zero, |total, x| total.plus(x.times(x)), same),
        }
    }

    /// By way of each group's largest value, so that no power overflows.
    fn log_sum_exp<T: Number>(&self, groups: &Groups, values: &[T]) -> Result<Tensor> {
        let largest = groups.fold(values, T::LOWEST, T::greatest, |total, _| total)?;
        let largest = into_vec::<T>(largest)?;
        let mut out = Vec::with_capacity(largest.len());
        groups.each(|index, members| {
            let max = largest[index].to_f64();
            // Infinities have no difference; their own powers say what comes out.
            let shift = if max.is_finite() { max } else { 0.0 };
            let sum: f64 = members.map(|at| (values[at].to_f64() - shift).exp()).sum();
            out.push(T::from_f64(sum.ln() + shift));
        });
        tensor(&groups.shape, out)
    }
}

// === impl Groups ===

impl Groups {
    fn new(shape: &[usize], reduced: &[bool], keep: bool) -> Groups {
        let mut groups =
            Groups { shape: Shape::new(), kept: SmallVec::new(), gone: SmallVec::new() };
        for (axis, (&extent, &reduced)) in shape.iter().zip(reduced).enumerate() {
            let stride = shape[axis + 1..].iter().product();
            if !reduced {
                groups.shape.push(extent);
                merge(&mut groups.kept, extent, stride);
                continue;
            }
            if keep {
                groups.shape.push(1);
            }
            merge(&mut groups.gone, extent, stride);
        }
        groups
    }

    /// Calls `f` with the place of each result and the places of its elements.
    fn each(&self, mut f: impl FnMut(usize, &mut dyn Iterator<Item = usize>)) {
        let results: usize = self.kept.iter().map(|[extent, _]| extent).product();
        let members: usize = self.gone.iter().map(|[extent, _]| extent).product();
        for index in 0..results {
            let start = place(&self.kept, index);
            match self.gone[..] {
                [] => f(index, &mut (start..start + members)),
                [[extent, stride]] => f(index, &mut (0..extent).map(|at| start + at * stride)),
                _ => f(index, &mut (0..members).map(|at| start + place(&self.gone, at))),
            }
        }
    }

    fn fold<T: Element + Copy>(
        &self,
        values: &[T],
        first: T,
        step: impl Fn(T, T) -> T,
        last: impl Fn(T, usize) -> T,
    ) -> Result<Tensor> {
        let members: usize = self.gone.iter().map(|[extent, _]| extent).product();
        let mut out = Vec::with_capacity(self.shape.iter().product());
        if let ([], [[_, 1]] | []) = (&self.kept[..], &self.gone[..]) {
            out.push(last(values.iter().fold(first, |total, x| step(total, *x)), members));
        } else {
            self.each(|_, places| {
                let total = places.fold(first, |total, at| step(total, values[at]));
                out.push(last(total, members));
            });
        }
        tensor(&self.shape, out)
    }
}

/// Adds an axis behind the others, to the last one when they are walked as one.
fn merge(axes: &mut SmallVec<[[usize; 2]; 4]>, extent: usize, stride: usize) {
    match axes.last_mut() {
        Some(last) if last[1] == extent * stride => *last = [last[0] * extent, stride],
        _ => axes.push([extent, stride]),
    }
}

/// The offset of the `index`-th element of these axes.
fn place(axes: &[[usize; 2]], mut index: usize) -> usize {
    let mut place = 0;
    for [extent, stride] in axes.iter().rev() {
        place += index % extent * stride;
        index /= extent;
    }
    place
}

#[cfg(test)]
mod tests;
