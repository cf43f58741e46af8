//! One thread's own run state for each deployment it has served, so that scoring takes no lock.

use std::sync::Arc;

use model_loader::Session;

use crate::deployment::Deployment;
use crate::endpoint::Endpoints;
use crate::error::Error;

/// One thread's run states, by deployment.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Vec<Open>,
}

/// The fields go in this order: while a session is there, its deployment is.
#[derive(Debug)]
struct Open {
    session: Session,
    deployment: Arc<Deployment>,
    /// The last turn in which a request was taken, and how many were.
    turn: u64,
    taken: u32,
}

// === impl Sessions ===

impl Sessions {
    /// This thread's session with `deployment`, opened at the first use.
    ///
    /// # Errors
    /// [`Error::Model`] when the model gives no session.
    #[inline]
    pub fn of(&mut self, deployment: &Arc<Deployment>) -> Result<&mut Session, Error> {
        let place = self.place(deployment)?;
        Ok(&mut self.open[place].session)
    }

    /// Takes one more request of `deployment` in hand; whether it is one of the first `most` of
    /// this `turn`.
    ///
    /// # Errors
    /// As [`Sessions::of`].
    #[inline]
    pub fn take(
        &mut self,
        deployment: &Arc<Deployment>,
        turn: u64,
        most: u32,
    ) -> Result<bool, Error> {
        let place = self.place(deployment)?;
        let open = &mut self.open[place];
        if open.turn != turn {
            (open.turn, open.taken) = (turn, 0);
        }
        open.taken = open.taken.saturating_add(1);
        Ok(open.taken <= most)
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// Closes the sessions with deployments that are no part of `now`. The keeper waits for this
    /// before it frees a model.
    pub fn close_gone(&mut self, now: &Endpoints) {
        self.open.retain(|open| now.holds(open.deployment.id));
    }

    #[inline]
    fn place(&mut self, deployment: &Arc<Deployment>) -> Result<usize, Error> {
        match self.open.iter().position(|open| open.deployment.id == deployment.id) {
            Some(place) => Ok(place),
            None => self.open(deployment),
        }
    }

    #[cold]
    fn open(&mut self, deployment: &Arc<Deployment>) -> Result<usize, Error> {
        let session = deployment.runnable.session()?;
        let deployment = Arc::clone(deployment);
        self.open.push(Open { session, deployment, turn: 0, taken: 0 });
        Ok(self.open.len() - 1)
    }
}
