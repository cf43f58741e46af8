//! The lanes of a spool: whose rows an entry's number means, in a file of one JSON line a lane.
//!
//! A lane is made when a deployment is loaded, off the scoring threads, and its line is in the file
//! before any entry has its number.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::privacy::Rules;
use crate::row::{Block, Kind, Source};
use crate::schema::RowSchema;

#[cfg(test)]
mod tests;

/// Most bytes of a file of lanes that is read.
const MAX_BYTES: u64 = 1 << 28;

/// Whose rows.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) number: u32,
    pub(crate) schema: Arc<RowSchema>,
    /// How many requests one that is kept stands for: the inverse of the sampling rate.
    pub(crate) sampled_weight: f64,
}

/// All lanes of a spool's life, in the order of their numbers.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Where they are kept; a spool in memory keeps them nowhere.
    path: Option<PathBuf>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    file: Option<File>,
    lanes: Vec<Arc<Lane>>,
}

/// A lane's line. Kinds have the names of their columns' types.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    lane: u32,
    endpoint: String,
    deployment: String,
    model: String,
    version: String,
    model_digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<String>,
    sampled_weight: f64,
    blocks: Vec<(String, Vec<String>)>,
    /// Never the key.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    privacy: Rules,
}

// === impl Lanes ===

impl Lanes {
    /// No lanes yet, to be kept in a new file at `path`, or nowhere.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn create(path: Option<PathBuf>) -> io::Result<Self> {
        let make = |path: &PathBuf| OpenOptions::new().append(true).create_new(true).open(path);
        let file = path.as_ref().map(make).transpose()?;
        Ok(Self { path, known: Mutex::new(Known { file, lanes: Vec::new() }) })
    }

    /// The lanes that another process has left; a line that is none ends them, and is told of.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let size = std::fs::metadata(path)?.len();
        if size > MAX_BYTES {
            let why = format!("{size} bytes, more than the {MAX_BYTES} of a file of lanes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        let mut lanes = Vec::new();
        for line in text.lines() {
            match lane(line, lanes.len()) {
                Ok(lane) => lanes.push(Arc::new(lane)),
                Err(why) => {
                    let (path, line) = (path.display(), lanes.len() + 1);
                    tracing::error!(%path, line, why, "the lanes of a spool end here");
                    break;
                }
            }
        }
        let path = Some(path.to_owned());
        Ok(Self { path, known: Mutex::new(Known { file: None, lanes }) })
    }

    /// The lane of that schema and weight, made if there is none.
    ///
    /// # Errors
    /// [`Error::Spool`] when its line cannot be written.
    pub(crate) fn of(
        &self,
        schema: Arc<RowSchema>,
        sampled_weight: f64,
    ) -> Result<Arc<Lane>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |lane: &&Arc<Lane>| {
            let same = lane.schema.id() == schema.id() && lane.schema.key() == schema.key();
            same && lane.sampled_weight == sampled_weight
        };
        if let Some(lane) = known.lanes.iter().find(same) {
            return Ok(Arc::clone(lane));
        }
        let failed = |source: io::Error| Error::Spool {
            path: self.path.clone().unwrap_or_default(),
            source,
        };
        let number = u32::try_from(known.lanes.len()).map_err(io::Error::other).map_err(failed)?;
        let lane = Lane { number, schema, sampled_weight };
        if let Some(file) = &mut known.file {
            let mut line =
                serde_json::to_vec(&Line::of(&lane)).map_err(io::Error::other).map_err(failed)?;
            line.push(b'\n');
            let before = file.metadata().map_err(failed)?.len();
            if let Err(error) = file.write_all(&line) {
                // A line in part would end the lanes for who reads them.
                file.set_len(before).map_err(failed)?;
                return Err(failed(error));
            }
        }
        let lane = Arc::new(lane);
        known.lanes.push(Arc::clone(&lane));
        Ok(lane)
    }

    /// Whose rows there may be.
    pub(crate) fn endpoints(&self) -> BTreeSet<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.lanes.iter().map(|lane| lane.schema.source().endpoint.clone()).collect()
    }

    /// The lane of that number.
    pub(crate) fn get(&self, number: u32) -> Option<Arc<Lane>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.lanes.get(usize::try_from(number).ok()?).cloned()
    }
}

impl Line {
    fn of(lane: &Lane) -> Self {
        let Source { endpoint, deployment, model, version, model_digest, baseline } =
            lane.schema.source().clone();
        let blocks = lane.schema.blocks().iter();
        let blocks = blocks.map(|block| (block.kind.name().to_owned(), block.columns.clone()));
        let blocks = blocks.collect();
        let privacy = lane.schema.rules().cloned().unwrap_or_default();
        let (lane, sampled_weight) = (lane.number, lane.sampled_weight);
        Self {
            lane,
            endpoint,
            deployment,
            model,
            version,
            model_digest,
            baseline,
            sampled_weight,
            blocks,
            privacy,
        }
    }
}

/// The lane of a line, which must be number `place`.
fn lane(line: &str, place: usize) -> Result<Lane, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let Line { lane, endpoint, deployment, model, version, model_digest, baseline, .. } = line;
    if usize::try_from(lane) != Ok(place) {
        return Err(format!("lane {lane} in the place of {place}"));
    }
    let block = |(kind, columns): (String, Vec<String>)| {
        let kind = Kind::named(&kind).ok_or_else(|| format!("`{kind}` is no type of a column"))?;
        Ok::<_, String>(Block { kind, columns })
    };
    let blocks = line.blocks.into_iter().map(block).collect::<Result<_, _>>()?;
    let source = Source { endpoint, deployment, model, version, model_digest, baseline };
    let schema =
        RowSchema::left(source, blocks, line.privacy).map_err(|error| error.to_string())?;
    Ok(Lane { number: lane, schema: Arc::new(schema), sampled_weight: line.sampled_weight })
}
