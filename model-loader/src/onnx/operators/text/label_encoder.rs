//! LabelEncoder: each element to the value that stands beside its key.
//!
//! All versions of ai.onnx.ml: a list of classes (1), lists of keys and values (2), and tensors of
//! them (4). Refuses keys and values of different lengths, and inputs that are not of the keys'
//! type.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};

use super::attribute;
use crate::onnx::operators::element::each_type;
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::{Datatype, Shape, Tensor, Values};

/// Positions of keys.
#[derive(Debug)]
enum Keys {
    Texts(HashMap<String, usize>),
    /// Numbers of one type as 64 bits that are equal where the numbers are.
    Numbers(Datatype, HashMap<u64, usize>),
}

/// Values by position; the one behind those of the keys is the default.
#[derive(Debug)]
struct Encoder {
    keys: Keys,
    values: Values,
}

/// Version 1, whose direction is that of its input.
#[derive(Debug)]
struct Classes {
    encode: Encoder,
    decode: Encoder,
}

/// Builds the operator.
pub(super) fn label_encoder(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attributes = node.attributes();
    let default_int = attributes.int("default_int64")?.unwrap_or(-1);
    let default_text = attributes.string("default_string")?.unwrap_or("_Unused").to_owned();
    let classes = attributes.strings("classes_strings")?;
    if node.version < 2 || !classes.is_empty() {
        let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
        let positions: Vec<i64> = (0_i64..).take(classes.len()).collect();
        // ONNX Runtime lets the last of equal classes win here.
        let keys = classes.iter().cloned().enumerate().map(|(at, class)| (class, at)).collect();
        let numbers = Keys::new(&Values::Int64(positions.clone()), false);
        let ints = positions.into_iter().chain([default_int]).collect();
        let texts = classes.into_iter().chain([default_text]).collect();
        return Ok(Box::new(Classes {
            encode: Encoder { keys: Keys::Texts(keys), values: Values::Int64(ints) },
            decode: Encoder { keys: numbers, values: Values::Bytes(texts) },
        }));
    }
    let keys = list(node, "keys")?;
    let mut values = list(node, "values")?;
    ensure!(keys.len() == values.len(), "{} keys for {} values", keys.len(), values.len());
    let default = attribute::values(node.proto, "default_tensor")?;
    if let Some(default) = &default {
        let fits = default.datatype() == values.datatype() && default.len() == 1;
        ensure!(fits, "attribute `default_tensor` is not one {} value", values.datatype());
    }
    match (&mut values, default) {
        (Values::Bytes(values), None) => values.push(default_text),
        (Values::Int64(values), None) => values.push(default_int),
        (Values::Int32(values), None) => values.push(-1),
        (Values::Int16(values), None) => values.push(-1),
        (Values::Fp32(values), None) => {
            values.push(attributes.float("default_float")?.unwrap_or(-0.0));
        }
        (Values::Fp64(values), None) => values.push(-0.0),
        (values, Some(default)) => append(values, default)?,
        (values, None) => bail!("there is no default for {} values", values.datatype()),
    }
    // ONNX Runtime compares NaN as a number before version 4.
    Ok(Box::new(Encoder { keys: Keys::new(&keys, node.version >= 4), values }))
}

impl Op for Encoder {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        inputs.exactly(1)?;
        let input = inputs.get(0)?;
        let positions = self.keys.find(input.values(), self.values.len() - 1)?;
        if let Values::Bytes(texts) = &self.values {
            context.texts(positions.iter().map(|&position| texts[position].as_str()))?;
        }
        let values = each_type!(&self.values, values, _T => {
            wrap(positions.into_iter().map(|position| values[position].clone()).collect())
        });
        one(Tensor::new(Shape::from_slice(input.shape()), values)?)
    }
}

impl Op for Classes {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        match inputs.get(0)?.datatype() {
            Datatype::Bytes => self.encode.run(inputs, context),
            _ => self.decode.run(inputs, context),
        }
    }
}

fn wrap<T: crate::onnx::operators::element::Element>(values: Vec<T>) -> Values {
    T::wrap(values)
}

