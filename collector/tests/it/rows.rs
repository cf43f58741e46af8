//! Sample schemas and records, and the rows that a store holds.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Int64Type, TimestampMicrosecondType, UInt32Type};
use collector::read::{self, RowsFile};
use collector::{
    Appender, Block, Collector, Config, Kind, Ledger, Record, Roll, Route, RowSchema, Sampling,
    Source, Spooling, Values, Writer,
};
use object_store::ObjectStore;

/// 2026-11-23 10:15:00 UTC in unix microseconds.
pub(crate) const TIME_US: i64 = 1_795_428_900_000_000;
pub(crate) const HOUR_US: i64 = 3_600_000_000;

/// A collector that writes to `store`.
pub(crate) fn start<S: ObjectStore>(
    config: Config,
    store: &Arc<S>,
    clock: fn() -> i64,
) -> Collector {
    let store = Arc::<S>::clone(store);
    Collector::start(config, store, clock).expect("started")
}

/// A clock that stands still.
pub(crate) fn still() -> i64 {
    TIME_US
}

pub(crate) fn config() -> Config {
    let roll = Roll { rows: 1000, bytes: 1 << 20, age: Duration::from_secs(600) };
    Config {
        replica: "pod-7".to_owned(),
        boot: "b00t".to_owned(),
        roll,
        writers: 8,
        spool: Spooling::in_memory(64 << 20),
        azureml: None,
    }
}

/// One thread's hand, with the rows of one deployment.
pub(crate) struct Hand {
    pub(crate) writer: Writer,
    pub(crate) appender: Appender,
}

impl Hand {
    pub(crate) fn append(&mut self, record: Record<'_>) {
        self.writer.append(&self.appender, &record);
    }
}

/// The hand of the next thread.
pub(crate) fn hand(collector: &Collector, schema: Arc<RowSchema>) -> Hand {
    let writer = (0..8).find_map(|index| collector.writer(index)).expect("a free thread");
    let appender = collector.appender(schema, Sampling::default()).expect("a lane");
    Hand { writer, appender }
}

/// For as long as the tests run.
pub(crate) fn kept<T>(values: Vec<T>) -> &'static [T] {
    Vec::leak(values)
}

pub(crate) fn source(deployment: &str, version: &str) -> Source {
    Source {
        endpoint: "fraud".to_owned(),
        deployment: deployment.to_owned(),
        model: "cards".to_owned(),
        version: version.to_owned(),
        model_digest: format!("sha256:{version}"),
        baseline: Some(format!("baseline:{version}")),
    }
}

/// `in.amount`, `in.age` (F32), `in.country` (text), `out.label` (I64).
pub(crate) fn schema_of(deployment: &str, version: &str) -> Arc<RowSchema> {
    let block = |kind, columns: &[&str]| Block {
        kind,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    };
    let blocks = vec![
        block(Kind::F32, &["in.amount", "in.age"]),
        block(Kind::Text, &["in.country"]),
        block(Kind::I64, &["out.label"]),
    ];
    Arc::new(RowSchema::new(source(deployment, version), blocks).expect("a sound schema"))
}

pub(crate) fn schema() -> Arc<RowSchema> {
    schema_of("green", "1")
}

/// A record of `rows` rows; its values follow from `number`.
pub(crate) fn record(number: usize, rows: usize) -> Record<'static> {
    let amounts = (0..rows).flat_map(|row| [number as f32 + 0.25, row as f32]).collect();
    let values = vec![
        Values::F32(kept(amounts)),
        Values::Text(kept(vec!["NO".to_owned(); rows])),
        Values::I64(kept(vec![number as i64; rows])),
    ];
    Record {
        request_id: String::leak(format!("r-{number}")),
        correlation_id: None,
        trace: None,
        time_us: TIME_US + number as i64,
        latency_us: number as u32,
        revision: 3,
        route: Route::default(),
        rows,
        values: kept(values),
    }
}

/// All files of the endpoint.
pub(crate) fn files(store: &dyn ObjectStore) -> Vec<RowsFile> {
    block_on(read::files(store, "fraud", 0..i64::MAX)).expect("a listing")
}

/// Rows of one file.
pub(crate) fn rows_in(store: &dyn ObjectStore, file: &RowsFile) -> usize {
    let batches = block_on(read::columns(store, &file.path, &[])).expect("a rows file");
    batches.iter().map(RecordBatch::num_rows).sum()
}

/// Every row of the endpoint as (request id, row index, amount, label), sorted.
pub(crate) fn all_rows(store: &dyn ObjectStore) -> Vec<(String, u32, f32, i64)> {
    let mut rows = Vec::new();
    for file in files(store) {
        let names = ["request_id", "row_index", "in.amount", "out.label"];
        let batches = block_on(read::columns(store, &file.path, &names)).expect("a rows file");
        for batch in batches {
            let column = |name: &str| batch.column_by_name(name).expect("asked for");
            let (ids, indexes) = (column("request_id"), column("row_index"));
            let (amounts, labels) = (column("in.amount"), column("out.label"));
            let times = column("event_time");
            let times = times.as_primitive::<TimestampMicrosecondType>();
            for row in 0..batch.num_rows() {
                assert!(file.path.hour_us().contains(&times.value(row)), "hour of {}", file.path);
                rows.push((
                    ids.as_string::<i32>().value(row).to_owned(),
                    indexes.as_primitive::<UInt32Type>().value(row),
                    amounts.as_primitive::<Float32Type>().value(row),
                    labels.as_primitive::<Int64Type>().value(row),
                ));
            }
        }
    }
    rows.sort_by(|a, b| a.partial_cmp(b).expect("no NaN here"));
    rows
}

/// What `all_rows` gives when records `numbers` of `rows` rows each are stored, each once.
pub(crate) fn expected(
    numbers: impl Iterator<Item = usize>,
    rows: usize,
) -> Vec<(String, u32, f32, i64)> {
    let of_record = |number: usize| {
        let row =
            move |row| (format!("r-{number}"), row as u32, number as f32 + 0.25, number as i64);
        (0..rows).map(row)
    };
    let mut rows = numbers.flat_map(of_record).collect::<Vec<_>>();
    rows.sort_by(|a, b| a.partial_cmp(b).expect("no NaN here"));
    rows
}

/// The accounts of the endpoint, once the law was found to hold.
pub(crate) fn lawful(collector: &Collector) -> Ledger {
    let ledgers = collector.ledgers();
    let [(endpoint, ledger)] = ledgers.as_slice() else { panic!("one endpoint: {ledgers:?}") };
    assert_eq!(endpoint, "fraud");
    let taken = ledger.spooled() + ledger.recovered;
    assert_eq!(
        ledger.offered(),
        ledger.sampled_out() + ledger.dropped() + ledger.spooled(),
        "{ledger:?}"
    );
    assert_eq!(taken, ledger.written + ledger.pending() + ledger.lost(), "{ledger:?}");
    assert!(ledger.holds());
    *ledger
}

/// Rows of one stage and reason.
pub(crate) fn counted(collector: &Collector, stage: &str, reason: &str) -> u64 {
    let counters = collector.counters();
    let of = counters.iter().filter(|counted| (counted.stage, counted.reason) == (stage, reason));
    of.map(|counted| counted.rows).sum()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}
