//! Where `skeg models register` takes a model from: a file, a folder, or an MLflow registry.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use model_loader::{Import, Name, Wishes};

use crate::failure::Failure;
use crate::mlflow::{self, Address, Client, Token};
use crate::runtime;

/// The model, and what is needed to get at it.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    /// An ONNX file, with weights in other files of its folder; a folder of MLflow, Triton or Azure
    /// ML; mlflow://HOST/NAME/VERSION, mlflow://HOST/NAME@ALIAS, models:/NAME/VERSION or
    /// models:/NAME@ALIAS
    #[arg(value_name = "SOURCE", env = "AZUREML_MODEL_DIR")]
    source: PathBuf,
    /// Version folder of a Triton model [default: the highest]
    #[arg(long, env = "SKEG_SOURCE_VERSION", value_name = "NUMBER")]
    source_version: Option<u64>,
    /// The MLflow server of models:/...
    #[arg(long, env = "MLFLOW_TRACKING_URI", value_name = "URL", hide_env_values = true)]
    mlflow: Option<String>,
    /// File with the bearer token for the MLflow server
    #[arg(long, env = "SKEG_MLFLOW_TOKEN_FILE", value_name = "FILE")]
    mlflow_token_file: Option<PathBuf>,
    /// Speak plain HTTP with an MLflow server on another machine
    #[arg(long, env = "SKEG_MLFLOW_HTTP")]
    mlflow_http: bool,
}

// === impl SourceArgs ===

impl SourceArgs {
    /// Reads the model. `named` are the inputs whose columns the person named.
    ///
    /// # Errors
    /// Code 1 when it cannot be had or is no model, 78 for an address or a token file that makes no
    /// sense.
    pub(super) fn read(&self, named: BTreeSet<String>) -> Result<Import, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::new(Failure::FAILED, self.says(error));
        let wishes = Wishes { source_version: self.source_version, named };
        let Some(address) = self.address()? else {
            return model_loader::import(&self.source, &wishes).map_err(|error| failed(&error));
        };
        let config = |error: String| Failure::new(Failure::CONFIG, error);
        let token = self.mlflow_token_file.as_deref().map(Token::read).transpose();
        let token = token.map_err(|error| config(format!("--mlflow-token-file {error}")))?;
        let client = Client::new(address.base.clone(), token).map_err(|error| failed(&error))?;
        let folder = tempfile::tempdir().map_err(|error| failed(&error))?;
        let runtime = runtime::new().map_err(|error| failed(&error))?;
        let version = runtime.block_on(mlflow::fetch(&client, &address, folder.path()));
        let version = version.map_err(|error| failed(&error))?;
        let import = model_loader::import(folder.path(), &wishes);
        let mut import = import.map_err(|error| failed(&error))?;
        version.tell(&mut import);
        Ok(import)
    }

    /// The address in a registry, when the source is one.
    fn address(&self) -> Result<Option<Address>, Failure> {
        let Some(text) = self.source.to_str().filter(|text| Address::is_meant(text)) else {
            return Ok(None);
        };
        let address = Address::parse(text, self.mlflow.as_deref(), self.mlflow_http);
        // What was typed may hold a password, so it is not repeated.
        let wrong = |what| Failure::new(Failure::CONFIG, format!("the source is refused: {what}"));
        address.map(Some).map_err(wrong)
    }

    /// The words with the source before them.
    pub(super) fn says(&self, words: &dyn std::fmt::Display) -> String {
        match self.address() {
            Ok(Some(address)) => format!("{address}: {words}"),
            _ => format!("{}: {words}", self.source.display()),
        }
    }

    /// What to register the model as: what was said, or else what the source says. No version
    /// means the next one.
    ///
    /// # Errors
    /// Code 64 when nothing says the name, or what the source says is no name here.
    pub(super) fn model(
        &self,
        said: Option<&(Name, Option<Name>)>,
        import: &Import,
    ) -> Result<(Name, Option<Name>), Failure> {
        let usage = |words: &dyn std::fmt::Display| {
            let words = format!("{}: say --model NAME:VERSION", self.says(words));
            Failure::new(Failure::USAGE, words)
        };
        let name = |text: &String| text.parse::<Name>().map_err(|error| usage(&error));
        let version = || import.version.as_ref().map(name).transpose();
        match (said, &import.name) {
            (Some((name, Some(version))), _) => Ok((name.clone(), Some(version.clone()))),
            (Some((name, None)), _) => Ok((name.clone(), version()?)),
            (None, Some(text)) => Ok((name(text)?, version()?)),
            (None, None) => Err(usage(&"it does not say the model's name")),
        }
    }
}
