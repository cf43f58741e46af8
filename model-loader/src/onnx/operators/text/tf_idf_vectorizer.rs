//! TfIdfVectorizer: counts n-grams of a pool in each row.
//!
//! The pool becomes a tree of tokens whose nodes end n-grams; a row is walked once from each token
//! and for each skip. Refuses pools that do not fit their counts, indexes and weights, equal
//! n-grams, and inputs that are not of the pool's type.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};

use crate::onnx::operators::element::tensor;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Shape, Values};

/// Most output columns.
const COLUMNS_MAX: usize = 1 << 24;

#[derive(Debug, Clone, Copy)]
enum Mode {
    Tf,
    Idf,
    TfIdf,
}

/// Tokens of the pool by number.
#[derive(Debug)]
enum Tokens {
    Ints(HashMap<i64, usize>),
    Texts(HashMap<String, usize>),
}

/// N-grams by node and next token; the root is node 0.
#[derive(Debug, Default)]
struct Tree {
    next: HashMap<(usize, usize), usize>,
    /// The n-gram that ends at each node.
    ngram: Vec<Option<usize>>,
}

#[derive(Debug)]
struct TfIdfVectorizer {
    mode: Mode,
    min: usize,
    max: usize,
    skips: usize,
    tokens: Tokens,
    tree: Tree,
    /// Output column and weight of each n-gram.
    ngrams: Vec<(usize, f32)>,
    columns: usize,
}

/// Builds the operator.
pub(super) fn tf_idf_vectorizer(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let mode = match attributes.string("mode")? {
        Some("TF") => Mode::Tf,
        Some("IDF") => Mode::Idf,
        Some("TFIDF") => Mode::TfIdf,
        other => bail!("attribute `mode` is {other:?}"),
    };
    let length = |name: &str| {
        let value = attributes.int(name)?.with_context(|| format!("`{name}` is missing"))?;
        usize::try_from(value).ok().with_context(|| format!("attribute `{name}` is {value}"))
    };
    let (min, max) = (length("min_gram_length")?, length("max_gram_length")?);
    let skips = length("max_skip_count")?;
    ensure!(1 <= min && min <= max, "n-grams of {min} to {max} tokens");
    let (texts, ints) = (attributes.strings("pool_strings")?, attributes.ints("pool_int64s")?);
    // ONNX Runtime prefers strings when there are both.
    let (tokens, pool) = if texts.is_empty() {
        let (tokens, pool) = numbered(ints.iter().copied());
        (Tokens::Ints(tokens), pool)
    } else {
        let (tokens, pool) = numbered(texts.into_iter().map(str::to_owned));
        (Tokens::Texts(tokens), pool)
    };
    let columns = attributes.ints("ngram_indexes")?;
    let columns = columns.iter().map(|&column| usize::try_from(column).ok());
    let columns: Option<Vec<usize>> = columns.collect();
    let columns = columns.context("attribute `ngram_indexes` has a negative one")?;
    let weights = attributes.floats("weights")?;
    ensure!(
        weights.is_empty() || weights.len() == columns.len(),
        "{} weights for {} n-grams",
        weights.len(),
        columns.len()
    );
    let (tree, count) = tree(&pool, attributes.ints("ngram_counts")?, min, max)?;
    ensure!(count == columns.len(), "{count} n-grams for {} indexes", columns.len());
    let width = columns.iter().max().map_or(0, |&max| max.saturating_add(1));
    ensure!(width <= COLUMNS_MAX, "attribute `ngram_indexes` asks for {width} columns");
    let weights = weights.iter().copied().chain(std::iter::repeat(1.0));
    let ngrams = columns.into_iter().zip(weights).collect();
    Ok(Box::new(TfIdfVectorizer { mode, min, max, skips, tokens, tree, ngrams, columns: width }))
}

/// Numbers tokens in the order of their first places.
fn numbered<T: Eq + std::hash::Hash>(
    pool: impl Iterator<Item = T>,
) -> (HashMap<T, usize>, Vec<usize>) {
    let mut numbers = HashMap::new();
    let mut numbered = Vec::new();
    for token in pool {
        let next = numbers.len();
        numbered.push(*numbers.entry(token).or_insert(next));
    }
    (numbers, numbered)
}

