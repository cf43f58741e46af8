//! StringNormalizer: stop words out, upper or lower case.
//!
//! Letters change case one to one, as C's `towupper` does in a UTF-8 locale, whatever `locale`
//! says. Refuses inputs that are not a row.

use std::collections::HashSet;

use anyhow::{Result, bail, ensure};

use crate::Shape;
use crate::onnx::operators::element::{into_vec, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};

#[derive(Debug, Clone, Copy)]
enum Case {
    Keep,
    Lower,
    Upper,
}

#[derive(Debug)]
struct StringNormalizer {
    case: Case,
    /// In lower case when `sensitive` is false.
    stop_words: HashSet<String>,
    sensitive: bool,
}

/// Builds the operator.
pub(super) fn string_normalizer(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let case = match attributes.string("case_change_action")?.unwrap_or("NONE") {
        "NONE" => Case::Keep,
        "LOWER" => Case::Lower,
        "UPPER" => Case::Upper,
        other => bail!("attribute `case_change_action` is `{other}`"),
    };
    let sensitive = attributes.int("is_case_sensitive")?.unwrap_or(0) != 0;
    let compared = if sensitive { Case::Keep } else { Case::Lower };
    let stop_words = attributes.strings("stopwords")?;
    let stop_words = stop_words.into_iter().map(|word| compared.change(word.to_owned())).collect();
    Ok(Box::new(StringNormalizer { case, stop_words, sensitive }))
}

impl Op for StringNormalizer {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.take(0)?;
        let mut shape = Shape::from_slice(input.shape());
        ensure!(
            matches!(shape[..], [1..=usize::MAX] | [1, 1..=usize::MAX]),
            "an input of shape {shape:?}, [C] or [1, C] wanted"
        );
        let mut texts = into_vec::<String>(input)?;
        texts.retain(|text| !self.stops(text));
        for text in &mut texts {
            *text = self.case.change(std::mem::take(text));
        }
        if texts.is_empty() {
            texts.push(String::new());
        }
        if let Some(columns) = shape.last_mut() {
            *columns = texts.len();
        }
        one(tensor(&shape, texts)?)
    }
}

// === impl StringNormalizer ===

impl StringNormalizer {
    fn stops(&self, text: &str) -> bool {
        if self.stop_words.is_empty() {
            false
        } else if self.sensitive {
            self.stop_words.contains(text)
        } else {
            self.stop_words.contains(&Case::Lower.change(text.to_owned()))
        }
    }
}

// === impl Case ===

impl Case {
    fn change(self, mut text: String) -> String {
        match self {
            Case::Keep => text,
            Case::Lower if text.is_ascii() => {
                text.make_ascii_lowercase();
                text
            }
            Case::Upper if text.is_ascii() => {
                text.make_ascii_uppercase();
                text
            }
            Case::Lower => text.chars().map(lower).collect(),
            Case::Upper => text.chars().map(|c| single(c, c.to_uppercase())).collect(),
        }
    }
}

/// The lower case, which is one letter but for the dotted I.
fn lower(character: char) -> char {
    if character == '\u{130}' { 'i' } else { single(character, character.to_lowercase()) }
}

/// A letter's other case, when that is one letter too.
fn single(character: char, mut changed: impl Iterator<Item = char>) -> char {
    match (changed.next(), changed.next()) {
        (Some(changed), None) => changed,
        _ => character,
    }
}

#[cfg(test)]
mod tests;
