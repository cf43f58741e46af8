//! The frozen physical schema of one model version's rows at one deployment.
//!
//! Made by the server from a signature, once, when a deployment is loaded. Refuses blocks that make
//! no sound table: none at all, an empty block, an empty, repeated or reserved column name, more
//! than [`MAX_COLUMNS`] columns.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::path::check_name;
use crate::privacy::{Cover, HashKey, PRIVACY, Rule, Rules};
use crate::row::{Block, Kind, Record, Source};

#[cfg(test)]
pub(crate) mod tests;

/// Most columns that the blocks of one schema may have together.
const MAX_COLUMNS: usize = 4096;

/// Longest column name, bytes.
const MAX_COLUMN_NAME: usize = 512;

/// Names of the columns that every rows file starts with.
pub mod column {
    /// Text: the row's own name, a UUID of version 7.
    pub const EVENT_ID: &str = "event_id";
    /// Text: the request's id; many rows may share it.
    pub const REQUEST_ID: &str = "request_id";
    /// Text or null: the client's name for what the request belongs to.
    pub const CORRELATION_ID: &str = "correlation_id";
    /// Text or null: the trace that the request was part of, 32 hexadecimal digits.
    pub const TRACE_ID: &str = "trace_id";
    /// uint32: the row's place in its request.
    pub const ROW_INDEX: &str = "row_index";
    /// timestamp(us, UTC): when the request came.
    pub const EVENT_TIME: &str = "event_time";
    /// timestamp(us, UTC): when the row's file was begun.
    pub const RECEIVED_AT: &str = "received_at";
    /// uint16: what the client was answered; 200, as others have no row.
    pub const STATUS: &str = "status";
    /// uint32: how long the score took, microseconds.
    pub const LATENCY_US: &str = "latency_us";
    /// uint64: the endpoint's revision.
    pub const REVISION: &str = "revision";
    /// float32: the deployment's share of the endpoint's traffic then, percent.
    pub const ROUTE_WEIGHT: &str = "route_weight";
    /// bool: the client named the deployment or the version.
    pub const ROUTE_NAMED: &str = "route_named";
    /// uint64 or null: hash of the key that kept the client at its deployment.
    pub const STICKY_HASH: &str = "sticky_hash";
    /// float64: how many requests the request stands for; the inverse of the sampling rate.
    pub const SAMPLED_WEIGHT: &str = "sampled_weight";
    // The next names differ on purpose from the path's hive keys (endpoint, deployment, model,
    // version): pyarrow's and pandas' dataset readers infer `version=1` as an integer, and refuse
    // a tree in which the files have a text column of the same name.
    /// Text: the endpoint.
    pub const ENDPOINT_NAME: &str = "endpoint_name";
    /// Text: the deployment.
    pub const DEPLOYMENT_NAME: &str = "deployment_name";
    /// Text: the model.
    pub const MODEL_NAME: &str = "model_name";
    /// Text: the model's version.
    pub const MODEL_VERSION: &str = "model_version";
    /// Text: the model's digest.
    pub const MODEL_DIGEST: &str = "model_digest";
}

/// The path's hive keys: no column of a file may have such a name.
const HIVE_KEYS: [&str; 6] = ["endpoint", "deployment", "model", "version", "date", "hour"];

/// Columns of the rows of one source; immutable, shared by all its appenders.
#[derive(Debug)]
pub struct RowSchema {
    source: Source,
    blocks: Vec<Block>,
    /// What becomes of them on their way to a disk; none when they stay as they are.
    cover: Option<Box<Cover>>,
    arrow: SchemaRef,
    /// SHA-256 over the physical columns and their rules.
    hash: String,
    id: SchemaId,
}

/// Equal for schemas whose rows may share a file: same source, same columns in the same blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SchemaId([u8; 32]);

// === impl RowSchema ===

impl RowSchema {
    /// Freezes the schema of `source`'s rows: the fixed columns of [`mod@column`], then the
    /// blocks'.
    ///
    /// # Errors
    /// [`Error::Name`] for a source that cannot stand in a path, [`Error::Schema`] for no block, a
    /// block without columns, an empty, overlong, repeated or reserved column name, or over 4096
    /// columns.
    pub fn new(source: Source, blocks: Vec<Block>) -> Result<RowSchema, Error> {
        Self::left(source, blocks, Rules::new())
    }

