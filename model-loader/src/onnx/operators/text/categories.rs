//! OneHotEncoder and CategoryMapper: categories to columns, and to each other.
//!
//! Refuses category lists of no or of both types where one is wanted, and, with `zeros` of 0,
//! categories that are not in the list.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};

use super::cast::{convert, excerpt};
use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Datatype, Shape, Tensor, Values};

#[derive(Debug)]
struct OneHotEncoder {
    texts: HashMap<String, usize>,
    ints: HashMap<i64, usize>,
    count: usize,
    /// An unknown category gives zeros.
    zeros: bool,
}

#[derive(Debug)]
struct CategoryMapper {
    ints: HashMap<String, i64>,
    texts: HashMap<i64, String>,
    default_int: i64,
    default_text: String,
}

/// Builds OneHotEncoder.
pub(super) fn one_hot_encoder(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let (texts, ints) = (attributes.strings("cats_strings")?, attributes.ints("cats_int64s")?);
    ensure!(texts.is_empty() != ints.is_empty(), "one of the two category lists is wanted");
    Ok(Box::new(OneHotEncoder {
        count: texts.len() + ints.len(),
        texts: texts.into_iter().map(str::to_owned).zip(0..).collect(),
        ints: ints.iter().copied().zip(0..).collect(),
        zeros: attributes.int("zeros")?.unwrap_or(1) != 0,
    }))
}

/// Builds CategoryMapper.
pub(super) fn category_mapper(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let (texts, ints) = (attributes.strings("cats_strings")?, attributes.ints("cats_int64s")?);
    ensure!(texts.len() == ints.len(), "{} strings for {} ints", texts.len(), ints.len());
    let texts = texts.into_iter().map(str::to_owned);
    let ints = ints.iter().copied();
    Ok(Box::new(CategoryMapper {
        ints: texts.clone().zip(ints.clone()).collect(),
        texts: ints.zip(texts).collect(),
        default_int: attributes.int("default_int64")?.unwrap_or(-1),
        default_text: attributes.string("default_string")?.unwrap_or("_Unused").to_owned(),
    }))
}

impl Op for OneHotEncoder {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        let mut shape = Shape::from_slice(input.shape());
        shape.push(self.count);
        let mut output = vec![0.0_f32; context.elements(&shape)?];
        let strict = !self.zeros && !context.probing;
        let mut place = |row: usize, category: Option<usize>| match category {
            Some(column) => {
                output[row * self.count + column] = 1.0;
                true
            }
            None => !strict,
        };
        match input.values() {
            Values::Bytes(texts) => {
                for (row, text) in texts.iter().enumerate() {
                    let known = place(row, self.texts.get(text).copied());
                    ensure!(known, "unknown category `{}`", excerpt(text));
                }
            }
            values => {
                let Values::Int64(ints) = convert(values, Datatype::Int64, context)? else {
                    bail!("a {} tensor of categories", input.datatype());
                };
                for (row, int) in ints.iter().enumerate() {
                    let known = place(row, self.ints.get(int).copied());
                    ensure!(known, "unknown category {int}");
                }
            }
        }
        one(tensor(&shape, output)?)
    }
}

impl Op for CategoryMapper {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        let values = match input.values() {
            Values::Bytes(texts) => {
                let int = |text: &String| self.ints.get(text).copied().unwrap_or(self.default_int);
                Values::Int64(texts.iter().map(int).collect())
            }
            Values::Int64(ints) => {
                let text = |int: &i64| self.texts.get(int).unwrap_or(&self.default_text);
                context.texts(ints.iter().map(|int| text(int).as_str()))?;
                Values::Bytes(ints.iter().map(|int| text(int).clone()).collect())
            }
            other => bail!("a {} tensor, strings or int64 wanted", other.datatype()),
        };
        one(Tensor::new(Shape::from_slice(input.shape()), values)?)
    }
}

#[cfg(test)]
mod tests;
