//! What all targets check: whatever bytes come, they are a request or an error of the client's.

use model_loader::{Datatype, NamedTensor, Signature, TensorSpec};
use server::error::Error;
use server::limits::RequestLimits;

/// Small, so that the fuzzer meets them.
pub const LIMITS: RequestLimits = RequestLimits { depth: 20, rows: 100, elements: 1000 };

/// Two numbers with names, a whole number, a text, and a list of any length.
pub fn signature() -> Signature {
    let spec = |name: &str, datatype, shape: &[Option<usize>], features: &[&str]| TensorSpec {
        name: name.to_owned(),
        datatype,
        shape: shape.to_vec(),
        per_row: true,
        feature_names: features.iter().map(|feature| (*feature).to_owned()).collect(),
        class_labels: Vec::new(),
    };
    let inputs = vec![
        spec("x", Datatype::Fp32, &[None, Some(2)], &["a", "b"]),
        spec("n", Datatype::Int16, &[None], &[]),
        spec("t", Datatype::Bytes, &[None, Some(1)], &[]),
        spec("l", Datatype::Fp64, &[None, None], &[]),
    ];
    Signature::new(inputs, Vec::new())
}

/// One input of two numbers.
pub fn matrix() -> Signature {
    Signature::new(signature().inputs()[..1].to_vec(), Vec::new())
}

/// Holds what a decoder gave against both models.
///
/// # Panics
/// When the error is not one that a client causes: that is what is looked for.
pub fn check<'a>(decoded: Result<Vec<NamedTensor<'a>>, Error>) {
    match decoded {
        Ok(tensors) => {
            let elements: usize = tensors.iter().map(|t| t.tensor.values().len()).sum();
            assert!(elements <= LIMITS.elements, "{elements} elements");
            for signature in [signature(), matrix()] {
                if let Err(error) = signature.place(tensors.clone()) {
                    assert!(error.is_input(), "{error}");
                }
            }
        }
        Err(error) => assert!(matches!(error.status(), 400 | 413), "{error}"),
    }
}
