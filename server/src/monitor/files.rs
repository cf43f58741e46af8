//! This replica's panes files: numbered, put once each, tried again for as long as it takes.
//!
//! A file that was put and whose answer was lost is found there by the next try, under its own
//! number: it counts once. Sums wait in memory meanwhile, and go on adding up: minutes, not rows,
//! are what waiting takes memory for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use collector::{FileWriter, HourPath, Tree};
use drift::pane::encode;
use object_store::path::Path;
use object_store::{Error, ObjectStore, PutMode, PutPayload};

use super::sums::Sums;

/// Most files that wait; more stays in sums.
const WAITING_MAX: usize = 64;
const HOUR_US: i64 = 3_600_000_000;

/// Files of one life.
pub(super) struct Files {
    store: Arc<dyn ObjectStore>,
    replica: String,
    boot: String,
    next: u64,
    waiting: VecDeque<(Path, PutPayload)>,
    /// Whether the last put failed: said once, not each time.
    is_failing: bool,
}

// === impl Files ===

impl Files {
    pub(super) fn new(store: Arc<dyn ObjectStore>, replica: String, boot: String) -> Self {
        Self { store, replica, boot, next: 0, waiting: VecDeque::new(), is_failing: false }
    }

    /// Puts what was counted into the store, as far as the store takes it.
    pub(super) async fn flush(&mut self, sums: &RefCell<Sums>) {
        while self.waiting.len() < WAITING_MAX && self.encode(&mut sums.borrow_mut()) {}
        while let Some((path, payload)) = self.waiting.front() {
            match self.store.put_opts(path, payload.clone(), PutMode::Create.into()).await {
                // There already: by an earlier try.
                Ok(_) | Err(Error::AlreadyExists { .. }) => {
                    self.waiting.pop_front();
                    self.is_failing = false;
                }
                Err(error) => {
                    if !self.is_failing {
                        tracing::warn!(%path, %error, "counters of rows wait for the store");
                    }
                    self.is_failing = true;
                    return;
                }
            }
        }
    }

    /// Makes a file of the first sums; false when there are none.
    fn encode(&mut self, sums: &mut Sums) -> bool {
        let Some(((endpoint, hour), of_hour)) = sums.first() else { return false };
        let (replica, boot) = (self.replica.clone(), self.boot.clone());
        let writer = FileWriter { replica, boot, seq: self.next };
        let path = HourPath::new(Tree::Panes, endpoint, hour * HOUR_US, writer);
        let path = path.map_err(|error| error.to_string());
        let made = path.and_then(|path| {
            let bytes = encode(of_hour).map_err(|error| error.to_string())?;
            Ok((path.object(), bytes.into()))
        });
        match made {
            Ok(file) => {
                self.next += 1;
                self.waiting.push_back(file);
            }
            // Nothing that a next try would change.
            Err(error) => tracing::error!(%endpoint, %error, "counters of rows are lost"),
        }
        sums.forget_first();
        true
    }
}
