//! The shape that tract wants an operator in, written once for all of ours.
//!
//! Each operator implements `Kernel`: what comes out for what goes in, and the computation. All of
//! them take one tensor of one row (rank 1) or of rows and columns (rank 2).

use std::fmt::Debug;
use std::sync::Arc;

use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayView2, Ix2};
use tract_onnx::tract_core::op_out_of_plan;
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::expandable::expand;

/// What an operator's builder gives to tract: the operator, and the outer values it closes over.
pub(super) type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// Element type and extents of one output.
pub(super) type Fact = (DatumType, TVec<TDim>);

/// One operator of ours.
pub(super) trait Kernel: Debug + Send + Sync + 'static {
    /// The ONNX name.
    fn name(&self) -> &'static str;

    /// The outputs for an input of this type and these extents; refuses inputs it cannot take.
    fn outputs(&self, datum_type: DatumType, shape: &[TDim]) -> TractResult<TVec<Fact>>;

    /// The outputs for this input, in the order of `outputs`.
    fn eval(&self, input: &Tensor) -> TractResult<TVec<TValue>>;
}

/// A kernel as tract's typed operator.
#[derive(Debug, Clone)]
struct KernelOp(Arc<dyn Kernel>);

/// A kernel before typing: the outputs of it that the node names, by their positions.
#[derive(Debug, Clone)]
struct KernelExpansion {
    kernel: Arc<dyn Kernel>,
    named: Vec<usize>,
}

/// Hands a kernel to tract as the operator of `node`.
pub(super) fn built(node: &NodeProto, kernel: impl Kernel) -> Built {
    let named = node.output.iter().enumerate().filter(|(_, name)| !name.is_empty());
    let named = named.map(|(position, _)| position).collect();
    Ok((expand(KernelExpansion { kernel: Arc::new(kernel), named }), Vec::new()))
}

/// Rows and columns of an input; a single row may come without its first extent.
pub(super) fn rows_and_columns(shape: &[TDim]) -> TractResult<(TDim, TDim)> {
    match shape {
        [columns] => Ok((1.to_dim(), columns.clone())),
        [rows, columns] => Ok((rows.clone(), columns.clone())),
        _ => bail!("the input has {} extents, 1 or 2 wanted", shape.len()),
    }
}

/// The input as rows and columns of `T`, which it must be.
pub(super) fn matrix<T: Datum>(input: &Tensor) -> TractResult<ArrayView2<'_, T>> {
    let view = input.to_plain_array_view::<T>()?;
    let view = if view.ndim() == 1 { view.insert_axis(tract_ndarray::Axis(0)) } else { view };
    Ok(view.into_dimensionality::<Ix2>()?)
}

/// Fails unless a list of per-column values has one value or one for each column.
pub(super) fn check_columns(what: &str, count: usize, columns: &TDim) -> TractResult<()> {
    let columns = columns.as_i64().and_then(|columns| usize::try_from(columns).ok());
    match columns {
        Some(columns) if count != 1 && count != columns => {
            bail!("{count} {what} for an input of {columns} columns")
        }
        _ => Ok(()),
    }
}

// === impl KernelExpansion ===

impl Expansion for KernelExpansion {
    fn name(&self) -> StaticName {
        self.kernel.name().into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.named.len())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, self.named.len())?;
        solver.given_2(&inputs[0].datum_type, &inputs[0].shape, move |solver, input, shape| {
            let facts = self.kernel.outputs(input, &shape)?;
            for (output, &position) in outputs.iter().zip(&self.named) {
                let fact = facts.get(position).context("the node names too many outputs")?;
                solver.equals(&output.datum_type, fact.0)?;
                solver.equals(&output.shape, fact.1.clone())?;
            }
            Ok(())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let outlets = model.wire_node(prefix, KernelOp(Arc::clone(&self.kernel)), inputs)?;
        let outlet = |&position: &usize| outlets.get(position).copied();
        let named: Option<_> = self.named.iter().map(outlet).collect();
        named.context("the node names too many outputs")
    }
}

// === impl KernelOp ===

impl PartialEq for KernelOp {
    fn eq(&self, other: &KernelOp) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for KernelOp {}

impl Op for KernelOp {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    op_as_typed_op!();
}

impl EvalOp for KernelOp {
    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [input] = &inputs[..] else { bail!("{} inputs, 1 wanted", inputs.len()) };
        self.0.eval(input)
    }

    op_out_of_plan!();
}

impl TypedOp for KernelOp {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [input] = inputs else { bail!("{} inputs, 1 wanted", inputs.len()) };
        let shape: TVec<TDim> = input.shape.iter().cloned().collect();
        let facts = self.0.outputs(input.datum_type, &shape)?;
        Ok(facts.into_iter().map(|(datum_type, shape)| datum_type.fact(shape)).collect())
    }

    as_op!();
}
