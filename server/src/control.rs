//! What Triton's clients may change of a running server: which models it serves, and what it logs.
//!
//! The doors (`http`, `grpc`) ask whether that is allowed here, and hand an order to the keeper,
//! which runs on the main thread. What is unloaded stays away from this process until it is loaded
//! again or the process ends; its spec is not touched.

use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::auth::{Admins, Presented};
use crate::error::Error;
use crate::logging::Logging;

/// The way to the keeper, and who may take it.
#[derive(Debug)]
pub struct Control {
    /// Whether the scoring ports take orders at all; the admin port always does.
    open: bool,
    admins: Arc<Admins>,
    orders: UnboundedSender<Order>,
    /// What is logged.
    pub logging: Logging,
}

/// What is to be done to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Serve it, as its spec says now.
    Load,
    /// Serve it no more.
    Unload,
}

/// A wish about an endpoint.
#[derive(Debug)]
pub struct Order {
    /// What is to be done.
    pub wish: Wish,
    /// The endpoint.
    pub name: String,
    /// Told when it is done.
    pub answer: oneshot::Sender<Result<(), Error>>,
}

// === impl Control ===

impl Control {
    /// Whoever `admins` admits may order, at the scoring ports only if they are `open`; and where
    /// the orders come out.
    pub fn new(
        open: bool,
        admins: Arc<Admins>,
        logging: Logging,
    ) -> (Self, UnboundedReceiver<Order>) {
        let (orders, ordered) = unbounded_channel();
        (Self { open, admins, orders, logging }, ordered)
    }

    /// Checks that whoever presents this at a scoring port may order; `origin` is the page that a
    /// browser sent the request for.
    ///
    /// # Errors
    /// [`Error::Closed`] when nobody may, [`Error::Denied`] for who may not.
    pub fn admit(&self, presented: Presented<'_>, origin: Option<&str>) -> Result<(), Error> {
        if !self.open {
            return Err(Error::Closed);
        }
        Ok(self.admins.admit(presented, origin)?)
    }

    /// Has the keeper do it, and waits until it is done or has failed.
    ///
    /// # Errors
    /// [`Error::UnknownModel`], [`Error::NotLoaded`] with the cause, [`Error::Broken`].
    pub async fn order(&self, wish: Wish, name: &str) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        let order = Order { wish, name: name.to_owned(), answer };
        self.orders.send(order).map_err(|_| Error::Broken)?;
        answered.await.map_err(|_| Error::Broken)?
    }
}
