//! Tokenizer: each text cut into tokens, along a new last axis.
//!
//! Of com.microsoft, as scikit-learn's text vectorizers are exported with it; ONNX Runtime's
//! `contrib_ops/cpu/tokenizer.cc` is the reference. Expressions run in linear time and are bounded
//! in size. Refuses nodes with both or neither of `separators` and `tokenexp`.

use anyhow::{Context as _, Result, ensure};
use regex::{Regex, RegexBuilder};

use crate::Shape;
use crate::onnx::operators::element::{slice, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

/// What stands before the first token of a text, when they are marked.
const START: &str = "\u{2}";
/// What stands after the last token.
const END: &str = "\u{3}";
/// Most bytes that a compiled expression may take.
const EXPRESSION_MAX: usize = 1 << 20;

#[derive(Debug)]
struct Tokenizer {
    mark: bool,
    pad: String,
    /// Tokens with fewer characters are dropped.
    at_least: usize,
    cut: Cut,
}

#[derive(Debug)]
enum Cut {
    Characters,
    /// By each expression in turn, what stands between its matches.
    Between(Vec<Regex>),
    /// What the expression matches.
    Matches(Regex),
}

/// Builds Tokenizer.
pub(super) fn tokenizer(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let (separators, expression) =
        (attributes.strings("separators")?, attributes.string("tokenexp")?);
    let cut = match (&separators[..], expression) {
        ([], Some(expression)) => Cut::Matches(compiled(expression)?),
        ([""], None) => Cut::Characters,
        ([_, ..], None) => {
            let all = separators.iter().map(|separator| compiled(separator));
            Cut::Between(all.collect::<Result<_>>()?)
        }
        _ => anyhow::bail!("one of `separators` and `tokenexp` is wanted"),
    };
    let at_least = attributes.int("mincharnum")?.context("no `mincharnum`")?;
    ensure!(at_least > 0, "`mincharnum` is {at_least}");
    Ok(Box::new(Tokenizer {
        mark: attributes.int("mark")?.unwrap_or(0) != 0,
        pad: attributes.string("pad_value")?.context("no `pad_value`")?.to_owned(),
        at_least: usize::try_from(at_least)?,
        cut,
    }))
}

fn compiled(expression: &str) -> Result<Regex> {
    let regex = RegexBuilder::new(expression).size_limit(EXPRESSION_MAX).build();
    regex.with_context(|| format!("expression {expression:?}"))
}

impl Op for Tokenizer {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let input = inputs.get(0)?;
        let texts = slice::<String>(input)?;
        let tokens: Vec<Vec<&str>> = texts.iter().map(|text| self.tokens(text)).collect();
        let longest = tokens.iter().map(Vec::len).max().unwrap_or(0);
        // Marks stand only where there is a token at all.
        let width = if longest == 0 { 0 } else { longest + 2 * usize::from(self.mark) };
        let mut shape = Shape::from_slice(input.shape());
        shape.push(width);
        let elements = context.elements(&shape)?;
        context.texts(tokens.iter().flatten().copied())?;
        let padding = std::iter::repeat_n(self.pad.len(), tokens.len());
        let padding = padding.zip(&tokens).map(|(pad, line)| pad * (width - line.len().min(width)));
        context.budget().texts(padding.fold(0, usize::saturating_add))?;
        let mut all: Vec<String> = Vec::with_capacity(elements);
        for line in tokens.iter().filter(|_| width > 0) {
            let start = self.mark.then_some(START);
            let end = self.mark.then_some(END);
            let line = start.into_iter().chain(line.iter().copied()).chain(end);
            let padded = line.chain(std::iter::repeat(self.pad.as_str())).take(width);
            all.extend(padded.map(str::to_owned));
        }
        one(tensor(&shape, all)?)
    }
}

// === impl Tokenizer ===

impl Tokenizer {
    fn tokens<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut tokens: Vec<&str> = match &self.cut {
            Cut::Matches(expression) => expression.find_iter(text).map(|m| m.as_str()).collect(),
            Cut::Characters => {
                let starts = text.char_indices();
                starts.map(|(at, letter)| &text[at..at + letter.len_utf8()]).collect()
            }
            Cut::Between(separators) => separators.iter().fold(vec![text], |parts, separator| {
                parts.into_iter().flat_map(|part| separator.split(part)).collect()
            }),
        };
        tokens.retain(|token| token.chars().nth(self.at_least - 1).is_some());
        tokens
    }
}

#[cfg(test)]
mod tests;
