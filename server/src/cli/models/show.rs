//! `skeg models show`: the record of one version.

use clap::Args;
use model_loader::{Manifest, ModelQuery, Registry, TensorEntry};
use serde_json::json;

use super::list::aliases_of;
use crate::cli::say;
use crate::cli::store::StoreArgs;
use crate::cli::table::plain;
use crate::config::Surroundings;
use crate::failure::Failure;
use crate::runtime;

/// What `skeg models show` takes.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The version, or an alias that stands for it
    #[arg(value_name = "NAME:VERSION|NAME@ALIAS")]
    model: ModelQuery,
    #[command(flatten)]
    store: StoreArgs,
    /// Print JSON: the manifest, and `aliases`
    #[arg(long)]
    json: bool,
}

/// Prints the record.
///
/// # Errors
/// Code 1 when the store cannot be read or there is no such version, 78 for a store that makes no
/// sense.
pub fn run(args: &ShowArgs) -> Result<(), Failure> {
    let store = args.store.open(&Surroundings::read())?;
    let failed = |error: &dyn std::fmt::Display| Failure::new(Failure::FAILED, error);
    let runtime = runtime::new().map_err(|error| failed(&error))?;
    let registry = Registry::new(store);
    let shown = async {
        let model = registry.resolve(&args.model).await?;
        let manifest = registry.manifest(&model).await?;
        let mut found = registry.catalog(Some(&model.model)).await?;
        let listed = found.remove(&model.model).unwrap_or_default();
        let aliases = aliases_of(&listed, &model.version);
        Ok(if args.json {
            let mut json = json!(manifest);
            json["aliases"] = json!(aliases);
            json.to_string()
        } else {
            text(&manifest, &aliases)
        })
    };
    let shown: Result<String, model_loader::Error> = runtime.block_on(shown);
    say(shown.map_err(|error| failed(&error))?);
    Ok(())
}

fn text(manifest: &Manifest, aliases: &[&str]) -> String {
    let mut lines = vec![format!("{}", manifest.model_ref())];
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("  {key:<11} {}", plain(value)));
        }
    };
    line("registered", &manifest.created_at);
    line("digest", &manifest.model_digest);
    line("aliases", &aliases.join(" "));
    manifest.inputs.iter().for_each(|input| line("takes", &tensor(input)));
    manifest.outputs.iter().for_each(|output| line("gives", &tensor(output)));
    for file in &manifest.files {
        line("file", &format!("{} ({} bytes)", file.path, file.size));
    }
    let lineage = &manifest.lineage;
    line("git commit", lineage.git_commit.as_deref().unwrap_or_default());
    line("run", lineage.run_id.as_deref().unwrap_or_default());
    line("job", lineage.job.as_deref().unwrap_or_default());
    if let Some(data) = &lineage.training_data {
        let digest = data.digest.as_deref().map(|digest| format!(" ({digest})"));
        line("trained on", &format!("{}{}", data.asset, digest.unwrap_or_default()));
    }
    lineage.metrics.iter().for_each(|(name, value)| line("metric", &format!("{name}={value}")));
    lineage.tags.iter().for_each(|(key, value)| line("tag", &format!("{key}={value}")));
    lines.join("\n")
}

fn tensor(entry: &TensorEntry) -> String {
    let names =
        if entry.feature_names.is_empty() { &entry.class_labels } else { &entry.feature_names };
    let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
    format!("{} {} {:?}{names}", entry.name, entry.datatype, entry.shape)
}
