//! A scored request -> a row; and the one place where a signature becomes a row schema.
//!
//! `model-loader` and `collector` do not know each other: their value types are matched here,
//! variant by variant, and tensors are lent, so that the spool's is the only copy. A tensor whose
//! first dimension is not the request's rows (a constant output, say) has no value per row and is
//! left out of the schema.

use std::collections::HashSet;

use collector::{
    Block, HashKey, Kind, Record, Route, RowSchema, Rules, Source, TraceContext,
    Values as RowValues,
};
use model_loader::{Datatype, Signature, Tensor, TensorSpec, Values};
use smallvec::SmallVec;

use crate::deployment::Deployment;
use crate::score::Answer;
use crate::spec::CollectSpec;

#[cfg(test)]
mod tests;

/// Most columns one tensor is spread over; a wider one is left out of the rows.
const MAX_COLUMNS: usize = 2048;
/// What stands before the name of an input's column.
const INPUT: &str = "in";
/// The same of an output's.
const OUTPUT: &str = "out";

/// The schema of the rows that a model version writes at one deployment, of what is kept of them.
/// `key` is that of the hashes, if there are any.
///
/// # Errors
/// The collector's, when the columns make no schema, or when a privacy rule is for none of them.
pub fn row_schema(
    source: Source,
    signature: &Signature,
    keep: &CollectSpec,
    key: Option<&HashKey>,
) -> Result<RowSchema, collector::Error> {
    let (inputs, outputs) = (inputs(signature), outputs(signature));
    let has = |blocks: &[Block], name: &String| blocks.iter().any(|of| of.columns.contains(name));
    let mut rules = rules(keep);
    // A mistyped name would leave in the clear what was to be covered, also on a side that is not
    // kept now.
    if let Some(unknown) = rules.keys().find(|name| !has(&inputs, name) && !has(&outputs, name)) {
        let Source { endpoint, deployment, model, version, .. } = &source;
        let of = format!("{endpoint}/{deployment}/{model}:{version}");
        let why = format!("a privacy rule for `{unknown}`, and there is no such column");
        return Err(collector::Error::Schema { of, why });
    }
    rules.retain(|name, _| {
        (keep.inputs && has(&inputs, name)) || (keep.outputs && has(&outputs, name))
    });
    let inputs = inputs.into_iter().filter(|_| keep.inputs);
    let outputs = outputs.into_iter().filter(|_| keep.outputs);
    RowSchema::with_privacy(source, inputs.chain(outputs).collect(), rules, key.cloned())
}

/// What the columns of a model's inputs are called.
pub fn inputs(signature: &Signature) -> Vec<Block> {
    signature.inputs().iter().filter_map(|spec| block(INPUT, spec)).collect()
}

/// The same of its outputs.
pub fn outputs(signature: &Signature) -> Vec<Block> {
    signature.outputs().iter().filter_map(|spec| block(OUTPUT, spec)).collect()
}

/// The privacy rules by complete column names. A spec names a feature as clients do, and an output
/// with its side.
fn rules(keep: &CollectSpec) -> Rules {
    let features = keep.privacy.iter().flat_map(|privacy| &privacy.features);
    let complete = |name: &String| match name.strip_prefix(OUTPUT) {
        Some(rest) if rest.starts_with('.') => name.clone(),
        _ => format!("{INPUT}.{name}"),
    };
    features.map(|(name, rule)| (complete(name), rule.clone())).collect()
}

/// The complete names of the columns that privacy rules are for.
pub fn covered(keep: &CollectSpec) -> HashSet<String> {
    rules(keep).into_keys().collect()
}

/// Whether rows of such a model can be written at all, whichever deployment it is put at.
///
/// # Errors
/// The collector's words, when the columns make no schema.
pub fn check(signature: &Signature) -> Result<(), String> {
    let name = || "name".to_owned();
    let source = Source {
        endpoint: name(),
        deployment: name(),
        model: name(),
        version: name(),
        model_digest: String::new(),
        baseline: None,
    };
    row_schema(source, signature, &CollectSpec::default(), None)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// What a row says of its request beside the tensors.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The client's id, or ours.
    pub request_id: &'a str,
    /// The client's name for what the request belongs to.
    pub correlation_id: Option<&'a str>,
    /// The trace it is part of.
    pub trace: Option<TraceContext>,
    /// When the request came, unix microseconds.
    pub time_us: i64,
    /// From the request's head to the encoded reply, microseconds.
    pub latency_us: u32,
    /// The endpoint's revision it ran under.
    pub revision: u64,
    /// How it came to its deployment.
    pub route: Route,
}

/// Tensors of a row that need no memory of their own.
const FEW: usize = 16;

