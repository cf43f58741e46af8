//! What the admin port shows and changes, and who may.

use std::rc::Rc;
use std::sync::Arc;

use collector::Collector;
use hyper::header::HeaderMap;
use object_store::ObjectStore;
use tokio::sync::Notify;

use super::credentials;
use crate::auth::Admins;
use crate::error::Error;
use crate::metrics::refused::Refusal;
use crate::shutdown::PhaseView;
use crate::specs::Writer;
use crate::tls::Tls;
use crate::worker::Shared;

/// What the admin port shows.
#[derive(Debug)]
pub struct Shown {
    /// Endpoints and metrics.
    pub shared: Arc<Shared>,
    /// Rows.
    pub collector: Arc<Collector>,
    /// Readiness.
    pub phase: PhaseView,
    /// Changes specs; none when they come from a local folder.
    pub writer: Option<Writer>,
    /// Where reports lie.
    pub store: Arc<dyn ObjectStore>,
    /// Makes the keeper look at the specs at once.
    pub nudge: Rc<Notify>,
    /// Who may administer.
    pub admins: Arc<Admins>,
    /// The port's certificate; without one it speaks plain HTTP.
    pub tls: Option<Arc<Tls>>,
}

// === impl Shown ===

impl Shown {
    /// Checks that whoever sent these headers may administer; every route but health calls it, and
    /// `/metrics` unless it is open.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub fn authorize(&self, headers: &HeaderMap) -> Result<(), Error> {
        credentials::authorize(&self.admins, headers)
    }

    /// Counts a request or a connection that is refused.
    pub fn refused(&self, why: Refusal) {
        self.shared.metrics.refused.count_admin(why);
    }
}