/// The tree of the n-grams of these lengths, and the number of n-grams of all lengths.
fn tree(pool: &[usize], counts: &[i64], min: usize, max: usize) -> Result<(Tree, usize)> {
    let starts: Option<Vec<usize>> = counts.iter().map(|&at| usize::try_from(at).ok()).collect();
    let starts = starts.context("attribute `ngram_counts` has a negative one")?;
    ensure!(max <= starts.len(), "n-grams of {max} tokens, {} counts", starts.len());
    let mut tree = Tree { next: HashMap::new(), ngram: vec![None] };
    let mut count = 0;
    for (at, &start) in starts.iter().enumerate() {
        let (length, end) = (at + 1, starts.get(at + 1).copied().unwrap_or(pool.len()));
        let part = pool.get(start..end);
        let part = part.with_context(|| format!("`ngram_counts` has {start} before {end}"))?;
        ensure!(part.len() % length == 0, "{} tokens in n-grams of {length}", part.len());
        for ngram in part.chunks_exact(length) {
            if (min..=max).contains(&length) {
                let fresh = tree.insert(ngram, count);
                ensure!(fresh, "n-gram {count} of the pool is there twice");
            }
            count += 1;
        }
    }
    Ok((tree, count))
}

impl Op for TfIdfVectorizer {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        let (rows, width) = match *input.shape() {
            [width] => (1, width),
            [rows, width] if rows > 0 => (rows, width),
            _ => bail!("an input of shape {:?}, [C] or [B, C] wanted", input.shape()),
        };
        let mut shape = Shape::from_slice(&input.shape()[..input.shape().len() - 1]);
        shape.push(self.columns);
        let mut output = vec![0.0_f32; context.elements(&shape)?];
        let tokens = self.numbers(input.values())?;
        for row in 0..rows {
            let columns = &mut output[row * self.columns..][..self.columns];
            self.count(&tokens[row * width..][..width], columns, context)?;
        }
        one(tensor(&shape, output)?)
    }
}

// === impl TfIdfVectorizer ===

impl TfIdfVectorizer {
    /// The input's tokens by number; none for those that the pool does not have.
    fn numbers(&self, values: &Values) -> Result<Vec<Option<usize>>> {
        match (&self.tokens, values) {
            (Tokens::Texts(known), Values::Bytes(texts)) => {
                Ok(texts.iter().map(|text| known.get(text).copied()).collect())
            }
            (Tokens::Ints(known), Values::Int64(ints)) => {
                Ok(ints.iter().map(|int| known.get(int).copied()).collect())
            }
            (Tokens::Ints(known), Values::Int32(ints)) => {
                Ok(ints.iter().map(|&int| known.get(&i64::from(int)).copied()).collect())
            }
            (Tokens::Texts(_), other) => bail!("a {} tensor, strings wanted", other.datatype()),
            (Tokens::Ints(_), other) => bail!("a {} tensor, int64 wanted", other.datatype()),
        }
    }

    /// Counts the n-grams of one row into its columns.
    fn count(&self, row: &[Option<usize>], columns: &mut [f32], context: &Context) -> Result<()> {
        let mut min = self.min;
        // A distance as long as the row leaves only single tokens, which are counted once.
        let farthest = self.skips.saturating_add(1).min(row.len().max(1));
        for distance in 1..=farthest {
            context.budget().steps((row.len() as u64).saturating_mul(64))?;
            for start in 0..row.len() {
                let mut node = 0;
                for (length, token) in (1..=self.max).zip(row[start..].iter().step_by(distance)) {
                    let Some(next) = token.and_then(|token| self.tree.step(node, token)) else {
                        break;
                    };
                    node = next;
                    if length >= min
                        && let Some(ngram) = self.tree.ngram[node]
                    {
                        self.add(ngram, columns);
                    }
                }
            }
            if min == 1 {
                min = 2;
                if min > self.max {
                    break;
                }
            }
        }
        Ok(())
    }

    fn add(&self, ngram: usize, columns: &mut [f32]) {
        let (column, weight) = self.ngrams[ngram];
        match self.mode {
            Mode::Tf => columns[column] += 1.0,
            Mode::Idf => columns[column] = weight,
            Mode::TfIdf => columns[column] += weight,
        }
    }
}

// === impl Tree ===

impl Tree {
    /// False when the n-gram is there already.
    fn insert(&mut self, tokens: &[usize], ngram: usize) -> bool {
        let mut node = 0;
        for &token in tokens {
            let fresh = self.ngram.len();
            node = *self.next.entry((node, token)).or_insert(fresh);
            if node == fresh {
                self.ngram.push(None);
            }
        }
        self.ngram[node].replace(ngram).is_none()
    }

    fn step(&self, node: usize, token: usize) -> Option<usize> {
        self.next.get(&(node, token)).copied()
    }
}

#[cfg(test)]
mod tests;