/// The values of all tensors that have columns, kept or not: inputs, then outputs.
pub fn all_values<'a>(
    signature: &Signature,
    inputs: &'a [Tensor],
    outputs: &'a [Tensor],
) -> SmallVec<[RowValues<'a>; FEW]> {
    let inputs = signature.inputs().iter().zip(inputs);
    let outputs = signature.outputs().iter().zip(outputs);
    let with_columns = inputs.chain(outputs).filter(|(spec, _)| width(spec).is_some());
    with_columns.map(|(_, tensor)| values(tensor)).collect()
}

/// Gives `take` the record of one scored request, a row for each row of the request, and the values
/// that it was scored with, of which the record may have less.
pub fn record(
    deployment: &Deployment,
    answer: &Answer,
    about: Circumstances<'_>,
    take: impl FnOnce(&Record<'_>, &[RowValues<'_>]),
) {
    let (signature, keep) = (deployment.runnable.signature(), &deployment.collect);
    let all = all_values(signature, answer.inputs.tensors(), &answer.outputs);
    let with_columns = |spec: &&TensorSpec| width(spec).is_some();
    let inputs = signature.inputs().iter().filter(with_columns).count();
    let values = match (keep.inputs, keep.outputs) {
        (true, true) => &all[..],
        (true, false) => &all[..inputs],
        (false, true) => &all[inputs..],
        (false, false) => &[],
    };
    let Circumstances { request_id, correlation_id, trace, time_us, .. } = about;
    let Circumstances { latency_us, revision, route, .. } = about;
    let record = Record {
        request_id,
        correlation_id,
        trace,
        time_us,
        latency_us,
        revision,
        route,
        rows: answer.inputs.rows(),
        values,
    };
    take(&record, &all);
}

/// Columns of a tensor per row; `None` when it has no value per row or too many.
pub fn width(spec: &TensorSpec) -> Option<usize> {
    let (_, rest) = spec.shape.split_first()?;
    if !spec.per_row {
        return None;
    }
    let width = rest.iter().try_fold(1usize, |product, size| product.checked_mul((*size)?))?;
    (1..=MAX_COLUMNS).contains(&width).then_some(width)
}

fn block(side: &str, spec: &TensorSpec) -> Option<Block> {
    let width = width(spec)?;
    let named = |names: &[String], prefix: String| {
        (names.len() == width).then(|| names.iter().map(|n| format!("{prefix}{n}")).collect())
    };
    // An input of one column is a feature by itself, whether it is a vector or a matrix; a feature
    // that was registered for it says more. An output's one class says less than its name.
    let one = if side == INPUT { spec.feature_names.len() != 1 } else { spec.shape.len() == 1 };
    let columns = if width == 1 && one {
        vec![format!("{side}.{}", spec.name)]
    } else {
        // A feature's name stands by itself; a class belongs to the output it is a class of.
        named(&spec.feature_names, format!("{side}."))
            .or_else(|| named(&spec.class_labels, format!("{side}.{}.", spec.name)))
            .unwrap_or_else(|| (0..width).map(|i| format!("{side}.{}.{i}", spec.name)).collect())
    };
    Some(Block { kind: kind(spec.datatype), columns })
}

fn kind(datatype: Datatype) -> Kind {
    match datatype {
        Datatype::Bool => Kind::Bool,
        Datatype::Uint8 => Kind::U8,
        Datatype::Uint16 => Kind::U16,
        Datatype::Uint32 => Kind::U32,
        Datatype::Uint64 => Kind::U64,
        Datatype::Int8 => Kind::I8,
        Datatype::Int16 => Kind::I16,
        Datatype::Int32 => Kind::I32,
        Datatype::Int64 => Kind::I64,
        Datatype::Fp32 => Kind::F32,
        Datatype::Fp64 => Kind::F64,
        Datatype::Bytes => Kind::Text,
    }
}

/// A tensor's values, lent.
pub fn values(tensor: &Tensor) -> RowValues<'_> {
    match tensor.values() {
        Values::Bool(v) => RowValues::Bool(v),
        Values::Uint8(v) => RowValues::U8(v),
        Values::Uint16(v) => RowValues::U16(v),
        Values::Uint32(v) => RowValues::U32(v),
        Values::Uint64(v) => RowValues::U64(v),
        Values::Int8(v) => RowValues::I8(v),
        Values::Int16(v) => RowValues::I16(v),
        Values::Int32(v) => RowValues::I32(v),
        Values::Int64(v) => RowValues::I64(v),
        Values::Fp32(v) => RowValues::F32(v),
        Values::Fp64(v) => RowValues::F64(v),
        Values::Bytes(v) => RowValues::Text(v),
    }
}
