//! The flags that say where a model comes from.

use std::collections::BTreeMap;

use clap::Args;
use model_loader::{DataAsset, Lineage, ModelRef};

use crate::config::Surroundings;

#[cfg(test)]
mod tests;

/// The most characters of a value.
const CHARS_MAX: usize = 1024;

/// Where a model comes from, as typed.
#[derive(Debug, Args)]
pub struct LineageArgs {
    /// Commit of the training code [default: GITHUB_SHA or BUILD_SOURCEVERSION]
    #[arg(long, env = "SKEG_GIT_COMMIT", value_name = "SHA", value_parser = text)]
    git_commit: Option<String>,
    /// Run of the pipeline or experiment that made the model
    #[arg(long, env = "SKEG_RUN_ID", value_name = "ID", value_parser = text)]
    run_id: Option<String>,
    /// Job inside that run
    #[arg(long, env = "SKEG_JOB", value_name = "NAME", value_parser = text)]
    job: Option<String>,
    /// What it was trained on
    #[arg(
        long,
        env = "SKEG_DATA_ASSET",
        value_name = "NAME:VERSION[=DIGEST]",
        value_parser = asset
    )]
    data_asset: Option<DataAsset>,
    /// Anything else; may be given many times
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
}

// === impl LineageArgs ===

impl LineageArgs {
    /// # Errors
    /// A sentence that names a tag with two values.
    pub(super) fn lineage(&self, around: &Surroundings) -> Result<Lineage, String> {
        let mut tags = BTreeMap::new();
        for (key, value) in &self.tags {
            if tags.insert(key.clone(), value.clone()).is_some() {
                return Err(format!("--tag {key}: is given twice"));
            }
        }
        let found = || around.commit.as_deref().and_then(|commit| text(commit).ok());
        Ok(Lineage {
            git_commit: self.git_commit.clone().or_else(found),
            run_id: self.run_id.clone(),
            job: self.job.clone(),
            training_data: self.data_asset.clone(),
            tags,
            ..Lineage::default()
        })
    }
}

fn text(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > CHARS_MAX || text.chars().any(char::is_control) {
        return Err(format!(
            "must be 1 to {CHARS_MAX} characters, none of them a control character"
        ));
    }
    Ok(text.to_owned())
}

fn asset(typed: &str) -> Result<DataAsset, String> {
    let (asset, digest) = match typed.split_once('=') {
        Some((asset, digest)) => (asset, Some(text(digest)?)),
        None => (typed, None),
    };
    // A data set of Azure ML is named as a model version is.
    let named: ModelRef = asset.parse().map_err(|error: model_loader::Error| error.to_string())?;
    Ok(DataAsset { asset: named.to_string(), digest })
}

fn tag(typed: &str) -> Result<(String, String), String> {
    let (key, value) = typed.split_once('=').ok_or("it has no `=` after its key")?;
    let value = if value.is_empty() { String::new() } else { text(value)? };
    Ok((text(key)?, value))
}
