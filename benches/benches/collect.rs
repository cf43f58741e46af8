//! What does a request pay to have its row collected?
//!
//! `Writer::append` of a row of 30 floats in, a label and two probabilities out and a 36-byte id,
//! in bursts: 1,024 rows find the sink at rest, 32,768 keep it at work beside the appending
//! thread. Rows go to a spool on the disk of the system's temporary files. Between bursts the sink
//! writes everything to a store in memory, so that no row is timed as a quick drop; what was
//! dropped is printed at the end. The peer is `sync_channel`'s `try_send` of the borrowed record,
//! which copies none of its values, to a thread that throws it away.
//!
//! Then what the collector's threads make of them: rows to Parquet a second of their time on a
//! core, from segments made to files put, and bytes of a row there. Its peer is the crate `parquet`
//! on arrays of the same floats that are ready, with the same compression and its other defaults.

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use benches::example::Example;
use benches::summary::median;
use collector::{Appender, Block, Collector, Config, Kind, Ledger, Record, Roll, Route};
use collector::{RowSchema, Sampling, Source, Spooling, Values, Writer};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode};
use object_store::memory::InMemory;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use rustix::time::{ClockId, clock_gettime};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A burst must fit.
const SPOOL_BYTES: usize = 256 << 20;
const BURSTS: [usize; 2] = [1024, 32_768];

/// Of each, to be timed.
const FILES: usize = 31;

/// Floats of a row.
const FEATURES: usize = 30;

/// Noon of 2026-01-01 UTC: all rows are of one hour, so a burst is one file.
const TIME_US: i64 = 1_767_268_800_000_000;

fn main() -> io::Result<()> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .sample_size(20)
        .configure_from_args();
    let example = Example::read();
    let (mut ledgers, mut last) = (Vec::new(), Vec::new());
    let mut group = criterion.benchmark_group("collect, per row");
    group.sampling_mode(SamplingMode::Flat);
    for burst in BURSTS {
        let records = records(&example, burst);
        ledgers.push(appended(&mut group, &records));
        sent(&mut group, &records);
        last = records;
    }
    group.finish();
    criterion.final_summary();

    let mut out = io::stdout().lock();
    for (burst, ledger) in BURSTS.iter().zip(ledgers) {
        let (offered, written) = (ledger.offered(), ledger.written);
        let (dropped, lost) = (ledger.dropped(), ledger.lost());
        write!(out, "bursts of {burst}: {offered} offered, {written} written, ")?;
        writeln!(out, "{dropped} dropped, {lost} lost")?;
    }
    write_files(&mut out, &last)
}

/// What the sink makes of rows, beside the crate that it uses: they take turns, a file each.
fn write_files(out: &mut impl Write, records: &[Record<'static>]) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let (collector, mut writer, appender) = start(records.len(), folder.path());
    let columns = arrays(records);
    let (mut ours, mut theirs, mut bytes) = (Vec::new(), Vec::new(), 0);
    let per_row = |time: Duration| time.as_secs_f64() / records.len() as f64;
    for _ in 0..FILES {
        let before = sink_time();
        records.iter().for_each(|record| writer.append(&appender, record));
        while ledger(&collector).pending() > 0 {
            // Nobody signals it, and a core that is kept busy would slow what is timed.
            thread::park_timeout(Duration::from_millis(1));
        }
        ours.push(per_row(sink_time() - before));
        let start = Instant::now();
        bytes += floats(&columns).map_err(io::Error::other)?;
        theirs.push(per_row(start.elapsed()));
    }
    let rows = FILES * records.len();
    let [_, put, ..] = collector.puts();
    collector.finish(Duration::from_secs(10));
    let ratio = median(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs));
    writeln!(out, "| {rows} rows in {FILES} files | rows/s of a core | us/row | bytes/row |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    for (name, seconds, bytes) in [
        ("sink, all columns", median(ours), put as f64),
        ("parquet, the floats", median(theirs), bytes as f64),
    ] {
        let (rate, us, bytes) = (seconds.recip(), seconds * 1e6, bytes / rows as f64);
        writeln!(out, "| {name} | {rate:.0} | {us:.2} | {bytes:.1} |")?;
    }
    writeln!(out, "sink / parquet, median of the pairs: time of a row {ratio:.2}")
}

/// Time on a core of all threads but this one: those that make segments and files.
fn sink_time() -> Duration {
    let time = |clock| Duration::try_from(clock_gettime(clock)).expect("a time since the start");
    time(ClockId::ProcessCPUTime).saturating_sub(time(ClockId::ThreadCPUTime))
}

/// The inputs, a column each.
fn arrays(records: &[Record<'static>]) -> RecordBatch {
    let column = |at: usize| -> ArrayRef {
        let value = |record: &Record<'static>| match &record.values[0] {
            Values::F32(row) => row[at],
            _ => f32::NAN,
        };
        Arc::new(records.iter().map(value).collect::<Float32Array>())
    };
    let columns = (0..FEATURES).map(|at| (format!("in.{at}"), column(at)));
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

/// Bytes of a file of them.
fn floats(columns: &RecordBatch) -> Result<usize, parquet::errors::ParquetError> {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(1)?);
    let properties = WriterProperties::builder().set_compression(zstd).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), columns.schema(), Some(properties))?;
    writer.write(columns)?;
    Ok(writer.into_inner()?.len())
}

