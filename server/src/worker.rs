//! One scoring thread's own state: its number, its chance, its sessions. Never shared, never
//! locked.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use collector::{Appender, Labels, Record, Values};
use model_loader::Name;
use tokio::sync::{Semaphore, watch};

use crate::access::AccessLog;
use crate::auth::tokens::Tokens;
use crate::auth::{Admins, Denied, Presented, Scorers};
use crate::board::Board;
use crate::control::Control;
use crate::deployment::Deployment;
use crate::endpoint::Endpoints;
use crate::limits::Limits;
use crate::logging::Logging;
use crate::metrics::Metrics;
use crate::metrics::refused::Refusal;
use crate::mirror::Mirror;
use crate::monitor::Seen;
use crate::panes::{self, Outbound, Panes, Subject};
use crate::pool::Pool;
use crate::record;
use crate::score::Answer;
use crate::sessions::Sessions;
use crate::shutdown::PhaseView;
use crate::spans::Spans;
use crate::tls::Tls;
use crate::turns::Turns;

/// How often panes are handed over; the monitor has them so late at most.
const HAND_OVER: Duration = Duration::from_secs(5);

/// What all scoring threads read.
#[derive(Debug)]
pub struct Shared {
    /// The snapshot that new requests run under; its holders outside of the scoring threads are
    /// the pool's and the mirror's.
    pub endpoints: Arc<ArcSwap<Endpoints>>,
    /// Runs what is too expensive to run inline.
    pub pool: Pool,
    /// Runs copies of requests.
    pub mirror: Mirror,
    /// Each worker writes its own cells.
    pub metrics: Metrics,
    /// How each deployment stands.
    pub board: ArcSwap<Board>,
    /// The bounds on what a client may send.
    pub limits: Limits,
    /// Who may score.
    pub scorers: Arc<Scorers>,
    /// What clients may change.
    pub control: Control,
    /// The endpoint of requests that name none, when there are several.
    pub default_endpoint: Option<Name>,
    /// Which requests have a line, and where it goes.
    pub access: AccessLog,
    /// Where the server's parts of traces go.
    pub spans: Spans,
    /// The way to the store for labels; without one they are refused.
    pub labels: Option<Labels>,
    /// Where counters of rows go.
    pub panes: Outbound,
    /// What was found when drift was looked for.
    pub seen: Arc<Seen>,
    /// The scoring port's certificate; without one it speaks plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// The wall clock, microseconds since 1970 UTC.
    pub clock: fn() -> i64,
    /// The monotonic clock.
    pub now: fn() -> Instant,
    /// Tells the workers that the snapshot has changed.
    changes: watch::Sender<()>,
}

/// What [`Shared`] is made of.
#[derive(Debug)]
pub struct Opening {
    /// Scoring threads.
    pub workers: usize,
    /// Threads for expensive models.
    pub pool: usize,
    /// The bounds on what a client may send.
    pub limits: Limits,
    /// Who may score.
    pub scorers: Arc<Scorers>,
    /// What clients may change.
    pub control: Control,
    /// The endpoint of requests that name none.
    pub default_endpoint: Option<Name>,
    /// Share of the requests that have a line in the access log.
    pub access_share: f64,
    /// Where the server's parts of traces go.
    pub spans: Spans,
    /// The way to the store for labels.
    pub labels: Option<Labels>,
    /// Where counters of rows go.
    pub panes: Outbound,
    /// The scoring port's certificate.
    pub tls: Option<Arc<Tls>>,
    /// The wall clock, microseconds since 1970 UTC.
    pub clock: fn() -> i64,
    /// The monotonic clock.
    pub now: fn() -> Instant,
}

