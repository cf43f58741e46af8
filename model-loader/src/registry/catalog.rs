//! What a registry holds: every model with its versions and aliases, from one listing.
//!
//! Part of `registry`; for listings, not for serving.

use std::collections::BTreeMap;

use super::alias::AliasRecord;
use super::path::{self, ModelPath};
use super::{Registry, by_version, store};
use crate::error::Error;
use crate::name::Name;
use crate::query::Alias;

/// A model's versions and aliases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Integers by value, then the others by text; at least one.
    pub versions: Vec<Name>,
    /// What the aliases stand for; an alias whose object is not sound has the reason.
    pub aliases: BTreeMap<Alias, Result<AliasRecord, String>>,
}

// === impl Registry ===

impl Registry {
    /// All models, or the one called `name`; a model without a version is not there.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn catalog(&self, name: Option<&Name>) -> Result<BTreeMap<Name, Listed>, Error> {
        let paths = store::list(&*self.store, &path::root(name)).await?;
        let mut found: BTreeMap<Name, Listed> = BTreeMap::new();
        let mut aliases = Vec::new();
        for path in &paths {
            if let Some(alias) = path::parse_alias(path) {
                aliases.push(alias);
                continue;
            }
            let version = ModelPath::parse(path).and_then(ModelPath::into_manifest_version);
            if let Some(version) = version {
                found.entry(version.model).or_default().versions.push(version.version);
            }
        }
        for listed in found.values_mut() {
            listed.versions.sort_by(by_version);
        }
        for (model, alias) in aliases {
            let Some(listed) = found.get_mut(&model) else {
                continue;
            };
            match self.alias(&model, &alias).await {
                Ok(Some((record, _))) => {
                    listed.aliases.insert(alias, Ok(record));
                }
                // Taken away since the listing.
                Ok(None) => {}
                Err(Error::Manifest { reason, .. }) => {
                    listed.aliases.insert(alias, Err(reason));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The version that a registration without one gets: an integer more than the largest there is,
    /// 1 for the first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn next_version(&self, name: &Name) -> Result<Name, Error> {
        let versions = self.versions(name).await?;
        let numbers = versions.iter().filter_map(|version| version.as_ref().parse::<u64>().ok());
        // A larger number than that is passed over, so there is always one more.
        let last = numbers.filter(|number| *number < u64::MAX).max().unwrap_or(0);
        (last + 1).to_string().parse()
    }
}
