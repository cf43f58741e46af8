//! Threads that run models on what comes through a queue, each with sessions of its own.
//!
//! The pool's and the mirror's. A thread takes one task after the other, and between two of them
//! lets go of the deployments that are gone, so that the keeper can free their models.

use std::sync::Arc;

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::endpoint::Endpoints;
use crate::sessions::Sessions;

/// The threads' bells. They end when it is dropped, or the queue's other end is.
#[derive(Debug)]
pub struct Crew {
    /// Tells a thread, one each, that the snapshot has changed.
    bells: Vec<Sender<()>>,
    endpoints: Arc<ArcSwap<Endpoints>>,
}

// === impl Crew ===

impl Crew {
    /// Nobody yet, serving these endpoints.
    pub fn new(endpoints: &Arc<ArcSwap<Endpoints>>) -> Self {
        Self { bells: Vec::new(), endpoints: Arc::clone(endpoints) }
    }

    /// Starts one more thread, which runs `first` and then `run` on every task that it takes.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn hire<T: Send + 'static>(
        &mut self,
        name: &str,
        tasks: &Receiver<T>,
        first: fn(),
        mut run: impl FnMut(T, &mut Sessions) + Send + 'static,
    ) -> std::io::Result<()> {
        let (bell, rung) = bounded(1);
        let (tasks, endpoints) = (tasks.clone(), Arc::clone(&self.endpoints));
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            first();
            work(&tasks, &rung, &endpoints, &mut run);
        })?;
        self.bells.push(bell);
        Ok(())
    }

    /// Has every thread close its sessions with deployments that are gone.
    pub fn changed(&self) {
        for bell in &self.bells {
            // When it is full, the thread has yet to look.
            let _ = bell.try_send(());
        }
    }
}

fn work<T>(
    tasks: &Receiver<T>,
    rung: &Receiver<()>,
    endpoints: &ArcSwap<Endpoints>,
    run: &mut impl FnMut(T, &mut Sessions),
) {
    let mut sessions = Sessions::default();
    loop {
        crossbeam_channel::select_biased! {
            recv(rung) -> bell => match bell {
                Ok(()) => sessions.close_gone(&endpoints.load()),
                Err(_) => return,
            },
            recv(tasks) -> task => match task {
                Ok(task) => {
                    let before = sessions.count();
                    run(task, &mut sessions);
                    // The task may have come under an older snapshot, whose bell has been rung.
                    if sessions.count() > before {
                        sessions.close_gone(&endpoints.load());
                    }
                }
                Err(_) => return,
            },
        }
    }
}