/// One scoring thread.
#[derive(Debug)]
pub struct Worker {
    /// Counted from 0; the place of its cells in every series.
    pub index: usize,
    /// What it shares with the others.
    pub shared: Arc<Shared>,
    /// The life of the process.
    pub phase: PhaseView,
    /// Its run state for each deployment.
    pub sessions: RefCell<Sessions>,
    /// Which requests were ready together.
    pub turns: Turns,
    /// Places for connections, of both scoring ports.
    pub connections: Arc<Semaphore>,
    /// Bytes of messages of streams that are not whole yet.
    pub streamed: Arc<AtomicUsize>,
    /// Its end of the spool.
    rows: RefCell<collector::Writer>,
    /// What it counted lately.
    panes: RefCell<Panes>,
    /// The tokens it has found good.
    tokens: RefCell<Tokens>,
    random: RefCell<fastrand::Rng>,
    /// Bytes of bodies that are being read or scored.
    bodies: Cell<usize>,
}

/// Room for a body, given back when dropped.
#[derive(Debug)]
pub struct BodyRoom<'w> {
    worker: &'w Worker,
    bytes: usize,
}

/// Counts a request as in hand for as long as it lives.
#[derive(Debug)]
pub struct InHand<'w>(&'w Worker);

// === impl Opening ===

impl Opening {
    /// One scoring thread that anyone may use, with the usual limits, under these clocks.
    pub fn plain(clock: fn() -> i64, now: fn() -> Instant) -> Self {
        let admins = Arc::new(Admins { key: None, metrics_open: true });
        let (control, _) = Control::new(false, admins, Logging::silent("info"));
        Self {
            workers: 1,
            pool: 1,
            limits: Limits::default(),
            scorers: Arc::new(Scorers::Anyone),
            control,
            default_endpoint: None,
            access_share: 0.0,
            spans: Spans::default(),
            labels: None,
            panes: panes::way().0,
            tls: None,
            clock,
            now,
        }
    }
}

// === impl Shared ===

impl Shared {
    /// Serves nothing yet.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn new(opening: Opening) -> std::io::Result<Self> {
        let Opening { workers, pool, limits, scorers, control, default_endpoint, tls, .. } =
            opening;
        let Opening { access_share, spans, labels, clock, now, panes, .. } = opening;
        let endpoints = Arc::<ArcSwap<Endpoints>>::default();
        let mirror = Panes::new(panes.clone(), true);
        Ok(Self {
            pool: Pool::start(pool, &endpoints, now)?,
            mirror: Mirror::start(&endpoints, mirror, now)?,
            endpoints,
            metrics: Metrics::new(workers),
            board: ArcSwap::default(),
            limits,
            scorers,
            control,
            default_endpoint,
            access: AccessLog::start(access_share)?,
            spans,
            labels,
            panes,
            seen: Arc::default(),
            tls,
            clock,
            now,
            changes: watch::Sender::new(()),
        })
    }

    /// Makes `next` the snapshot that new requests run under, and has everybody let go of what is
    /// gone. The one before is given back.
    pub fn publish(&self, next: Endpoints) -> Arc<Endpoints> {
        let before = self.endpoints.swap(Arc::new(next));
        self.changes.send_replace(());
        self.pool.changed();
        self.mirror.changed();
        before
    }
}

// === impl Worker ===

impl Worker {
    /// Worker number `index`, drawing from `random`, whose rows go to `rows`.
    pub fn new(
        index: usize,
        shared: Arc<Shared>,
        phase: PhaseView,
        random: fastrand::Rng,
        rows: collector::Writer,
    ) -> Self {
        let (sessions, tokens, rows) = (RefCell::default(), RefCell::default(), rows.into());
        let (turns, random, bodies) = (Turns::default(), RefCell::new(random), Cell::new(0));
        let panes = RefCell::new(Panes::new(shared.panes.clone(), false));
        let streamed = Arc::default();
        let connections = Arc::new(Semaphore::new(shared.limits.connections_per_worker));
        Self {
            index,
            shared,
            phase,
            sessions,
            turns,
            connections,
            streamed,
            rows,
            panes,
            tokens,
            random,
            bodies,
        }
    }

