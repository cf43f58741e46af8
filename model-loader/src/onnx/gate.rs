//! What lies before tract: the trial of the model in a process of its own.
//!
//! Made by `load`, asked by `build` before any node is given to tract, in whichever graph it stands
//! and for whatever reason; the child runs once at most.

use std::cell::OnceCell;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};

use crate::{Error, Trial};

/// The trial of one file.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    bytes: &'a [u8],
    trial: Option<&'a Trial>,
    cancelled: &'a AtomicBool,
    verdict: OnceCell<Option<Error>>,
}

// === impl Gate ===

impl<'a> Gate<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        trial: Option<&'a Trial>,
        cancelled: &'a AtomicBool,
    ) -> Gate<'a> {
        Gate { bytes, trial, cancelled, verdict: OnceCell::new() }
    }

    /// Fails when the model does not pass its trial.
    pub(super) fn pass(&self) -> Result<()> {
        let verdict = self.verdict.get_or_init(|| {
            let trial = self.trial?;
            trial.run(self.bytes, self.cancelled).err()
        });
        match verdict {
            None => Ok(()),
            Some(Error::Model { what }) => bail!("{what}"),
            Some(error) => bail!("{error}"),
        }
    }

    /// Whether the model was tried and did not pass.
    pub(super) fn refused(&self) -> bool {
        matches!(self.verdict.get(), Some(Some(_)))
    }
}
