//! Alerts: what drifts is told to webhooks, at least once, whatever breaks meanwhile.
//!
//! `push` is called by whoever analyses and only writes the store (`outbox`); `deliver_due` is
//! called every second or so by the replica that holds the lease for it. A try is noted in the
//! store before it is made, by compare-and-swap: should two replicas deliver for a moment, one of
//! them makes it. A message is sent twice only when a process ends between the receiver's answer
//! and the store's note of it, or when the answer is lost; both carry the same `Idempotency-Key`.
//!
//! Of one deployment, a webhook is told things in their order: what began is delivered or given
//! up, a day after it was pushed, before what ended.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use object_store::ObjectStore;

use crate::metrics::alerted::{Alerted, Outcome};
use crate::spec::Alert;
use deliver::{Failed, Sender};
use desk::{Desk, Kept};
use outbox::{Entry, Listed, Outbox, PENDING_MAX};

mod deliver;
mod desk;
pub mod event;
mod format;
mod outbox;
mod pause;
mod proof;

pub use event::{Event, FeatureDrift, Side, State};

#[cfg(test)]
mod tests;

/// How often what is old is swept.
const SWEEP_US: i64 = 3600 * 1_000_000;
/// A message that failed for so long is given up.
const GIVE_UP_US: i64 = 86_400 * 1_000_000;

/// The webhooks of each endpoint, as its spec has them now.
pub type Targets = BTreeMap<String, Vec<Alert>>;

/// The outbox, and what delivers from it.
pub struct Alerts {
    outbox: Outbox,
    sender: Sender,
    counted: Arc<Alerted>,
    random: Mutex<Rng>,
    /// Whether something was pushed since the outbox was last looked at.
    is_pushed: AtomicBool,
    /// Held while messages are delivered.
    desk: tokio::sync::Mutex<Desk>,
}

/// What became of one that was due.
enum Done {
    /// It is not in the outbox any more.
    Gone,
    /// It waits.
    Kept(Box<Kept>),
    /// Another replica has it in hand, or the store failed: it is looked at anew.
    Unknown,
}

// === impl Alerts ===

impl Alerts {
    /// Alerts that wait in `store`; `counted` is what scrapes read, `random` draws the pauses.
    pub fn new(store: Arc<dyn ObjectStore>, counted: Arc<Alerted>, random: Rng) -> Self {
        Self {
            outbox: Outbox::new(store),
            sender: Sender::new(deliver::TIMEOUT),
            counted,
            random: Mutex::new(random),
            is_pushed: AtomicBool::new(false),
            desk: tokio::sync::Mutex::default(),
        }
    }

    /// Puts the event into the outbox, once for each of `alerts`; how many are new. One that waits
    /// already, was sent in the last 7 days or given up in the last 30 is not put in again: what
    /// failed half can be pushed again.
    ///
    /// # Errors
    /// Sentences, when the event cannot be kept, too many wait, or the store failed for some.
    pub async fn push(
        &self,
        now_us: i64,
        event: &Event,
        alerts: &[Alert],
    ) -> Result<usize, String> {
        event.check()?;
        let waiting = if alerts.is_empty() { 0 } else { self.outbox.list().await?.len() };
        let (mut new, mut errors) = (0, Vec::new());
        for alert in alerts {
            if waiting + new >= PENDING_MAX {
                errors.push(format!("{PENDING_MAX} alerts wait already: one more is not kept"));
                break;
            }
            let form = alert.format.name();
            self.counted.expect(&event.endpoint, form);
            match self.outbox.create(&Entry::new(event, alert.id(), form, now_us)).await {
                Ok(is_new) => new += usize::from(is_new),
                Err(error) => errors.push(error),
            }
        }
        self.is_pushed.store(true, Ordering::Release);
        if errors.is_empty() { Ok(new) } else { Err(errors.join("; ")) }
    }

    /// Makes the tries that are due at `now_us`, unix microseconds, some at once and not all in one
    /// call; how many. Returns at once while nothing is due, after some 10 s at the latest when
    /// receivers hang. `targets` are all endpoints' webhooks: a message to one that is not among
    /// them waits for it, a day at most.
    ///
    /// # Errors
    /// A sentence, when the outbox cannot be read. What a receiver does is counted and logged.
    pub async fn deliver_due(&self, now_us: i64, targets: &Targets) -> Result<usize, String> {
        let mut desk = self.desk.lock().await;
        let is_pushed = self.is_pushed.swap(false, Ordering::Acquire);
        if !is_pushed
            && now_us < desk.next_look_us
            && desk.next_look_us.saturating_sub(now_us) <= desk::LOOK_US
        {
            return Ok(0);
        }
        for (endpoint, alerts) in targets {
            alerts.iter().for_each(|alert| self.counted.expect(endpoint, alert.format.name()));
        }
        desk.next_look_us = 0;
        self.look(&mut desk).await?;
        let due = desk.due(now_us);
        let names: Vec<String> = due.iter().map(|kept| kept.name.clone()).collect();
        let tries = due.into_iter().map(|due| self.try_one(now_us, due.kept, targets));
        let done = join_all(tries).await;
        for (name, done) in names.iter().zip(done) {
            match done {
                Done::Gone | Done::Unknown => drop(desk.kept.remove(name)),
                Done::Kept(kept) => drop(desk.kept.insert(name.clone(), *kept)),
            }
        }
        self.counted.set_pending(desk.kept.len());
        desk.next_look_us = desk.next_due_us(now_us);
        if now_us >= desk.next_sweep_us {
            desk.next_sweep_us = now_us.saturating_add(SWEEP_US);
            self.outbox.sweep(now_us).await?;
        }
        Ok(names.len())
    }

