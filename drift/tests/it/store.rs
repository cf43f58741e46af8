//! A store in a temporary folder, and rows written to it by the real collector.

use std::sync::Arc;
use std::time::Duration;

use collector::{
    Block, Collector, Config, Kind, Record, Roll, Route, RowSchema, Sampling, Source, Spooling,
    Values,
};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tempfile::TempDir;

/// 2026-01-01T00:00:00Z.
pub(crate) const MIDNIGHT: i64 = 1_767_225_600_000_000;
pub(crate) const HOUR: i64 = 3_600_000_000;

/// Removed when dropped.
#[derive(Debug)]
pub(crate) struct Store {
    _folder: TempDir,
    pub(crate) store: Arc<dyn ObjectStore>,
}

/// Rows of one deployment to write.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) deployment: &'static str,
    pub(crate) version: &'static str,
    /// Input names, without prefix.
    pub(crate) features: Vec<String>,
    /// Row-major.
    pub(crate) values: Vec<f32>,
    /// Event time of the first row, unix microseconds, and the step to the next.
    pub(crate) start: i64,
    pub(crate) step: i64,
}

impl Store {
    pub(crate) fn new() -> Store {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
        Store { _folder: folder, store: Arc::new(store) }
    }

    /// Writes rows as endpoint "fraud" would, in files of at most `roll` rows.
    pub(crate) fn write(&self, rows: &Rows, roll: usize, boot: &str) {
        let config = Config {
            replica: "test".to_owned(),
            boot: boot.to_owned(),
            roll: Roll { rows: roll, bytes: 1 << 24, age: Duration::from_secs(3600) },
            writers: 1,
            spool: Spooling::in_memory(1 << 30),
            azureml: None,
        };
        let collector = Collector::start(config, Arc::clone(&self.store), || MIDNIGHT).unwrap();
        let appender = collector.appender(schema(rows), Sampling::default()).unwrap();
        let mut writer = collector.writer(0).unwrap();
        let chunks = rows.values.chunks(rows.features.len());
        let count = chunks.len() as u64;
        for (i, (row, time_us)) in
            chunks.zip((rows.start..).step_by(rows.step as usize)).enumerate()
        {
            let record = Record {
                request_id: &i.to_string(),
                correlation_id: None,
                trace: None,
                time_us,
                latency_us: 100,
                revision: 1,
                route: Route::default(),
                rows: 1,
                values: &[Values::F32(row), Values::I64(&[0])],
            };
            writer.append(&appender, &record);
        }
        assert_eq!(collector.finish(Duration::from_secs(60)).written, count);
    }
}

fn schema(rows: &Rows) -> Arc<RowSchema> {
    let source = Source {
        endpoint: "fraud".to_owned(),
        deployment: rows.deployment.to_owned(),
        model: "fraud".to_owned(),
        version: rows.version.to_owned(),
        model_digest: "sha256:0".to_owned(),
        baseline: None,
    };
    let inputs = rows.features.iter().map(|name| format!("in.{name}")).collect();
    let blocks = vec![
        Block { kind: Kind::F32, columns: inputs },
        Block { kind: Kind::I64, columns: vec!["out.label".to_owned()] },
    ];
    Arc::new(RowSchema::new(source, blocks).unwrap())
}