    /// Hands over the rows of a scored request. Never waits and never fails.
    pub fn append(&self, to: &Appender, record: &Record<'_>) {
        self.rows.borrow_mut().append(to, record);
    }

    /// Counts the rows of a scored request. Never waits and never fails.
    #[inline]
    pub fn count_rows(
        &self,
        subject: &Arc<Subject>,
        time_us: i64,
        rows: usize,
        values: &[Values<'_>],
    ) {
        self.panes.borrow_mut().rows(subject, time_us, rows, values);
    }

    /// The same of a request of many values: on another thread, unless too many wait for it.
    pub fn count_many(&self, deployment: &Arc<Deployment>, answer: Answer, time_us: i64) {
        if let Err(answer) = self.shared.panes.many(deployment, answer, time_us) {
            let signature = deployment.runnable.signature();
            let values = record::all_values(signature, answer.inputs.tensors(), &answer.outputs);
            self.count_rows(&deployment.subject, time_us, answer.inputs.rows(), &values);
        }
    }

    /// Counts a deployment's request, however it ended.
    #[inline]
    pub fn count_request(&self, subject: &Arc<Subject>, time_us: i64, status: u16, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.panes.borrow_mut().request(subject, time_us, status, took);
    }

    /// A draw, uniform over all of `u32`.
    #[inline]
    pub fn draw(&self) -> u32 {
        self.random.borrow_mut().u32(..)
    }

    /// A name for the server's part of a trace.
    pub fn span(&self) -> u64 {
        self.random.borrow_mut().u64(1..)
    }

    /// A request id of our own: a UUID of version 7 for `unix_ms`, which sorts by time.
    pub fn request_id(&self, unix_ms: u64) -> String {
        let mut random = [0; 10];
        self.random.borrow_mut().fill(&mut random);
        uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid().to_string()
    }

    /// What goes on in the worker beside its connections, for as long as it runs: turns end,
    /// sessions with deployments that are gone are closed, and panes are handed over.
    pub async fn keep(&self) {
        let mut changes = self.shared.changes.subscribe();
        let close = async {
            while changes.changed().await.is_ok() {
                self.sessions.borrow_mut().close_gone(&self.shared.endpoints.load());
            }
        };
        let hand_over = async {
            let mut ticks = tokio::time::interval(HAND_OVER);
            loop {
                ticks.tick().await;
                self.panes.borrow_mut().hand_over();
            }
        };
        tokio::join!(self.turns.run(), close, hand_over);
    }

    /// Checks that who presents this may score.
    ///
    /// # Errors
    /// Why not.
    #[inline]
    pub fn admit(&self, presented: Presented<'_>) -> Result<(), Denied> {
        let now = || (self.shared.clock)() / 1_000_000;
        self.shared.scorers.admit(presented, &mut self.tokens.borrow_mut(), now)
    }

    /// Counts a request or a connection that is refused.
    pub fn refused(&self, why: Refusal) {
        self.shared.metrics.refused.count(self.index, why);
    }

    /// Room for a body that has no bytes yet.
    pub fn body_room(&self) -> BodyRoom<'_> {
        BodyRoom { worker: self, bytes: 0 }
    }

    /// Takes a request in hand.
    pub fn take(&self) -> InHand<'_> {
        self.shared.metrics.begun(self.index);
        InHand(self)
    }
}

// === impl BodyRoom ===

impl BodyRoom<'_> {
    /// Takes `bytes` more, unless that is more than all bodies of the worker may hold.
    pub fn take(&mut self, bytes: usize) -> bool {
        let held = self.worker.bodies.get() + bytes;
        let fits = held <= self.worker.shared.limits.bodies_bytes_per_worker;
        if fits {
            self.worker.bodies.set(held);
            self.bytes += bytes;
        }
        fits
    }
}

impl Drop for BodyRoom<'_> {
    fn drop(&mut self) {
        self.worker.bodies.set(self.worker.bodies.get() - self.bytes);
    }
}

// === impl InHand ===

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.shared.metrics.ended(self.0.index);
    }
}
