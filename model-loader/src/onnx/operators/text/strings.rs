//! StringConcat and StringSplit.
//!
//! Both as ai.onnx version 20 has them, with ONNX Runtime's reading of white space: only the space
//! character.

use anyhow::Result;

use crate::Shape;
use crate::onnx::operators::element::{slice, tensor, view};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, broadcast, one};

#[derive(Debug)]
struct StringConcat;

#[derive(Debug)]
struct StringSplit {
    /// Empty for runs of spaces.
    delimiter: String,
    /// Most splits of one string.
    max: Option<usize>,
}

/// Builds StringConcat.
pub(super) fn concat(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(StringConcat))
}

/// Builds StringSplit.
pub(super) fn split(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    Ok(Box::new(StringSplit {
        delimiter: attributes.string("delimiter")?.unwrap_or_default().to_owned(),
        // A negative number means no limit.
        max: attributes.int("maxsplit")?.and_then(|max| usize::try_from(max).ok()),
    }))
}

impl Op for StringConcat {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(2)?;
        let (left, right) = (inputs.get(0)?, inputs.get(1)?);
        let joined = |(left, right): (&String, &String)| format!("{left}{right}");
        let shape = broadcast(left.shape(), right.shape())?;
        let elements = context.elements(&shape)?;
        for part in [left, right] {
            context.copies(part, elements.checked_div(part.values().len()).unwrap_or(0))?;
        }
        if left.shape() == right.shape() {
            let pairs = slice::<String>(left)?.iter().zip(slice::<String>(right)?);
            return one(tensor(left.shape(), pairs.map(joined).collect::<Vec<String>>())?);
        }
        let (left, right) = (view::<String>(left)?, view::<String>(right)?);
        let wide = anyhow::Context::context;
        let left = wide(left.broadcast(&shape[..]), "input 0 does not broadcast")?;
        let right = wide(right.broadcast(&shape[..]), "input 1 does not broadcast")?;
        let joined: Vec<String> = left.iter().zip(right.iter()).map(joined).collect();
        one(tensor(&shape, joined)?)
    }
}

impl Op for StringSplit {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        let texts = slice::<String>(input)?;
        let mut parts: Vec<&str> = Vec::new();
        let mut counts = Vec::with_capacity(texts.len());
        for text in texts {
            let before = parts.len();
            self.parts(text, &mut parts);
            counts.push(parts.len() - before);
        }
        let longest = counts.iter().copied().max().unwrap_or(0);
        let mut shape = Shape::from_slice(input.shape());
        shape.push(longest);
        let elements = context.elements(&shape)?;
        context.copies(input, 1)?;
        let mut table = Vec::with_capacity(elements);
        let mut rest = parts.into_iter();
        for &count in &counts {
            table.extend(rest.by_ref().take(count).map(str::to_owned));
            table.extend(std::iter::repeat_n(String::new(), longest - count));
        }
        let counts = counts.into_iter().map(i64::try_from).collect::<Result<Vec<_>, _>>()?;
        Ok([tensor(&shape, table)?, tensor(input.shape(), counts)?].into_iter().collect())
    }
}

// === impl StringSplit ===

impl StringSplit {
    fn parts<'a>(&self, text: &'a str, parts: &mut Vec<&'a str>) {
        let spaces = self.delimiter.is_empty();
        let delimiter = if spaces { " " } else { self.delimiter.as_str() };
        let mut rest = if spaces { text.trim_matches(' ') } else { text };
        if rest.is_empty() {
            return;
        }
        let mut left = self.max.unwrap_or(usize::MAX);
        while left > 0
            && let Some((part, after)) = rest.split_once(delimiter)
        {
            parts.push(part);
            rest = if spaces { after.trim_start_matches(' ') } else { after };
            left -= 1;
        }
        parts.push(rest);
    }
}

#[cfg(test)]
mod tests;
