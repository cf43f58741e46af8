//! Typed reading of a node's attributes, in the forms that the ai.onnx.ml operators use.
//!
//! Called by the operators and by `signature`. Refuses attributes of another type, strings that are
//! not UTF-8, and tensors of another element type, naming the attribute.

use anyhow::{Context as _, Result, bail, ensure};
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};

/// The attributes of one node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attributes<'a>(pub(super) &'a NodeProto);

/// The labels of a classifier's classes; the list's length is the number of classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClassLabels {
    Int64s(Vec<i64>),
    Strings(Vec<String>),
}

/// Floats in single precision, or in double precision from the `_as_tensor` form.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Floats {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

// === impl Attributes ===

impl<'a> Attributes<'a> {
    pub(super) fn ints(self, name: &str) -> Result<&'a [i64]> {
        Ok(self.find(name, AttributeType::Ints)?.map_or(&[], |attribute| &attribute.ints))
    }

    pub(super) fn floats(self, name: &str) -> Result<&'a [f32]> {
        Ok(self.find(name, AttributeType::Floats)?.map_or(&[], |attribute| &attribute.floats))
    }

    pub(super) fn int(self, name: &str) -> Result<Option<i64>> {
        Ok(self.find(name, AttributeType::Int)?.map(|attribute| attribute.i))
    }

    pub(super) fn float(self, name: &str) -> Result<Option<f32>> {
        Ok(self.find(name, AttributeType::Float)?.map(|attribute| attribute.f))
    }

    pub(super) fn string(self, name: &str) -> Result<Option<&'a str>> {
        let attribute = self.find(name, AttributeType::String)?;
        attribute.map(|attribute| text(name, &attribute.s)).transpose()
    }

    pub(super) fn strings(self, name: &str) -> Result<Vec<&'a str>> {
        let attribute = self.find(name, AttributeType::Strings)?;
        let strings = attribute.map_or(&[][..], |attribute| &attribute.strings);
        strings.iter().map(|bytes| text(name, bytes)).collect()
    }

    /// `name` as a list of floats or `name_as_tensor`; having both is refused.
    pub(super) fn floats_or_tensor(self, name: &str) -> Result<Floats> {
        let single = self.floats(name)?;
        let tensor_name = format!("{name}_as_tensor");
        let Some(attribute) = self.find(&tensor_name, AttributeType::Tensor)? else {
            return Ok(Floats::Single(single.to_vec()));
        };
        ensure!(single.is_empty(), "attributes `{name}` and `{tensor_name}` are both there");
        let tensor = attribute.t.as_ref().with_context(|| format!("`{tensor_name}` is empty"))?;
        tensor_floats(tensor).with_context(|| format!("attribute `{tensor_name}`"))
    }

    /// `classlabels_strings` or one of the two names that int64 labels go by; at least one label.
    pub(super) fn class_labels(self) -> Result<ClassLabels> {
        let strings = self.strings("classlabels_strings")?;
        let ints = match self.ints("classlabels_int64s")? {
            [] => self.ints("classlabels_ints")?,
            ints => ints,
        };
        match (strings.is_empty(), ints.is_empty()) {
            (false, true) => {
                Ok(ClassLabels::Strings(strings.into_iter().map(str::to_owned).collect()))
            }
            (true, false) => Ok(ClassLabels::Int64s(ints.to_vec())),
            (true, true) => bail!("there are no class labels"),
            (false, false) => bail!("there are class labels of both types"),
        }
    }

    fn find(self, name: &str, wanted: AttributeType) -> Result<Option<&'a AttributeProto>> {
        let found = self.0.attribute.iter().find(|attribute| attribute.name == name);
        if let Some(attribute) = found {
            // Old exporters leave the type out.
            let typed = attribute.r#type != AttributeType::Undefined as i32;
            ensure!(
                !typed || attribute.r#type == wanted as i32,
                "attribute `{name}` is not of type {wanted:?}"
            );
        }
        Ok(found)
    }
}

fn text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).with_context(|| format!("attribute `{name}` is not UTF-8"))
}

fn tensor_floats(tensor: &TensorProto) -> Result<Floats> {
    let raw = &tensor.raw_data;
    if tensor.data_type == DataType::Double as i32 {
        let values = if raw.is_empty() {
            tensor.double_data.clone()
        } else {
            let (chunks, rest) = raw.as_chunks::<8>();
            ensure!(rest.is_empty(), "its length is not a multiple of 8");
            chunks.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect()
        };
        return Ok(Floats::Double(values));
    }
    ensure!(tensor.data_type == DataType::Float as i32, "it holds neither floats nor doubles");
    if raw.is_empty() {
        return Ok(Floats::Single(tensor.float_data.clone()));
    }
    let (chunks, rest) = raw.as_chunks::<4>();
    ensure!(rest.is_empty(), "its length is not a multiple of 4");
    Ok(Floats::Single(chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()))
}

// === impl ClassLabels ===

impl ClassLabels {
    pub(super) fn len(&self) -> usize {
        match self {
            ClassLabels::Int64s(labels) => labels.len(),
            ClassLabels::Strings(labels) => labels.len(),
        }
    }

    /// The labels as text.
    pub(super) fn texts(&self) -> Vec<String> {
        match self {
            ClassLabels::Int64s(labels) => labels.iter().map(i64::to_string).collect(),
            ClassLabels::Strings(labels) => labels.clone(),
        }
    }
}

// === impl Floats ===

impl Floats {
    pub(super) fn len(&self) -> usize {
        match self {
            Floats::Single(values) => values.len(),
            Floats::Double(values) => values.len(),
        }
    }

    /// The values widened to double precision, which is exact.
    pub(super) fn widened(&self) -> Vec<f64> {
        match self {
            Floats::Single(values) => values.iter().map(|&value| f64::from(value)).collect(),
            Floats::Double(values) => values.clone(),
        }
    }

    pub(super) fn is_double(&self) -> bool {
        matches!(self, Floats::Double(_))
    }
}

#[cfg(test)]
mod tests;