    /// The same, and what `rules` say of some columns happens to their values before they are
    /// stored. `key` is that of the hashes.
    ///
    /// # Errors
    /// As [`RowSchema::new`], and [`Error::Schema`] for a rule whose column is not there or holds
    /// what it cannot be applied to, or for hashes without a key.
    pub fn with_privacy(
        source: Source,
        blocks: Vec<Block>,
        rules: Rules,
        key: Option<HashKey>,
    ) -> Result<RowSchema, Error> {
        let hashed = rules.iter().find(|(_, rule)| **rule == Rule::Hash);
        if let (Some((name, _)), None) = (hashed, &key) {
            let why = format!("column `{name}` is hashed, and there is no key");
            return Err(Error::Schema { of: label(&source), why });
        }
        Self::covered(source, blocks, rules, key)
    }

    /// The schema of rows that are stored already, which needs no key.
    pub(crate) fn left(
        source: Source,
        blocks: Vec<Block>,
        rules: Rules,
    ) -> Result<RowSchema, Error> {
        Self::covered(source, blocks, rules, None)
    }

    fn covered(
        source: Source,
        blocks: Vec<Block>,
        rules: Rules,
        key: Option<HashKey>,
    ) -> Result<RowSchema, Error> {
        check_name("endpoint", &source.endpoint)?;
        check_name("deployment", &source.deployment)?;
        check_name("model", &source.model)?;
        check_name("version", &source.version)?;
        let wrong = |why| Error::Schema { of: label(&source), why };
        check_columns(&blocks).map_err(wrong)?;
        let own = blocks.iter().flat_map(|block| {
            block.columns.iter().map(|name| field(name, block.kind, rules.get(name)))
        });
        let arrow = Arc::new(Schema::new(fixed().into_iter().chain(own).collect::<Vec<_>>()));
        let hash = hash(&arrow, &rules);
        let id = id(&source, &blocks, &hash);
        let is_bare = rules.is_empty();
        let cover = (!is_bare).then(|| Cover::new(&blocks, rules, key)).transpose();
        let cover = cover.map_err(wrong)?.map(Box::new);
        Ok(RowSchema { source, blocks, cover, arrow, hash, id })
    }

    /// Who scores these rows.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The tensors' columns, in order.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// What becomes of the values on their way to a disk, if anything does.
    pub(crate) fn cover(&self) -> Option<&Cover> {
        self.cover.as_deref()
    }

    /// The rules of its columns, if there are any.
    pub fn rules(&self) -> Option<&Rules> {
        self.cover().map(Cover::rules)
    }

    /// The key of its hashes.
    pub(crate) fn key(&self) -> Option<&HashKey> {
        self.cover().and_then(Cover::key)
    }

    /// The blocks as they are in the spool.
    pub(crate) fn stored(&self) -> &[Block] {
        self.cover().map_or(&self.blocks, Cover::stored)
    }

    /// The physical schema: every file of this schema has exactly these columns.
    pub fn arrow(&self) -> &SchemaRef {
        &self.arrow
    }

    /// SHA-256 of names, types and rules of the physical columns, hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    pub(crate) fn id(&self) -> SchemaId {
        self.id
    }

    /// `endpoint/deployment/model:version`, for messages.
    pub(crate) fn label(&self) -> String {
        label(&self.source)
    }

    /// Whether the record has one value per block, row and column, of the block's kind.
    pub(crate) fn fits(&self, record: &Record<'_>) -> bool {
        let short = |name: &str| u16::try_from(name.len()).is_ok();
        u32::try_from(record.rows).is_ok()
            && short(record.request_id)
            && record.correlation_id.is_none_or(short)
            && record.values.len() == self.blocks.len()
            && record.values.iter().zip(&self.blocks).all(|(values, block)| {
                values.kind() == block.kind
                    && block.columns.len().checked_mul(record.rows) == Some(values.len())
            })
    }
}

