//! Constant, ConstantOfShape and Range: tensors out of attributes and numbers.

use anyhow::{Context as _, Result, bail, ensure};
use tract_onnx::pb::AttributeProto;

use super::ints;
use crate::onnx::operators::element::{Element, each_type, tensor};
use crate::onnx::operators::op::{Context, Inputs, Node, Op, Outputs, one};
use crate::onnx::tensor_proto;
use crate::{Shape, Tensor, Values};

#[derive(Debug)]
struct Constant(Tensor);

/// Builds Constant from whichever of its attributes the node has.
pub(super) fn constant(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let attribute = node.proto.attribute.first().context("the constant has no value")?;
    let value = value(attribute).with_context(|| format!("attribute `{}`", attribute.name))?;
    Ok(Box::new(Constant(value)))
}

fn value(attribute: &AttributeProto) -> Result<Tensor> {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).context("it is not UTF-8");
    match attribute.name.as_str() {
        "value" => tensor_proto::from_proto(attribute.t.as_ref().context("it has no tensor")?),
        "value_float" => tensor(&[], vec![attribute.f]),
        "value_floats" => tensor(&[attribute.floats.len()], attribute.floats.clone()),
        "value_int" => tensor(&[], vec![attribute.i]),
        "value_ints" => tensor(&[attribute.ints.len()], attribute.ints.clone()),
        "value_string" => tensor(&[], vec![text(&attribute.s)?]),
        "value_strings" => {
            let texts = attribute.strings.iter().map(text).collect::<Result<Vec<String>>>()?;
            tensor(&[texts.len()], texts)
        }
        _ => bail!("it is not supported"),
    }
}

impl Op for Constant {
    fn run(&self, _: &mut Inputs<'_>, _: &Context) -> Result<Outputs> {
        one(self.0.clone())
    }
}

#[derive(Debug)]
struct ConstantOfShape(Tensor);

/// Builds ConstantOfShape; a single-precision 0 unless a value is given.
pub(super) fn constant_of_shape(node: &Node<'_>) -> Result<Box<dyn Op>> {
    let given = node.proto.attribute.iter().find(|attribute| attribute.name == "value");
    let value = given.map_or_else(|| tensor(&[1], vec![0.0_f32]), value)?;
    ensure!(value.values().len() == 1, "attribute `value` has {} values", value.values().len());
    Ok(Box::new(ConstantOfShape(value)))
}

impl Op for ConstantOfShape {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let extents = ints::input(inputs, 0)?.context("input 0 is missing")?;
        let extents = extents.into_iter().map(usize::try_from);
        let shape: Shape = extents.collect::<Result<_, _>>().context("an extent is negative")?;
        let elements = context.elements(&shape)?;
        context.copies(&self.0, elements)?;
        one(each_type!(self.0.values(), value, T => {
            let filled: Vec<T> = vec![value[0].clone(); elements];
            tensor(&shape, filled)?
        }))
    }
}

#[derive(Debug)]
struct Range;

/// Builds Range.
pub(super) fn range(_: &Node<'_>) -> Result<Box<dyn Op>> {
    Ok(Box::new(Range))
}

impl Op for Range {
    fn run(&self, inputs: &mut Inputs<'_>, context: &Context) -> Result<Outputs> {
        let (start, limit, step) = (inputs.get(0)?, inputs.get(1)?, inputs.get(2)?);
        match start.values() {
            Values::Fp32(_) => {
                let [start, limit, step] = three::<f32>(start, limit, step)?;
                let count = ((f64::from(limit) - f64::from(start)) / f64::from(step)).ceil();
                made(count, context, |place| start + place as f32 * step)
            }
            Values::Fp64(_) => {
                let [start, limit, step] = three::<f64>(start, limit, step)?;
                made(((limit - start) / step).ceil(), context, |place| start + place as f64 * step)
            }
            Values::Int64(_) => {
                let [start, limit, step] = three::<i64>(start, limit, step)?;
                ensure!(step != 0, "the step is 0");
                let count = (limit as f64 - start as f64) / step as f64;
                made(count.ceil(), context, |place| {
                    start.wrapping_add(step.wrapping_mul(place as i64))
                })
            }
            Values::Int32(_) => {
                let [start, limit, step] = three::<i32>(start, limit, step)?;
                ensure!(step != 0, "the step is 0");
                let count = (f64::from(limit) - f64::from(start)) / f64::from(step);
                made(count.ceil(), context, |place| {
                    start.wrapping_add(step.wrapping_mul(place as i32))
                })
            }
            other => bail!("a range of {}", other.datatype()),
        }
    }
}

fn three<T: Element + Copy>(start: &Tensor, limit: &Tensor, step: &Tensor) -> Result<[T; 3]> {
    let single = |tensor: &Tensor| match T::slice(tensor.values()) {
        Some([value]) => Ok(*value),
        _ => bail!("start, limit and step are not single numbers of one type"),
    };
    Ok([single(start)?, single(limit)?, single(step)?])
}

fn made<T: Element>(count: f64, context: &Context, value: impl Fn(usize) -> T) -> Result<Outputs> {
    // Casting saturates, and turns NaN into 0.
    let count = count.max(0.0) as usize;
    context.elements(&[count])?;
    one(tensor(&[count], (0..count).map(value).collect())?)
}
