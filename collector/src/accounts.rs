//! The accounts files: rows of each lane and hour by what became of them, since the batch before.
//!
//! One file for each endpoint and hour that a plan says something of, under [`HourPath`]. Their
//! numbers add up, over batches, lives and replicas; `verify` holds them against the rows files.

use std::collections::BTreeMap;
use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;

use crate::encode::{BATCH, ours};
use crate::error::Error;
use crate::path::{HOUR_US, HourPath, Tree, Writer};
use crate::schema::column;
use crate::spool::cells::Of;
use crate::spool::house::House;
use crate::spool::journal::{Account, Plan};
use crate::spool::lanes::Lane;
use crate::spool::tally::{Count, Tally};

/// Columns beside those that rows files have, too.
pub(crate) mod name {
    /// timestamp(us, UTC): the start of the hour in which the rows came.
    pub(crate) const HOUR: &str = "event_hour";
    /// Text: which replica counted.
    pub(crate) const REPLICA: &str = "replica";
    /// Text: which life of it.
    pub(crate) const BOOT: &str = "boot";
    /// uint64: the batch that said so.
    pub(crate) const BATCH: &str = "batch";
    /// timestamp(us, UTC): when it was planned.
    pub(crate) const COUNTED_AT: &str = "counted_at";
    /// Text: "offered", "sampled_out", "dropped", "spooled", "planned" or "lost".
    pub(crate) const STAGE: &str = "stage";
    /// Text: why, for "dropped" and "lost"; else empty.
    pub(crate) const REASON: &str = "reason";
    /// int64: how many; a correction may be negative.
    pub(crate) const ROWS: &str = "rows";
}

/// What one file says: of one endpoint and hour.
#[derive(Debug)]
pub(crate) struct File {
    endpoint: String,
    hour: u32,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    lane: Arc<Lane>,
    tally: Tally,
}

/// The files that say the accounts of a plan, in the order in which they are numbered. Accounts of
/// a lane that nobody knows are in none.
pub(crate) fn files(house: &House, accounts: &[Account]) -> Vec<File> {
    let mut files: BTreeMap<(String, u32), Vec<Line>> = BTreeMap::new();
    for Account { of: Of { lane, hour }, tally } in accounts {
        if let Some(lane) = house.lanes.get(*lane) {
            let endpoint = lane.schema.source().endpoint.clone();
            files.entry((endpoint, *hour)).or_default().push(Line { lane, tally: *tally });
        }
    }
    let file = |((endpoint, hour), lines)| File { endpoint, hour, lines };
    files.into_iter().map(file).collect()
}

// === impl File ===

impl File {
    /// Whose accounts.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it says.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = Account> {
        let of = |line: &Line| Of { lane: line.lane.number, hour: self.hour };
        self.lines.iter().map(move |line| Account { of: of(line), tally: line.tally })
    }

    /// The file with that number, of the batch of that name, and where it lies.
    ///
    /// # Errors
    /// [`Error::Encode`] should Parquet or Arrow refuse, and those of [`HourPath::new`].
    pub(crate) fn encode(
        &self,
        house: &House,
        plan: &Plan,
        (seq, name): (u64, &str),
    ) -> Result<(Path, Bytes), Error> {
        let writer = Writer { replica: house.replica.clone(), boot: house.boot.clone(), seq };
        let hour_us = i64::from(self.hour) * HOUR_US;
        let path = HourPath::new(Tree::Accounts, &self.endpoint, hour_us, writer)?;
        let failed = |why: String| Error::Encode { of: path.to_string(), why };
        let batch = self.batch(house, plan).map_err(|error| failed(error.to_string()))?;
        let write = || {
            let properties = ours()?.build();
            let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
            writer.write(&batch)?;
            writer.append_key_value_metadata(KeyValue::new(BATCH.to_owned(), name.to_owned()));
            writer.into_inner()
        };
        let bytes = write().map_err(|error| failed(error.to_string()))?;
        Ok((path.object(), bytes.into()))
    }

    fn batch(&self, house: &House, plan: &Plan) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let said = self.lines.iter().flat_map(|line| {
            let counts = Count::ALL.into_iter().map(|count| (count, line.tally[count]));
            counts.filter(|(_, rows)| *rows != 0).map(|(count, rows)| (&line.lane, count, rows))
        });
        let said: Vec<_> = said.collect();
        let rows = said.len();
        let texts = |texts: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
        let same = |text: &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(repeat_n(text, rows)))
        };
        let time = |time: i64| -> ArrayRef {
            let times = TimestampMicrosecondArray::from_iter_values(repeat_n(time, rows));
            Arc::new(times.with_timezone("UTC"))
        };
        let source = |of: fn(&crate::row::Source) -> &str| {
            texts(said.iter().map(|(lane, ..)| of(lane.schema.source())).collect())
        };
        let columns = vec![
            time(i64::from(self.hour) * HOUR_US),
            same(&self.endpoint),
            source(|source| &source.deployment),
            source(|source| &source.model),
            source(|source| &source.version),
            same(&house.replica),
            same(&house.boot),
            Arc::new(UInt64Array::from_iter_values(repeat_n(plan.batch, rows))),
            time(plan.time_us),
            texts(said.iter().map(|(_, count, _)| count.name().0).collect()),
            texts(said.iter().map(|(_, count, _)| count.name().1).collect()),
            Arc::new(Int64Array::from_iter_values(said.iter().map(|(.., rows)| *rows))),
        ];
        RecordBatch::try_new(Arc::new(schema()), columns)
    }
}

fn schema() -> Schema {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let field = |name: &str, kind| Field::new(name, kind, false);
    Schema::new(vec![
        field(name::HOUR, time()),
        field(column::ENDPOINT_NAME, DataType::Utf8),
        field(column::DEPLOYMENT_NAME, DataType::Utf8),
        field(column::MODEL_NAME, DataType::Utf8),
        field(column::MODEL_VERSION, DataType::Utf8),
        field(name::REPLICA, DataType::Utf8),
        field(name::BOOT, DataType::Utf8),
        field(name::BATCH, DataType::UInt64),
        field(name::COUNTED_AT, time()),
        field(name::STAGE, DataType::Utf8),
        field(name::REASON, DataType::Utf8),
        field(name::ROWS, DataType::Int64),
    ])
}
