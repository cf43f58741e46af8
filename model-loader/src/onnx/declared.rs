//! What a file says of its inputs and outputs, without loading it.
//!
//! Called by `import`, which holds it against what another tool wrote beside the file. Outputs are
//! here only as the file declares them; loading finds out more, and may refuse the model.

use super::load::decode;
use super::{halves, signature};
use crate::{Error, Options, Signature, TensorSpec};

/// Inputs that a request must give, and the outputs that are declared as tensors.
///
/// # Errors
/// [`Error::Model`] for what is not an ONNX file, or has an input that cannot be served.
pub(crate) fn declared(onnx: &[u8]) -> Result<Signature, Error> {
    let mut graph = decode(onnx)?.graph.unwrap_or_default();
    halves::widen(&mut graph);
    let inputs = signature::inputs(&graph, &Options::default())?;
    let outputs = graph.output.iter().filter_map(|info| {
        let (datatype, shape) = signature::declared(info).ok()?;
        let name = info.name.clone();
        Some(TensorSpec { name, datatype, shape, ..signature::nameless() })
    });
    Ok(Signature::new(inputs, outputs.collect()))
}