/// The fixed columns.
fn fixed() -> Vec<Field> {
    use DataType::{Boolean, Float32, Float64, Timestamp, UInt16, UInt32, UInt64, Utf8};
    let time = || Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let [always, maybe] =
        [false, true].map(|null| move |name: &str, kind| Field::new(name, kind, null));
    vec![
        always(column::EVENT_ID, Utf8),
        always(column::REQUEST_ID, Utf8),
        maybe(column::CORRELATION_ID, Utf8),
        maybe(column::TRACE_ID, Utf8),
        always(column::ROW_INDEX, UInt32),
        always(column::EVENT_TIME, time()),
        always(column::RECEIVED_AT, time()),
        always(column::STATUS, UInt16),
        always(column::LATENCY_US, UInt32),
        always(column::REVISION, UInt64),
        always(column::ROUTE_WEIGHT, Float32),
        always(column::ROUTE_NAMED, Boolean),
        maybe(column::STICKY_HASH, UInt64),
        always(column::SAMPLED_WEIGHT, Float64),
        always(column::ENDPOINT_NAME, Utf8),
        always(column::DEPLOYMENT_NAME, Utf8),
        always(column::MODEL_NAME, Utf8),
        always(column::MODEL_VERSION, Utf8),
        always(column::MODEL_DIGEST, Utf8),
    ]
}

fn check_columns(blocks: &[Block]) -> Result<(), String> {
    let total = blocks.iter().map(|block| block.columns.len()).sum::<usize>();
    if total > MAX_COLUMNS {
        return Err(format!("{total} columns, at most {MAX_COLUMNS}"));
    }
    let fixed = fixed();
    let mut seen = HIVE_KEYS.into_iter().collect::<HashSet<_>>();
    seen.extend(fixed.iter().map(|field| field.name().as_str()));
    for (place, block) in blocks.iter().enumerate() {
        if block.columns.is_empty() {
            return Err(format!("block {place} has no columns"));
        }
        for name in &block.columns {
            check_column(name, &mut seen)?;
        }
    }
    Ok(())
}

fn check_column<'a>(name: &'a str, seen: &mut HashSet<&'a str>) -> Result<(), String> {
    if name.is_empty() {
        return Err("an empty column name".to_owned());
    }
    if name.len() > MAX_COLUMN_NAME {
        let start = name.chars().take(32).collect::<String>();
        return Err(format!("column `{start}...` has a name over {MAX_COLUMN_NAME} bytes"));
    }
    if seen.insert(name) { Ok(()) } else { Err(format!("column `{name}` is repeated or reserved")) }
}

fn label(source: &Source) -> String {
    let Source { endpoint, deployment, model, version, .. } = source;
    format!("{endpoint}/{deployment}/{model}:{version}")
}

/// A tensor's column, under its rule.
fn field(name: &str, kind: Kind, rule: Option<&Rule>) -> Field {
    let Some(rule) = rule else { return Field::new(name, kind.arrow(), false) };
    let kind = if *rule == Rule::Hash { Kind::Text } else { kind };
    let told = HashMap::from([(PRIVACY.to_owned(), rule.json())]);
    Field::new(name, kind.arrow(), rule.is_nullable()).with_metadata(told)
}

/// Over a line a column: `LENGTH:NAME<tab>TYPE`, the length so that no two lists share a text; and
/// `<tab>RULE` where there is one.
fn hash(arrow: &Schema, rules: &Rules) -> String {
    let mut text = String::new();
    for field in arrow.fields() {
        let (name, kind) = (field.name(), type_name(field.data_type()));
        let rule = rules.get(name).map(|rule| format!("\t{}", rule.json())).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}:{name}\t{kind}{rule}", name.len());
    }
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Our own names: the hash may not change when Arrow spells a type otherwise.
fn type_name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "bool",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Timestamp(..) => "timestamp[us, UTC]",
        // No other type is in a schema of ours.
        _ => "string",
    }
}

fn id(source: &Source, blocks: &[Block], hash: &str) -> SchemaId {
    // The baseline is one of the files that the model's digest is of.
    let Source { endpoint, deployment, model, version, model_digest, baseline: _ } = source;
    // The names hold no `/`; the digest, which may, comes last.
    let widths: Vec<usize> = blocks.iter().map(|block| block.columns.len()).collect();
    let text =
        format!("{hash}/{widths:?}/{endpoint}/{deployment}/{model}/{version}/{model_digest}");
    SchemaId(Sha256::digest(text).into())
}

impl Block {
    /// Whether the values are floating-point numbers.
    pub(crate) fn is_float(&self) -> bool {
        matches!(self.kind, Kind::F32 | Kind::F64)
    }
}