    /// Forgets what was known of the outbox: to be called by who does not hold the lease any more,
    /// so that it shows nothing as waiting and looks again when it does.
    pub async fn stand_by(&self) {
        let mut desk = self.desk.lock().await;
        // What was taken, and the store could not be told, is told when the lease is back.
        desk.kept.retain(|_, kept| kept.taken.is_some());
        desk.next_look_us = 0;
        self.counted.set_pending(0);
    }

    /// What scrapes read.
    pub fn counters(&self) -> &Arc<Alerted> {
        &self.counted
    }

    /// Reads of the outbox what is not known yet, and forgets what is not there.
    async fn look(&self, desk: &mut Desk) -> Result<(), String> {
        let listed = self.outbox.list().await?;
        let names: HashMap<&str, &Listed> =
            listed.iter().map(|one| (one.path.filename().unwrap_or_default(), one)).collect();
        desk.kept.retain(|name, _| names.contains_key(name.as_str()));
        for (name, one) in names {
            let known = desk.kept.get(name);
            if known.is_some_and(|kept| kept.version.e_tag == one.version.e_tag) {
                continue;
            }
            let taken = known.and_then(|kept| kept.taken);
            match self.outbox.read(one).await {
                Ok(Some((entry, version))) => {
                    desk.kept.insert(name.to_owned(), Kept { entry, version, taken });
                }
                Ok(None) => drop(desk.kept.remove(name)),
                // One that cannot be read does not hold up the others.
                Err(error) => tracing::warn!(error, "an alert that waits cannot be read"),
            }
        }
        self.counted.set_pending(desk.kept.len());
        Ok(())
    }

    async fn try_one(&self, now_us: i64, mut kept: Kept, targets: &Targets) -> Done {
        let tried = self.try_to(now_us, &mut kept, targets).await;
        tried.unwrap_or_else(|error| {
            tracing::warn!(error, "the outbox of alerts");
            if kept.taken.is_none() {
                return Done::Unknown;
            }
            // It must not be sent again: the store is told at the next look.
            kept.entry.next_us = now_us.saturating_add(us(self.pause(1, false)));
            Done::Kept(Box::new(kept))
        })
    }

    /// One try; an error is the store's.
    async fn try_to(
        &self,
        now_us: i64,
        kept: &mut Kept,
        targets: &Targets,
    ) -> Result<Done, String> {
        if let Some(status) = kept.taken {
            self.outbox.sent(&kept.entry, status, now_us).await?;
            return Ok(Done::Gone);
        }
        if self.outbox.is_settled(&kept.entry).await? {
            self.outbox.remove(&kept.entry).await?;
            return Ok(Done::Gone);
        }
        let tries = kept.entry.tries.saturating_add(1);
        kept.entry.tries = tries;
        kept.entry.next_us = now_us.saturating_add(us(self.pause(tries, false)));
        match self.outbox.swap(&kept.entry, kept.version.clone()).await? {
            Some(version) => kept.version = version,
            None => return Ok(Done::Unknown),
        }
        let (event, form) = (&kept.entry.event, kept.entry.form.as_str());
        let webhooks = targets.get(&event.endpoint).into_iter().flatten();
        let sent = match webhooks.into_iter().find(|alert| alert.id() == kept.entry.webhook) {
            Some(alert) => self.sender.send(alert, event).await,
            None => Err(Failed::because("no spec has this webhook now".to_owned())),
        };
        match sent {
            Ok(status) => {
                let (endpoint, key) = (event.endpoint.as_str(), kept.entry.key.as_str());
                tracing::info!(endpoint, form, key, "alert sent");
                self.counted.count(endpoint, form, Outcome::Sent);
                kept.taken = Some(status);
                self.outbox.sent(&kept.entry, status, now_us).await?;
                Ok(Done::Gone)
            }
            Err(failed) => self.failed(now_us, kept, failed).await,
        }
    }

    /// Notes a failed try, and gives the message up when there were tries for long enough.
    async fn failed(&self, now_us: i64, kept: &mut Kept, failed: Failed) -> Result<Done, String> {
        let Failed { why, is_refusal, asked } = failed;
        let entry = &mut kept.entry;
        let pause = self.pause(entry.tries, is_refusal).max(asked.unwrap_or_default());
        entry.next_us = now_us.saturating_add(us(pause));
        entry.failed(&why);
        let (endpoint, form) = (&entry.event.endpoint, entry.form.as_str());
        self.counted.count(endpoint, form, Outcome::Failed);
        if now_us.saturating_sub(entry.pushed_us) >= GIVE_UP_US {
            tracing::error!(%endpoint, form, key = %entry.key, why, "alert given up");
            self.outbox.give_up(entry).await?;
            self.counted.count(endpoint, form, Outcome::GivenUp);
            return Ok(Done::Gone);
        }
        let again_s = pause.as_secs();
        tracing::warn!(%endpoint, form, key = %entry.key, why, again_s, "alert not delivered");
        match self.outbox.swap(entry, kept.version.clone()).await? {
            Some(version) => kept.version = version,
            None => return Ok(Done::Unknown),
        }
        Ok(Done::Kept(Box::new(kept.clone())))
    }

    fn pause(&self, tries: u32, is_refusal: bool) -> Duration {
        let draw = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        pause::after(tries, is_refusal, draw)
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts").field("counted", &self.counted).finish_non_exhaustive()
    }
}

fn us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
