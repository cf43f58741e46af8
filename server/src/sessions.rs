//! One worker's own run state for each deployment it has served, so that scoring takes no lock.

use model_loader::Session;

use crate::deployment::Deployment;
use crate::endpoint::Endpoints;
use crate::error::Error;

/// One worker's run states, by deployment.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Vec<(u64, Session)>,
}

// === impl Sessions ===

impl Sessions {
    /// This worker's session with `deployment`, opened at the first use. `now` is the snapshot the
    /// request runs under: sessions of deployments it no longer holds are closed on the way.
    ///
    /// # Errors
    /// [`Error::Model`] when the model gives no session.
    #[inline]
    pub fn of(&mut self, deployment: &Deployment, now: &Endpoints) -> Result<&mut Session, Error> {
        let place = match self.open.iter().position(|(id, _)| *id == deployment.id) {
            Some(place) => place,
            None => self.open(deployment, now)?,
        };
        Ok(&mut self.open[place].1)
    }

    #[cold]
    fn open(&mut self, deployment: &Deployment, now: &Endpoints) -> Result<usize, Error> {
        self.open.retain(|(id, _)| now.holds(*id));
        self.open.push((deployment.id, deployment.runnable.session()?));
        Ok(self.open.len() - 1)
    }
}