/// `keys` or `values` in the one form that is there.
fn list(node: &Node<'_>, what: &str) -> Result<Values> {
    let attributes = node.attributes();
    let mut found = Vec::new();
    let texts = attributes.strings(&format!("{what}_strings"))?;
    if !texts.is_empty() {
        found.push(Values::Bytes(texts.into_iter().map(str::to_owned).collect()));
    }
    let ints = attributes.ints(&format!("{what}_int64s"))?;
    if !ints.is_empty() {
        found.push(Values::Int64(ints.to_vec()));
    }
    let floats = attributes.floats(&format!("{what}_floats"))?;
    if !floats.is_empty() {
        found.push(Values::Fp32(floats.to_vec()));
    }
    found.extend(attribute::values(node.proto, &format!("{what}_tensor"))?);
    ensure!(found.len() <= 1, "there are {what} of more than one type");
    found.pop().with_context(|| format!("there are no {what}"))
}

/// Puts a default behind values of its type.
fn append(values: &mut Values, default: Values) -> Result<()> {
    macro_rules! each {
        ($($variant:ident)*) => {
            match (values, default) {
                $((Values::$variant(values), Values::$variant(default)) => values.extend(default),)*
                _ => bail!("attribute `default_tensor` is not of the values' type"),
            }
        };
    }
    each!(Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp32 Fp64 Bytes);
    Ok(())
}

// === impl Keys ===

impl Keys {
    /// The first of equal keys wins.
    fn new(keys: &Values, nan_is_key: bool) -> Keys {
        if let Values::Bytes(texts) = keys {
            let pairs = texts.iter().cloned().enumerate().rev();
            return Keys::Texts(pairs.map(|(position, text)| (text, position)).collect());
        }
        let nan = Number::bits(&f64::NAN);
        let bits = numbers(keys).into_iter().enumerate().rev();
        let float = matches!(keys.datatype(), Datatype::Fp32 | Datatype::Fp64);
        let bits = bits.filter(|(_, bits)| nan_is_key || !float || *bits != nan);
        let map = bits.map(|(position, bits)| (bits, position)).collect();
        Keys::Numbers(keys.datatype(), map)
    }

    /// The position of each element, `default` for what is no key.
    fn find(&self, elements: &Values, default: usize) -> Result<Vec<usize>> {
        match (self, elements) {
            (Keys::Texts(keys), Values::Bytes(texts)) => {
                let find = |text: &String| keys.get(text.as_str()).copied().unwrap_or(default);
                Ok(texts.iter().map(find).collect())
            }
            (Keys::Numbers(datatype, keys), elements) if elements.datatype() == *datatype => {
                let find = |bits: u64| keys.get(&bits).copied().unwrap_or(default);
                Ok(numbers(elements).into_iter().map(find).collect())
            }
            (Keys::Texts(_), elements) => {
                bail!("a {} tensor for keys of type BYTES", elements.datatype())
            }
            (Keys::Numbers(datatype, _), elements) => {
                bail!("a {} tensor for keys of type {datatype}", elements.datatype())
            }
        }
    }
}

/// A number as 64 bits that are equal where numbers of its type are; all NaNs are one.
trait Number {
    fn bits(&self) -> u64;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Number for $type {
            fn bits(&self) -> u64 {
                *self as u64
            }
        }
    )*};
}

integers! { bool u8 u16 u32 u64 i8 i16 i32 i64 }

impl Number for f64 {
    fn bits(&self) -> u64 {
        // Adding zero makes the negative zero the positive one.
        if self.is_nan() { f64::NAN.to_bits() } else { (self + 0.0).to_bits() }
    }
}

impl Number for f32 {
    fn bits(&self) -> u64 {
        f64::from(*self).bits()
    }
}

fn numbers(values: &Values) -> Vec<u64> {
    fn bits<T: Number>(values: &[T]) -> Vec<u64> {
        values.iter().map(Number::bits).collect()
    }
    match values {
        Values::Bool(values) => bits(values),
        Values::Uint8(values) => bits(values),
        Values::Uint16(values) => bits(values),
        Values::Uint32(values) => bits(values),
        Values::Uint64(values) => bits(values),
        Values::Int8(values) => bits(values),
        Values::Int16(values) => bits(values),
        Values::Int32(values) => bits(values),
        Values::Int64(values) => bits(values),
        Values::Fp32(values) => bits(values),
        Values::Fp64(values) => bits(values),
        Values::Bytes(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
