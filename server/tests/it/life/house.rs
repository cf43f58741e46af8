//! One worker over the example store in a folder of its own, and what is left when it has closed.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use collector::{Collector, Config, Ledger, Roll, Spooling, column, read};
use model_loader::Registry;
use object_store::ObjectStore;
use server::endpoint::{Endpoint, Endpoints, Seat};
use server::keeper::{Keeper, Tools};
use server::limits::Limits;
use server::route::{RouteTable, Weight};
use server::shutdown::{Phase, PhaseSwitch, PhaseView};
use server::specs::SpecSource;
use server::store::{AzureVariables, StoreUrl};
use server::worker::{Opening, Shared, Worker};
use tempfile::TempDir;
use tokio::task::LocalSet;

use super::client::Client;

/// Far longer than closing takes; ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running worker and what it stands on.
#[derive(Debug)]
pub(super) struct House {
    pub(super) shared: Arc<Shared>,
    pub(super) switch: PhaseSwitch,
    address: SocketAddr,
    store: Arc<dyn ObjectStore>,
    collector: Arc<Collector>,
    worker: JoinHandle<()>,
    /// Resolves when the worker's last connection is done.
    ended: Receiver<()>,
    _folder: TempDir,
}

/// What a closed house leaves behind.
#[derive(Debug)]
pub(super) struct Closed {
    /// The accounts of the endpoint; the conservation law was found to hold.
    pub(super) ledger: Ledger,
    /// The rows in the store, in the order of their files.
    pub(super) rows: Vec<Row>,
}

/// What the tests look at of a row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) request_id: String,
    pub(super) revision: u64,
    pub(super) deployment: String,
}

/// Times that no test meets by accident.
pub(super) fn limits() -> Limits {
    Limits {
        handshake_timeout: PATIENCE,
        idle_timeout: PATIENCE,
        header_timeout: PATIENCE,
        body_timeout: PATIENCE,
        write_timeout: PATIENCE,
        ..Limits::default()
    }
}

// === impl House ===

impl House {
    /// The example endpoint at 90 and 10, served on a free port.
    pub(super) fn open(limits: Limits) -> Self {
        let house = Self::starting(limits);
        house.switch.advance(Phase::Serving);
        house
    }

    /// The same in the phase `Starting`.
    pub(super) fn starting(limits: Limits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("a path in UTF-8");
        let store = StoreUrl::parse(path, folder.path(), &AzureVariables::default())
            .expect("a store's URL");
        let store = store.open().expect("a store");
        let roll = Roll { rows: 100_000, bytes: 64 << 20, age: Duration::from_secs(3600) };
        let buffer = Config {
            replica: "house".to_owned(),
            boot: "1".to_owned(),
            roll,
            writers: 1,
            spool: Spooling::in_memory(64 << 20),
            azureml: None,
        };
        let collector = Collector::start(buffer, Arc::clone(&store), || 0).expect("a collector");
        let collector = Arc::new(collector);
        let opening = Opening { limits, ..Opening::plain(|| 0, Instant::now) };
        let shared = Shared::new(opening);
        let shared = Arc::new(shared.expect("threads"));
        block_on(serve(&store, &shared, &collector));
        let (switch, phase) = PhaseSwitch::new();
        let rows = collector.writer(0).expect("a thread's end");
        let (address, worker, ended) = start(Arc::clone(&shared), phase, rows);
        Self { shared, switch, address, store, collector, worker, ended, _folder: folder }
    }

