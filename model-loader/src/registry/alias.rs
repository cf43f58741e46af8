//! Aliases of a model: names that are moved from version to version, one at a time.
//!
//! Part of `registry`. An alias is one small object, `models/{name}/aliases/{alias}.json`, written
//! by compare-and-swap: of two that move it at once each sees what the other wrote, so `previous`
//! tells the whole way. Refuses an alias to a version that is not registered.

use object_store::{ObjectStoreExt as _, UpdateVersion};
use serde::{Deserialize, Serialize};

use super::path::alias_path;
use super::{Registry, store};
use crate::error::Error;
use crate::name::{ModelRef, Name};
use crate::query::{Alias, ModelQuery};

#[cfg(test)]
mod tests;

/// The most bytes the object of an alias may have.
const BYTES_MAX: u64 = 4096;
/// The most bytes of [`AliasRecord::set_by`].
const SET_BY_MAX: usize = 256;
/// Each failed attempt means that somebody else's succeeded.
const ATTEMPTS: usize = 64;

/// What an alias stands for, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AliasRecord {
    /// The version that it stands for.
    pub version: Name,
    /// The version that it stood for before, if it did.
    pub previous: Option<Name>,
    /// Who moved it; at most 256 bytes, none of them a control character.
    pub set_by: String,
    /// When, RFC 3339.
    pub at: String,
}

/// An alias to be set.
#[derive(Clone, Debug)]
pub struct NewAlias {
    /// The model.
    pub model: Name,
    /// The alias.
    pub alias: Alias,
    /// The version that it shall stand for.
    pub version: Name,
    /// Who says so.
    pub set_by: String,
    /// When, RFC 3339.
    pub at: String,
}

// === impl Registry ===

impl Registry {
    /// The version that is asked for. Whether a version that is named outright is registered is
    /// not looked at.
    ///
    /// # Errors
    /// [`Error::NotRegistered`] for an alias that is not set; [`Error::Manifest`] for one whose
    /// object is not sound; [`Error::Store`].
    pub async fn resolve(&self, query: &ModelQuery) -> Result<ModelRef, Error> {
        let (model, alias) = match query {
            ModelQuery::Version(version) => return Ok(version.clone()),
            ModelQuery::Alias { model, alias } => (model, alias),
        };
        match self.alias(model, alias).await? {
            Some((record, _)) => Ok(ModelRef { model: model.clone(), version: record.version }),
            None => Err(Error::NotRegistered { model: query.clone() }),
        }
    }

    /// Lets an alias stand for a version; the record that was written, or `None` when it did so
    /// already and nothing was written.
    ///
    /// # Errors
    /// [`Error::NotRegistered`] when the version is not; [`Error::Manifest`] when its record, or
    /// that of the alias, is not sound; [`Error::Store`].
    pub async fn set_alias(&self, new: NewAlias) -> Result<Option<AliasRecord>, Error> {
        let NewAlias { model, alias, version, set_by, at } = new;
        self.manifest(&ModelRef { model: model.clone(), version: version.clone() }).await?;
        let path = alias_path(&model, &alias);
        let refused = |reason| Error::Manifest { path: path.to_string(), reason };
        let mut record = AliasRecord { version, previous: None, set_by, at };
        record.check().map_err(refused)?;
        for _ in 0..ATTEMPTS {
            let (there, seen) = self.alias(&model, &alias).await?.unzip();
            if there.as_ref().is_some_and(|there: &AliasRecord| there.version == record.version) {
                return Ok(None);
            }
            record.previous = there.map(|there| there.version);
            let mut json = serde_json::to_vec(&record).map_err(|e| refused(e.to_string()))?;
            json.push(b'\n');
            let written = match seen {
                None => store::create(&*self.store, &path, json.into()).await?,
                Some(seen) => store::replace(&*self.store, &path, json.into(), seen).await?,
            };
            if written {
                return Ok(Some(record));
            }
        }
        Err(refused(format!("it was moved by others {ATTEMPTS} times in a row")))
    }

    /// Takes an alias away; the version that it stood for, `None` when its object was not sound.
    ///
    /// # Errors
    /// [`Error::NotRegistered`] when it was not set; [`Error::Store`].
    pub async fn remove_alias(&self, model: &Name, alias: &Alias) -> Result<Option<Name>, Error> {
        let query = || ModelQuery::Alias { model: model.clone(), alias: alias.clone() };
        let version = match self.alias(model, alias).await {
            Ok(Some((record, _))) => Some(record.version),
            Ok(None) => return Err(Error::NotRegistered { model: query() }),
            Err(Error::Manifest { .. }) => None,
            Err(error) => return Err(error),
        };
        let path = alias_path(model, alias);
        match self.store.delete(&path).await {
            Ok(()) => Ok(version),
            Err(object_store::Error::NotFound { .. }) => {
                Err(Error::NotRegistered { model: query() })
            }
            Err(source) => Err(Error::Store { path: path.to_string(), source }),
        }
    }

    /// An alias and the version of its object.
    pub(super) async fn alias(
        &self,
        model: &Name,
        alias: &Alias,
    ) -> Result<Option<(AliasRecord, UpdateVersion)>, Error> {
        let path = alias_path(model, alias);
        let refused = |reason| Error::Manifest { path: path.to_string(), reason };
        let Some(found) = store::get(&*self.store, &path).await? else {
            return Ok(None);
        };
        let size = found.meta.size;
        if size > BYTES_MAX {
            return Err(refused(format!("it has {size} bytes, at most {BYTES_MAX} are read")));
        }
        let (e_tag, version) = (found.meta.e_tag.clone(), found.meta.version.clone());
        let json = store::bytes(found, &path).await?;
        let record: AliasRecord =
            serde_json::from_slice(&json).map_err(|error| refused(error.to_string()))?;
        record.check().map_err(refused)?;
        Ok(Some((record, UpdateVersion { e_tag, version })))
    }
}

// === impl AliasRecord ===

impl AliasRecord {
    fn check(&self) -> Result<(), String> {
        if self.at.parse::<jiff::Timestamp>().is_err() {
            return Err(format!("at `{}` is not an RFC 3339 time", self.at.escape_debug()));
        }
        if self.set_by.len() > SET_BY_MAX || self.set_by.chars().any(char::is_control) {
            return Err(format!(
                "set_by is longer than {SET_BY_MAX} bytes or has a control character"
            ));
        }
        Ok(())
    }
}
