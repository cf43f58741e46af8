//! The last reports: in the store for people and other replicas, in memory for scrapes.
//!
//! `reports/v1/endpoint=E/latest.json` and `.html` are replaced at each look; those of
//! `{window_end}` are kept when
//! the verdict changes, when somebody is told of it, and once an hour.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use drift::{Report, Verdict};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

const HOUR_US: i64 = 3_600_000_000;

/// Where the report of a window lies; the last one is that of "latest".
pub fn report_path(endpoint: &str, window_end: &str, form: &str) -> Path {
    Path::from(format!("reports/v1/endpoint={endpoint}/{window_end}.{form}"))
}

/// What others may see of this replica's looks.
#[derive(Debug, Default)]
pub struct Seen {
    reports: ArcSwap<BTreeMap<String, Arc<Report>>>,
    looks: AtomicU64,
    failures: AtomicU64,
    lost_panes: AtomicU64,
}

/// Which reports are in the store.
pub(super) struct Kept {
    store: Arc<dyn ObjectStore>,
    /// The verdict and the hour of the last one that was kept, by endpoint.
    last: BTreeMap<String, (Verdict, i64)>,
}

// === impl Seen ===

impl Seen {
    /// The last report of each endpoint, while this replica is the one that looks.
    pub fn reports(&self) -> Arc<BTreeMap<String, Arc<Report>>> {
        self.reports.load_full()
    }

    /// Looks so far, and those of them that failed.
    pub fn looks(&self) -> (u64, u64) {
        (self.looks.load(Ordering::Relaxed), self.failures.load(Ordering::Relaxed))
    }

    /// Panes that there was no room for while the store was away.
    pub fn lost_panes(&self) -> u64 {
        self.lost_panes.load(Ordering::Relaxed)
    }

    pub(super) fn lost_pane(&self) {
        if self.lost_panes.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!("counters of rows are lost: the store has been away for too long");
        }
    }

    /// Forgets the reports of other endpoints.
    pub(super) fn keep_only(&self, is_watched: impl Fn(&str) -> bool) {
        if self.reports.load().keys().all(|name| is_watched(name)) {
            return;
        }
        let mut reports = BTreeMap::clone(&self.reports.load());
        reports.retain(|name, _| is_watched(name));
        self.reports.store(Arc::new(reports));
    }

    pub(super) fn look(&self, report: Report) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let mut reports = BTreeMap::clone(&self.reports.load());
        reports.insert(report.endpoint.clone(), Arc::new(report));
        self.reports.store(Arc::new(reports));
    }

    pub(super) fn failed(&self, endpoint: &str) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.failures.fetch_add(1, Ordering::Relaxed);
        // An old verdict must not pass for a new one.
        let mut reports = BTreeMap::clone(&self.reports.load());
        if reports.remove(endpoint).is_some() {
            self.reports.store(Arc::new(reports));
        }
    }

    pub(super) fn clear(&self) {
        if !self.reports.load().is_empty() {
            self.reports.store(Arc::default());
        }
    }
}

// === impl Kept ===

impl Kept {
    pub(super) fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, last: BTreeMap::new() }
    }

    /// Puts a report into the store; one that somebody is told of is kept under its own name, too.
    ///
    /// # Errors
    /// The store's words.
    pub(super) async fn keep(
        &mut self,
        report: &Report,
        now_us: i64,
        is_told: bool,
    ) -> Result<(), String> {
        let now = (report.verdict, now_us.div_euclid(HOUR_US));
        let is_kept = self.last.get(&report.endpoint) == Some(&now);
        let own = (is_told || !is_kept).then_some(report.window.end.as_str());
        let names = [Some("latest"), own];
        for name in names.into_iter().flatten() {
            for (form, text) in [("json", report.to_json()), ("html", report.to_html())] {
                let path = report_path(&report.endpoint, name, form);
                let put = self.store.put(&path, text.into()).await;
                put.map_err(|error| error.to_string())?;
            }
        }
        self.last.insert(report.endpoint.clone(), now);
        Ok(())
    }
}
