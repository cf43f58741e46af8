//! An MLflow registry as a source of models: a version or an alias -> its files in a folder.
//!
//! Called by `skeg models register`. MLflow's own servers, Azure ML workspaces and Databricks speak
//! the same REST API (mlflow.org/docs/latest/api_reference/rest-api.html), each under a path of its
//! own. Files come through the tracking server's artifact proxy; what lies elsewhere is refused by
//! its address. Everything is bounded, and the server is not trusted with a path on our disk.

mod address;
mod client;
mod files;

use std::path::Path;

use model_loader::Import;
use serde::Deserialize;

pub use self::address::{Address, Pick};
pub use self::client::{Client, Token};

/// Most bytes of all files of a version: those of a model, and some for what lies beside it.
const BYTES_MAX: u64 = (1 << 30) + (64 << 20);

/// A version as the registry describes it.
#[derive(Debug)]
pub struct Version {
    /// The registered model's name.
    pub name: String,
    /// The version, a number in text.
    pub version: String,
    run_id: String,
    source: String,
    tags: Vec<Tag>,
    /// The server.
    registry: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    model_version: RawVersion,
}

#[derive(Debug, Deserialize)]
struct RawVersion {
    name: String,
    version: String,
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
struct Place {
    artifact_uri: String,
}

/// Brings the version's files into `folder`, which is there and empty.
///
/// # Errors
/// A sentence that names what was asked for and what the server made of it.
pub async fn fetch(client: &Client, address: &Address, folder: &Path) -> Result<Version, String> {
    let version = resolve(client, address).await?;
    let query = [("name", &*version.name), ("version", &*version.version)];
    let route = "api/2.0/mlflow/model-versions/get-download-uri";
    let place: Place = client.json(route, &query).await?;
    let root = files::root(&place.artifact_uri, client.base())?;
    files::download(client, &root, folder, BYTES_MAX).await?;
    Ok(version)
}

async fn resolve(client: &Client, address: &Address) -> Result<Version, String> {
    let name = ("name", &*address.name);
    let answer: Answer = match &address.pick {
        Pick::Version(version) => {
            let query = [name, ("version", version)];
            client.json("api/2.0/mlflow/model-versions/get", &query).await?
        }
        Pick::Alias(alias) => {
            let query = [name, ("alias", alias)];
            client.json("api/2.0/mlflow/registered-models/alias", &query).await?
        }
    };
    let RawVersion { name, version, run_id, source, status, tags } = answer.model_version;
    if !matches!(&*status, "" | "READY") {
        return Err(format!("version {version} is not ready there: {status:.100}"));
    }
    let registry = client.base().to_string();
    Ok(Version { name, version, run_id, source, tags, registry })
}

// === impl Version ===

impl Version {
    /// Says in `import` what the registry knows of the version.
    pub fn tell(self, import: &mut Import) {
        for Tag { key, value } in self.tags {
            import.tag(key, value);
        }
        import.tag("mlflow.registry", self.registry);
        import.tag("mlflow.registered_model", format!("{}/{}", self.name, self.version));
        if !self.source.is_empty() {
            import.tag("mlflow.source", self.source);
        }
        if !self.run_id.is_empty() && self.run_id.len() <= 256 {
            import.run_id = Some(self.run_id);
        }
        import.name = Some(self.name);
        import.version = Some(self.version);
    }
}
