//! DictVectorizer, CastMap and ZipMap: the operators of maps, which are matrices here.
//!
//! A map has one column per key, named by the signature. So the vocabulary and the labels are only
//! checked against the columns. Refuses other numbers of columns.

use anyhow::{Result, bail, ensure};

use super::cast::convert;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Datatype, Shape, Tensor, Values};

/// DictVectorizer and ZipMap: what the columns are called in errors, and their number.
#[derive(Debug)]
struct Columns {
    what: &'static str,
    count: usize,
}

#[derive(Debug)]
struct CastMap {
    to: Datatype,
    /// With `SPARSE`, the number of columns that a row is padded to.
    columns: Option<usize>,
}

/// Builds DictVectorizer.
pub(super) fn dict_vectorizer(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let texts = attributes.strings("string_vocabulary")?.len();
    let ints = attributes.ints("int64_vocabulary")?.len();
    ensure!((texts == 0) != (ints == 0), "one of the two vocabularies is wanted");
    Ok(Box::new(Columns { what: "words of the vocabulary", count: texts + ints }))
}

/// Builds ZipMap.
pub(super) fn zip_map(node: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Columns { what: "labels", count: node.attributes().class_labels()?.len() }))
}

/// Builds CastMap.
pub(super) fn cast_map(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let to = match attributes.string("cast_to")?.unwrap_or("TO_FLOAT") {
        "TO_FLOAT" => Datatype::Fp32,
        "TO_STRING" => Datatype::Bytes,
        "TO_INT64" => Datatype::Int64,
        other => bail!("attribute `cast_to` is `{other}`"),
    };
    let columns = match attributes.string("map_form")?.unwrap_or("DENSE") {
        "DENSE" => None,
        "SPARSE" => {
            let max = attributes.int("max_map")?.unwrap_or(1);
            ensure!(max > 0, "attribute `max_map` is {max}");
            Some(usize::try_from(max)?)
        }
        other => bail!("attribute `map_form` is `{other}`"),
    };
    Ok(Box::new(CastMap { to, columns }))
}

impl Op for Columns {
    fn run(&self, inputs: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.take(0)?;
        let (rows, columns) = rows_and_columns(input.shape())?;
        ensure!(columns == self.count, "{} {} for {columns} columns", self.count, self.what);
        if input.shape().len() == 2 {
            return one(input);
        }
        one(Tensor::new(Shape::from_slice(&[rows, columns]), input.into_values())?)
    }
}

impl Op for CastMap {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.take(0)?;
        let (rows, columns) = rows_and_columns(input.shape())?;
        let values = if input.datatype() == self.to {
            input.into_values()
        } else if let (Values::Fp32(values), Datatype::Bytes) = (input.values(), self.to) {
            // ONNX Runtime prints with `%f` here, with `%.8g` in Cast.
            Values::Bytes(values.iter().map(|&value| fixed(value)).collect())
        } else {
            convert(input.values(), self.to, context)?
        };
        let wanted = self.columns.unwrap_or(columns);
        ensure!(columns <= wanted, "{columns} columns, attribute `max_map` is {wanted}");
        let shape = Shape::from_slice(&[rows, wanted]);
        if columns == wanted {
            return one(Tensor::new(shape, values)?);
        }
        context.elements(&shape)?;
        let values = match values {
            Values::Fp32(values) => Values::Fp32(padded(&values, columns, wanted, &0.0)),
            Values::Int64(values) => Values::Int64(padded(&values, columns, wanted, &0)),
            Values::Bytes(values) => {
                Values::Bytes(padded(&values, columns, wanted, &PAD_TEXT.to_owned()))
            }
            other => bail!("a {} tensor", other.datatype()),
        };
        one(Tensor::new(shape, values)?)
    }
}

/// What ONNX Runtime pads strings with.
const PAD_TEXT: &str = "0.f";

fn rows_and_columns(shape: &[usize]) -> Result<(usize, usize)> {
    match *shape {
        [columns] => Ok((1, columns)),
        [rows, columns] => Ok((rows, columns)),
        _ => bail!("an input of shape {shape:?}, rows and columns wanted"),
    }
}

/// As C's `%f`.
fn fixed(value: f32) -> String {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_nan() { format!("{sign}nan") } else { format!("{value:.6}") }
}

fn padded<T: Clone>(values: &[T], columns: usize, wanted: usize, pad: &T) -> Vec<T> {
    let rows = values.chunks(columns.max(1));
    let missing = std::iter::repeat_n(pad, wanted - columns);
    rows.flat_map(|row| row.iter().chain(missing.clone()).cloned()).collect()
}

#[cfg(test)]
mod tests;