    pub(super) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Puts the same deployments under other weights, in percent, as the snapshot `revision`.
    pub(super) fn swap(&self, revision: u64, weights: &[(&str, f64)]) {
        let now = self.shared.endpoints.load();
        let now = now.get("fraud").expect("the example's endpoint");
        let weight = |seat: &Seat| {
            let name = seat.deployment.name.as_ref();
            let (_, percent) = weights.iter().find(|(known, _)| *known == name).expect("named");
            Weight::from_percent(*percent).expect("a percentage")
        };
        let seat = |seat: &Seat| Seat { weight: weight(seat), ..seat.clone() };
        let seats: Vec<Seat> = now.seats.iter().map(seat).collect();
        let weights: Vec<Weight> = seats.iter().map(|seat| seat.weight).collect();
        let next = Endpoint {
            name: now.name.clone(),
            revision,
            seats,
            routes: RouteTable::new(&weights).expect("a sum of 100"),
            sticky: None,
            unready: Vec::new(),
            unrouted: Arc::clone(&now.unrouted),
            drift: None,
        };
        self.shared.publish(Endpoints::new([Arc::new(next)]));
    }

    /// Goes to the end: no new connections, requests in hand finish, rows reach the store.
    #[track_caller]
    pub(super) fn close(self) -> Closed {
        self.switch.advance(Phase::Closing);
        // An error means the worker broke off; `join` has the cause.
        let late = self.ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
        assert!(!late, "the worker does not close");
        self.worker.join().expect("the worker ended well");
        self.collector.finish(PATIENCE);
        let ledgers = self.collector.ledgers();
        let [(_, ledger)] = ledgers.as_slice() else { panic!("one endpoint: {ledgers:?}") };
        assert!(ledger.holds() && ledger.pending() == 0, "{ledger:?}");
        Closed { ledger: *ledger, rows: block_on(rows(&*self.store)) }
    }
}

/// The example, loaded as the server loads it.
async fn serve(store: &Arc<dyn ObjectStore>, shared: &Arc<Shared>, collector: &Arc<Collector>) {
    let now = "2026-01-02T03:04:05Z";
    server::demo::prepare(Arc::clone(store), now).await.expect("the example");
    let tools = Tools {
        source: SpecSource::Store,
        store: Arc::clone(store),
        registry: Registry::new(Arc::clone(store)),
        shared: Arc::clone(shared),
        collector: Arc::clone(collector),
        workers: 1,
        poll: PATIENCE,
    };
    let mut keeper = Keeper::new(tools).expect("a thread");
    keeper.read_first().await.expect("sound specs");
    keeper.start().await.expect("models that load");
}

/// A worker on a thread and a port of its own.
fn start(
    shared: Arc<Shared>,
    phase: PhaseView,
    rows: collector::Writer,
) -> (SocketAddr, JoinHandle<()>, Receiver<()>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.set_nonblocking(true).expect("set");
    let address = listener.local_addr().expect("an address");
    let (done, ended) = mpsc::channel();
    let run = move || {
        // Made here: a worker never leaves its thread.
        let serve = async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let worker = Rc::new(Worker::new(0, shared, phase, fastrand::Rng::with_seed(1), rows));
            let keeping = Rc::clone(&worker);
            tokio::task::spawn_local(async move { keeping.keep().await });
            server::http::serve::run(worker, listener).await;
        };
        block_on(LocalSet::new().run_until(serve));
        let _ = done.send(());
    };
    let thread = std::thread::Builder::new().name("worker".to_owned()).spawn(run);
    (address, thread.expect("a thread"), ended)
}

/// All rows of the endpoint.
async fn rows(store: &dyn ObjectStore) -> Vec<Row> {
    let mut rows = Vec::new();
    for file in read::files(store, "fraud", 0..i64::MAX).await.expect("a listing") {
        let names = [column::REQUEST_ID, column::REVISION];
        let batches = read::columns(store, &file.path, &names).await.expect("a rows file");
        for batch in batches {
            let column = |name| batch.column_by_name(name).expect("asked for");
            let ids = column(column::REQUEST_ID).as_string::<i32>();
            let revisions = column(column::REVISION).as_primitive::<UInt64Type>();
            rows.extend((0..batch.num_rows()).map(|row| Row {
                request_id: ids.value(row).to_owned(),
                revision: revisions.value(row),
                deployment: file.path.deployment().to_owned(),
            }));
        }
    }
    rows
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}