/// Times appending bursts of `records`; gives the collector's accounts.
fn appended(group: &mut BenchmarkGroup<'_, WallTime>, records: &[Record<'static>]) -> Ledger {
    let folder = tempfile::tempdir().expect("a folder");
    let (collector, mut writer, appender) = start(records.len(), folder.path());
    group.bench_function(BenchmarkId::new("append", records.len()), |bencher| {
        bencher.iter_custom(|bursts| {
            let timed = (0..bursts).map(|_| {
                let start = Instant::now();
                records.iter().for_each(|record| writer.append(&appender, record));
                let elapsed = start.elapsed();
                wait_until_written(&collector);
                elapsed
            });
            per_row(timed.sum(), records.len())
        });
    });
    collector.finish(Duration::from_secs(10));
    ledger(&collector)
}

/// The same through the standard library's bounded channel.
fn sent(group: &mut BenchmarkGroup<'_, WallTime>, records: &[Record<'static>]) {
    group.bench_function(BenchmarkId::new("sync_channel", records.len()), |bencher| {
        bencher.iter_custom(|bursts| {
            let timed = (0..bursts).map(|_| {
                let burst = records.to_vec();
                let (sender, receiver) = sync_channel::<Record<'static>>(records.len());
                thread::scope(|threads| {
                    threads.spawn(move || receiver.into_iter().for_each(drop));
                    let start = Instant::now();
                    for record in burst {
                        sender.try_send(record).expect("a burst fits the channel");
                    }
                    let elapsed = start.elapsed();
                    drop(sender);
                    elapsed
                })
            });
            per_row(timed.sum(), records.len())
        });
    });
}

fn per_row(sum: Duration, rows: usize) -> Duration {
    Duration::from_nanos((sum.as_nanos() / rows as u128) as u64)
}

/// The hour of the rows goes on.
fn now_us() -> i64 {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    TIME_US + BEGUN.get_or_init(Instant::now).elapsed().as_micros() as i64
}

/// A collector whose files hold `rows` rows: each burst is a file of its own.
fn start(rows: usize, folder: &Path) -> (Collector, Writer, Appender) {
    // A burst of which rows were dropped fills no file: its age closes it.
    let roll = Roll { rows, bytes: SPOOL_BYTES, age: Duration::from_secs(2) };
    let config = Config {
        replica: "bench".to_owned(),
        boot: "0".to_owned(),
        roll,
        writers: 1,
        spool: Spooling {
            folder: Some(folder.to_owned()),
            store: String::new(),
            bytes: SPOOL_BYTES,
            age: Duration::from_hours(1),
        },
        azureml: None,
    };
    let collector = Collector::start(config, Arc::new(InMemory::new()), now_us);
    let collector = collector.expect("the settings are in range");
    let columns = |side: &str, count| (0..count).map(|at| format!("{side}.{at}")).collect();
    let blocks = vec![
        Block { kind: Kind::F32, columns: columns("in", FEATURES) },
        Block { kind: Kind::I64, columns: columns("out.label", 1) },
        Block { kind: Kind::F32, columns: columns("out.probabilities", 2) },
    ];
    let source = Source {
        endpoint: "fraud".to_owned(),
        deployment: "green".to_owned(),
        model: "fraud".to_owned(),
        version: "1".to_owned(),
        model_digest: "0".repeat(64),
        baseline: None,
    };
    let schema = RowSchema::new(source, blocks).expect("the columns make a schema");
    let appender = collector.appender(Arc::new(schema), Sampling::default()).expect("a lane");
    let writer = collector.writer(0).expect("the only one");
    (collector, writer, appender)
}

/// Records that live as long as the bench.
fn records(example: &Example, count: usize) -> Vec<Record<'static>> {
    // The example's rows are shorter: a row goes on with the next one's beginning. They are few:
    // in a bit of noise no two values are equal, as none are where measures are taken.
    let next = example.turns(1).cycle().skip(1);
    let rows = example.turns(1).zip(&example.v1).cycle().zip(next).take(count);
    let mut noise = fastrand::Rng::with_seed(1);
    let wide = |((row, p), next): ((&[f32], &f32), &[f32])| {
        let values = row.iter().chain(next).take(FEATURES);
        let values: Vec<f32> = values.map(|value| value * (1.0 + noise.f32() / 100.0)).collect();
        (values, p * (1.0 - noise.f32() / 100.0))
    };
    let record = |(number, (row, p)): (usize, (Vec<f32>, f32))| Record {
        request_id: String::leak(format!("01b7a1de-0000-7000-8000-{number:012}")),
        correlation_id: None,
        trace: None,
        route: Route::default(),
        time_us: TIME_US + number as i64,
        latency_us: 20,
        revision: 1,
        rows: 1,
        values: Vec::leak(vec![
            Values::F32(Vec::leak(row)),
            Values::I64(Vec::leak(vec![i64::from(p > 0.5)])),
            Values::F32(Vec::leak(vec![1.0 - p, p])),
        ]),
    };
    rows.map(wide).enumerate().map(record).collect()
}

/// Waits, untimed, for the file of this burst.
fn wait_until_written(collector: &Collector) {
    while ledger(collector).pending() > 0 {
        thread::yield_now();
    }
}

fn ledger(collector: &Collector) -> Ledger {
    collector.ledgers().pop().map(|(_, ledger)| ledger).unwrap_or_default()
}
