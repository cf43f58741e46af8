//! What can be posted, described for machines: OpenAPI 3.1, and Swagger 2.0 for Azure's tools.

use serde_json::Value;

use super::encode::{Reply, shape};
use crate::error::Error;
use crate::protocol::openapi;
use crate::worker::Shared;

/// `GET /openapi.json`.
pub(super) fn third(shared: &Shared) -> Reply {
    shape(&described(shared, openapi::third))
}

/// `GET /swagger.json[?version=N]`.
///
/// # Errors
/// [`Error::UnknownRoute`] for a version that there is not.
pub(super) fn swagger(shared: &Shared, query: &str) -> Result<Reply, Error> {
    let mut asked = url::form_urlencoded::parse(query.as_bytes());
    let version = asked.find(|(key, _)| key == "version").map(|(_, version)| version);
    match version.as_deref() {
        None | Some("2") => Ok(shape(&described(shared, openapi::second))),
        Some("3") => Ok(third(shared)),
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            Err(Error::UnknownRoute(format!("/swagger.json?version={other}")))
        }
    }
}

fn described(shared: &Shared, write: fn(&[openapi::Described<'_>]) -> Value) -> Value {
    let endpoints = shared.endpoints.load();
    let unnamed = endpoints.unnamed(shared.default_endpoint.as_ref()).ok();
    let mut described: Vec<openapi::Described<'_>> = Vec::new();
    for endpoint in endpoints.iter() {
        if let Some(deployment) = endpoint.foremost() {
            let signature = deployment.runnable.signature();
            let is_default = unnamed == Some(&endpoint.name);
            described.push(openapi::Described {
                name: endpoint.name.as_ref(),
                signature,
                is_default,
            });
        }
    }
    described.sort_by_key(|one| one.name);
    write(&described)
}
