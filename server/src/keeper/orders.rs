//! What clients ordered: endpoints to be loaded, and to be left unserved here.

use std::collections::BTreeSet;

use model_loader::Name;
use tokio::sync::oneshot;

use super::Wanted;
use super::models::Models;
use crate::control::{Order, Wish};
use crate::endpoint::Endpoints;
use crate::error::Error;

/// Orders so far.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Endpoints that are not to be served, whatever their specs say.
    aside: BTreeSet<Name>,
    /// Those who wait for an order to be done.
    waiting: Vec<Order>,
}

// === impl Orders ===

impl Orders {
    /// Notes an order; it is done when the endpoints have been compared with what is wanted.
    pub(super) fn take(&mut self, order: Order) {
        if let Ok(name) = order.name.parse::<Name>() {
            match order.wish {
                Wish::Load => self.aside.remove(&name),
                Wish::Unload => self.aside.insert(name),
            };
        }
        self.waiting.push(order);
    }

    /// Whether an endpoint is not to be served.
    pub(super) fn keep_away(&self, name: &Name) -> bool {
        self.aside.contains(name)
    }

    /// Forgets endpoints that no spec wants any more.
    pub(super) fn keep_only(&mut self, is_wanted: impl Fn(&Name) -> bool) {
        self.aside.retain(is_wanted);
    }

    /// Tells those whose order is done, or cannot be.
    pub(super) fn answer<'w>(
        &mut self,
        wanted: impl Fn(&str) -> Option<&'w Wanted>,
        models: &Models,
        endpoints: &Endpoints,
    ) {
        let aside = &self.aside;
        let is_aside = |name: &str| aside.iter().any(|aside| aside.as_ref() == name);
        let outcome = |order: &Order| match (order.wish, wanted(&order.name)) {
            (Wish::Load, Some(_)) if is_aside(&order.name) => {
                let (model, cause) = (order.name.clone(), "it was unloaded meanwhile".to_owned());
                Some(Err(Error::NotLoaded { model, cause }))
            }
            (_, None) => Some(Err(Error::UnknownModel(order.name.clone()))),
            (Wish::Unload, Some(_)) => endpoints.get(&order.name).is_err().then_some(Ok(())),
            (Wish::Load, Some(wanted)) => {
                let (pending, _) = models.missing(&wanted.spec, &wanted.models);
                match &wanted.fault {
                    _ if pending => None,
                    Some(cause) => {
                        let (model, cause) = (order.name.clone(), cause.clone());
                        Some(Err(Error::NotLoaded { model, cause }))
                    }
                    None => (wanted.serving.as_ref() == Some(&wanted.digest)).then_some(Ok(())),
                }
            }
        };
        let mut waiting = Vec::new();
        for order in std::mem::take(&mut self.waiting) {
            match outcome(&order) {
                None if order.answer.is_closed() => {}
                None => waiting.push(order),
                Some(outcome) => tell(order.answer, outcome),
            }
        }
        self.waiting = waiting;
    }
}

fn tell(answer: oneshot::Sender<Result<(), Error>>, outcome: Result<(), Error>) {
    // It fails when nobody waits for it any more.
    let _ = answer.send(outcome);
}
