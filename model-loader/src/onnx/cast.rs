//! The Cast that tract runs: its own, but int64 values stay int64.
//!
//! tract turns every cast to int64 into a cast to its `TDim` by way of 32 bits, so that a class
//! label of 2^40 would come out as 0. A `TDim` that already is one (a shape) stays one. Registered
//! for the regions that tract runs.

use std::sync::OnceLock;

use tract_onnx::model::{OnnxOpRegister, ParsingContext};
use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::expandable::expand;

use super::attributes::Attributes;

#[derive(Debug, Clone)]
struct CastToInt64;

/// What an operator's builder gives to tract: the operator, and the outer values it closes over.
type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// Puts this Cast over tract's.
pub(super) fn register(register: &mut OnnxOpRegister) {
    register.insert("Cast", cast);
}

fn cast(context: &ParsingContext, node: &NodeProto) -> Built {
    if Attributes(node).int("to")? == Some(DataType::Int64 as i64) {
        return Ok((expand(CastToInt64), Vec::new()));
    }
    static BUILTIN: OnceLock<OnnxOpRegister> = OnceLock::new();
    let builtin = BUILTIN.get_or_init(|| {
        let mut builtin = OnnxOpRegister::default();
        tract_onnx::ops::register_all_ops(&mut builtin);
        builtin
    });
    let build = builtin.0.get("Cast").context("tract has no Cast")?;
    build(context, node)
}

impl CastToInt64 {
    fn output(from: DatumType) -> DatumType {
        if from == DatumType::TDim { DatumType::TDim } else { DatumType::I64 }
    }
}

impl Expansion for CastToInt64 {
    fn name(&self) -> StaticName {
        "CastToInt64".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].rank, &inputs[0].rank)?;
        solver.equals(&outputs[0].shape, &inputs[0].shape)?;
        solver.given(&inputs[0].datum_type, |solver, from| {
            solver.equals(&outputs[0].datum_type, Self::output(from))
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let from = model.outlet_fact(inputs[0])?.datum_type;
        let to = Self::output(from);
        model.wire_node(prefix, tract_core::ops::cast::cast(to), &inputs[..1])
    }
}
