//! The thread that remembers when a lane's oldest request has waited long enough.
//!
//! It runs no model: a thread of the pool that waited for more rows would be missed by the others'
//! requests, and the workers' runtimes keep time in milliseconds only.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

use crate::deployment::Deployment;

/// A time, and whose lane is to be looked at then.
pub(super) type Alarm = (Instant, Arc<Deployment>);

/// Starts the thread "skeg-batch", which calls `due` with each deployment that it is sent, when its
/// time has come. It ends when no sender is left.
///
/// # Errors
/// When the system refuses the thread.
pub(super) fn start(
    now: fn() -> Instant,
    due: impl Fn(Arc<Deployment>) + Send + 'static,
) -> std::io::Result<Sender<Alarm>> {
    let (alarms, set) = unbounded();
    let thread = std::thread::Builder::new().name("skeg-batch".to_owned());
    thread.spawn(move || run(&set, now, due))?;
    Ok(alarms)
}

fn run(set: &Receiver<Alarm>, now: fn() -> Instant, due: impl Fn(Arc<Deployment>)) {
    // Two may fall on the same time: the order they came in tells them apart.
    let mut next: BTreeMap<(Instant, u64), Arc<Deployment>> = BTreeMap::new();
    let mut count = 0;
    loop {
        let alarm = match next.keys().next() {
            None => set.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some((at, _)) => set.recv_deadline(*at),
        };
        match alarm {
            Ok((at, deployment)) => {
                next.insert((at, count), deployment);
                count += 1;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let time = now();
        while let Some(first) = next.first_entry().filter(|first| first.key().0 <= time) {
            due(first.remove());
        }
    }
}
