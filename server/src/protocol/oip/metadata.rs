//! What the server and its models are, in the protocol's shapes; HTTP writes them as JSON, gRPC as
//! messages.

use model_loader::TensorSpec;
use serde::Serialize;

use super::EXTENSIONS;
use crate::deployment::Deployment;
use crate::endpoint::{Endpoint, Endpoints, Target};
use crate::error::Error;

/// The server, as `GET /v2` says it.
#[derive(Debug, Serialize)]
pub struct ServerMetadata {
    /// Always "skeg".
    pub name: &'static str,
    /// Of the build.
    pub version: &'static str,
    /// Clients read an array here without looking.
    pub extensions: [&'static str; EXTENSIONS.len()],
}

/// A model, as `GET /v2/models/{m}` says it.
#[derive(Debug, Serialize)]
pub struct ModelMetadata<'a> {
    /// The endpoint.
    pub name: &'a str,
    /// Versions that its deployments serve.
    pub versions: Vec<&'a str>,
    /// Of the allowed names, the one for ONNX.
    pub platform: &'static str,
    /// What it takes.
    pub inputs: Vec<TensorMetadata<'a>>,
    /// What it gives.
    pub outputs: Vec<TensorMetadata<'a>>,
}

/// An input or an output.
#[derive(Debug, Serialize)]
pub struct TensorMetadata<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its datatype in the protocol's table.
    pub datatype: &'static str,
    /// -1 stands for any size.
    pub shape: Vec<i64>,
}

/// The model that a request names: an endpoint, and the deployment that speaks for it or for the
/// version.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// The deployment.
    pub deployment: &'a Deployment,
}

/// Says what the server is.
pub fn server() -> ServerMetadata {
    ServerMetadata { name: "skeg", version: env!("CARGO_PKG_VERSION"), extensions: EXTENSIONS }
}

/// Looks a model up.
///
/// # Errors
/// Those of [`Endpoints::get`] and [`Endpoint::choose`], [`Error::Unready`] when nothing serves.
pub fn find<'a>(
    endpoints: &'a Endpoints,
    model: &str,
    version: Option<&str>,
) -> Result<Found<'a>, Error> {
    let endpoint = endpoints.get(model)?;
    let deployment = match version {
        Some(version) => {
            let target = Target { version: Some(version), ..Target::default() };
            &*endpoint.choose(target, 0)?.deployment
        }
        None => endpoint.foremost().ok_or_else(|| Error::Unready { model: model.to_owned() })?,
    };
    Ok(Found { endpoint, deployment })
}

// === impl Found ===

impl<'a> Found<'a> {
    /// What the model is.
    pub fn metadata(self) -> ModelMetadata<'a> {
        let signature = self.deployment.runnable.signature();
        ModelMetadata {
            name: self.endpoint.name.as_ref(),
            versions: self.versions(),
            platform: "onnx_onnxv1",
            inputs: signature.inputs().iter().map(tensor).collect(),
            outputs: signature.outputs().iter().map(tensor).collect(),
        }
    }

    /// The versions that the endpoint serves, in order, each once.
    pub fn versions(self) -> Vec<&'a str> {
        let seats = self.endpoint.seats.iter();
        let mut versions: Vec<&str> =
            seats.map(|seat| seat.deployment.model.version.as_ref()).collect();
        versions.sort_unstable();
        versions.dedup();
        versions
    }
}

fn tensor(spec: &TensorSpec) -> TensorMetadata<'_> {
    let size = |size: &Option<usize>| size.map_or(-1, |size| size as i64);
    TensorMetadata {
        name: &spec.name,
        datatype: spec.datatype.name(),
        shape: spec.shape.iter().map(size).collect(),
    }
}
