//! Einsum: products summed over the letters that the result does not have.
//!
//! Letters without an ellipsis, for floats. Plain loops: exporters use it for small matrices.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use smallvec::SmallVec;

use crate::onnx::operators::element::{Element, slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Shape, Values};

/// Steps of one product: 2^32 multiplications take seconds.
const STEPS_MAX: usize = 1 << 32;

#[derive(Debug)]
struct Einsum {
    inputs: Vec<Vec<u8>>,
    output: Vec<u8>,
}

/// Builds Einsum; without an arrow the letters that stand once remain, in their own order.
pub(super) fn einsum(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let equation = node.attributes().string("equation")?.context("no `equation`")?;
    let equation: String = equation.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (equation.as_str(), None),
    };
    let letters = |text: &str| -> Result<Vec<u8>> {
        let plain = text.bytes().all(|letter| letter.is_ascii_alphabetic());
        ensure!(plain, "equation `{equation}` has more than letters");
        Ok(text.bytes().collect())
    };
    let inputs: Vec<Vec<u8>> = left.split(',').map(letters).collect::<Result<_>>()?;
    let output = match right {
        Some(right) => letters(right)?,
        None => {
            let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
            inputs.iter().flatten().for_each(|letter| *counts.entry(*letter).or_default() += 1);
            counts.into_iter().filter(|(_, count)| *count == 1).map(|(letter, _)| letter).collect()
        }
    };
    let known = |letter: &u8| inputs.iter().any(|input| input.contains(letter));
    ensure!(output.iter().all(known), "equation `{equation}` makes a letter of nothing");
    Ok(Box::new(Einsum { inputs, output }))
}

impl Op for Einsum {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        match inputs.get(0)?.values() {
            Values::Fp32(_) => self.product(inputs, context, 1.0_f32),
            Values::Fp64(_) => self.product(inputs, context, 1.0_f64),
            other => bail!("a product of {}", other.datatype()),
        }
    }
}

impl Einsum {
    fn product<T>(&self, inputs: &Inputs<'_>, context: &Context, unit: T) -> Result<Outputs>
    where
        T: Element + Copy + std::ops::Mul<Output = T> + std::ops::AddAssign,
    {
        inputs.exactly(self.inputs.len())?;
        let mut extents: BTreeMap<u8, usize> = BTreeMap::new();
        for (position, letters) in self.inputs.iter().enumerate() {
            let shape = inputs.get(position)?.shape();
            ensure!(shape.len() == letters.len(), "input {position} has {} extents", shape.len());
            for (letter, &extent) in letters.iter().zip(shape) {
                let first = *extents.entry(*letter).or_insert(extent);
                ensure!(first == extent, "`{}` is {first} and {extent}", char::from(*letter));
            }
        }
        let shape: Shape = self.output.iter().map(|letter| extents[letter]).collect();
        let elements = context.elements(&shape)?;
        // The letters of the result first, so that it is filled in order.
        let mut loops: Vec<u8> = self.output.clone();
        loops.extend(extents.keys().filter(|letter| !self.output.contains(letter)));
        let sizes: Vec<usize> = loops.iter().map(|letter| extents[letter]).collect();
        let steps = sizes.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
        let steps = steps.filter(|&steps| steps <= STEPS_MAX).context("too many steps")?;
        let mut factors: SmallVec<[(&[T], Vec<usize>); 2]> = SmallVec::new();
        for (position, letters) in self.inputs.iter().enumerate() {
            let strides = loops.iter().map(|letter| stride(letters, *letter, &extents)).collect();
            factors.push((slice::<T>(inputs.get(position)?)?, strides));
        }
        let mut sums = vec![T::default(); elements];
        let inner = steps.checked_div(elements).unwrap_or(0).max(1);
        let mut places = vec![0_usize; loops.len()];
        for step in 0..steps {
            let mut product = unit;
            for (values, strides) in &factors {
                let at: usize = places.iter().zip(strides).map(|(place, by)| place * by).sum();
                product = product * values[at];
            }
            sums[step / inner] += product;
            for (place, &size) in places.iter_mut().zip(&sizes).rev() {
                *place += 1;
                if *place < size {
                    break;
                }
                *place = 0;
            }
        }
        one(tensor(&shape, sums)?)
    }
}

/// How far a step of one letter moves in an input; letters that stand twice walk a diagonal.
fn stride(letters: &[u8], letter: u8, extents: &BTreeMap<u8, usize>) -> usize {
    let places = letters.iter().enumerate().filter(|(_, other)| **other == letter);
    places.map(|(at, _)| letters[at + 1..].iter().map(|l| extents[l]).product::<usize>()).sum()
}
