//! Flags as typed -> a checked [`Config`]; every mistake is reported at once.
//!
//! Called by the commands before anything starts. Nothing after this reads a flag, invents a
//! default or finds a value wrong.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use collector::{Roll, Spooling};
use flags::ServingArgs;
use flags::limits::LimitArgs;
use model_loader::{Name, TreeKernels, Trial};
use security::Security;

use crate::limits::{Limits, RequestLimits};
use crate::logging::Logging;
use crate::specs::SpecSource;
use crate::store::{AzureVariables, StoreUrl};
use crate::trial;

pub mod flags;
pub mod security;

#[cfg(test)]
mod tests;

/// Everything `app` needs to serve.
#[derive(Clone, Debug)]
pub struct Config {
    /// Models, endpoints and rows.
    pub store: StoreUrl,
    /// Where endpoint specs are read from.
    pub specs: SpecSource,
    /// The scoring port.
    pub http: SocketAddr,
    /// The scoring port of gRPC.
    pub grpc: SocketAddr,
    /// The port of metrics and health.
    pub admin: SocketAddr,
    /// Scoring threads, at least 1.
    pub workers: usize,
    /// Threads for expensive models, at least 1.
    pub pool: usize,
    /// How often endpoint specs are read.
    pub poll: Duration,
    /// Bounds on connections and requests.
    pub limits: Limits,
    /// Who may do what, and with what certificate.
    pub security: Security,
    /// Whether clients may load and unload models at the scoring ports.
    pub model_control: bool,
    /// The endpoint of requests that name none.
    pub default_endpoint: Option<Name>,
    /// Share of the requests that have a line in the access log.
    pub access_log: f64,
    /// The collector that the server's parts of traces go to.
    pub collector: Option<url::Url>,
    /// What is logged.
    pub logging: Logging,
    /// Answering, but unready, after SIGTERM.
    pub drain_delay: Duration,
    /// For requests in hand and unwritten rows after that.
    pub shutdown_budget: Duration,
    /// When row files are closed.
    pub roll: Roll,
    /// Where rows are until the store has them.
    pub spool: Spooling,
    /// ARM id of the Azure ML workspace whose monitors read the rows.
    pub azureml: Option<String>,
    /// This process's name in row files.
    pub replica: Name,
    /// Where each worker's chance starts; from the system when `None`.
    pub seed: Option<u64>,
    /// Tries models before they are loaded.
    pub trial: Trial,
    /// What may evaluate tree ensembles.
    pub kernels: TreeKernels,
}

/// What the surroundings of the process say; read once, by the command.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Relative paths start here.
    pub folder: PathBuf,
    /// The system's folder for temporary files.
    pub temporary: PathBuf,
    /// Cores the process may use.
    pub cores: usize,
    /// The host's name.
    pub host: String,
    /// The running binary: it tries models, and a person is told to type it.
    pub binary: PathBuf,
    /// What Azure's tools would sign in with.
    pub azure: AzureVariables,
    /// The commit that a pipeline runs for.
    pub commit: Option<String>,
    /// Who runs the command, for the audit trail.
    pub actor: String,
}

/// Defaults that differ between `serve` and `demo`.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// The address the scoring port is bound on; the admin port's is loopback, since any other
    /// needs a key.
    pub host: [u8; 4],
    /// How old a row file grows.
    pub roll_age: &'static str,
    /// Whether clients may load and unload models.
    pub model_control: bool,
}

/// Checks `args`.
///
/// # Errors
/// Every mistake, one sentence each, naming the flag.
pub fn check(
    store: &str,
    args: &ServingArgs,
    defaults: Defaults,
    around: &Surroundings,
) -> Result<Config, Vec<String>> {
    let mut wrong = Mistakes::default();
    let [http, grpc, admin] = addresses(args, defaults, &mut wrong);
    let workers = wrong.or("--workers", args.workers.as_deref(), around.cores.max(1));
    let pool = wrong.or("--pool", args.pool.as_deref(), workers.max(1));
    let poll = wrong.time("--poll", &args.poll);
    let limits = limits(&args.limits, workers, &mut wrong);
    let security = security::check(&args.security, &around.folder, admin, &mut wrong);
    let roll = roll(args, defaults, &mut wrong);
    let drain_delay = wrong.time("--drain-delay", &args.drain_delay);
    let shutdown_budget = wrong.time("--shutdown-budget", &args.shutdown_budget);
    for (flag, zero) in [
        ("--workers", workers == 0 || workers > 4096),
        ("--pool", pool == 0 || pool > 4096),
        ("--poll", poll < Duration::from_millis(10)),
    ] {
        wrong.when(zero, flag, "is out of range");
    }
    let seed = args.seed.as_deref().and_then(|seed| wrong.value("--seed", seed));
    let kernels = args.forest_kernel.as_deref();
    let kernels = wrong.or("--forest-kernel", kernels, TreeKernels::detect());
    // Whoever reaches a port could take models away.
    let reached = [http, grpc].iter().any(|address| !address.ip().is_loopback());
    let open = reached && security.admins.key.is_none();
    let model_control = model_control(args, defaults, open, &mut wrong);
    let default_endpoint =
        args.default_endpoint.as_ref().map(|name| wrong.value("--default-endpoint", name));
    let access_log = wrong.share("--access-log", &args.access_log);
    let collector = collector(args, &mut wrong);
    let replica = wrong.value("--replica", args.replica.as_deref().unwrap_or(&around.host));
    let store = StoreUrl::parse(store, &around.folder, &around.azure);
    let store = store.map_err(|error| wrong.0.push(error)).ok();
    let spool = spool(args, store.as_ref(), around, &mut wrong);
    let azureml = azureml(args, &mut wrong);
    let specs = specs(args, around, &mut wrong);
    match (store, replica) {
        (Some(store), Some(replica)) if wrong.0.is_empty() => Ok(Config {
            store,
            specs,
            http,
            grpc,
            admin,
            workers,
            pool,
            poll,
            limits,
            security,
            model_control,
            default_endpoint: default_endpoint.flatten(),
            access_log,
            collector,
            logging: Logging::silent(&args.log),
            drain_delay,
            shutdown_budget,
            roll,
            spool,
            azureml,
            replica,
            seed,
            trial: trial::by(&around.binary),
            kernels,
        }),
        _ => Err(wrong.0),
    }
}

/// When row files are closed.
fn roll(args: &ServingArgs, defaults: Defaults, wrong: &mut Mistakes) -> Roll {
    let age = wrong.time("--roll-age", args.roll_age.as_deref().unwrap_or(defaults.roll_age));
    wrong.when(age < Duration::from_millis(1), "--roll-age", "is out of range");
    Roll {
        rows: wrong.count("--roll-rows", &args.roll_rows, u32::MAX as usize),
        bytes: wrong.count("--roll-bytes", &args.roll_bytes, 1 << 30),
        age,
    }
}

/// Where endpoint specs are.
fn specs(args: &ServingArgs, around: &Surroundings, wrong: &mut Mistakes) -> SpecSource {
    args.endpoints.as_ref().map_or(SpecSource::Store, |folder| {
        SpecSource::Folder(wrong.folder("--endpoints", &around.folder.join(folder)))
    })
}

/// Where rows are until the store has them; a store on disk has a place for them.
fn spool(
    args: &ServingArgs,
    store: Option<&StoreUrl>,
    around: &Surroundings,
    wrong: &mut Mistakes,
) -> Spooling {
    let own = store.and_then(StoreUrl::folder).map(|store| store.join("spool"));
    let folder = match args.spool.as_deref() {
        Some("memory") => None,
        Some(folder) => Some(around.folder.join(folder)),
        None => Some(own.clone().unwrap_or_else(|| around.temporary.join("skeg-spool"))),
    };
    // A spool that lies in its store moves with it.
    let is_own = own.is_some() && folder == own;
    let store = if is_own { Some("..".to_owned()) } else { store.map(StoreUrl::identity) };
    let store = store.unwrap_or_default();
    let bytes = wrong.count("--spool-bytes", &args.spool_bytes, 1 << 44);
    let age = wrong.time_up_to(DAY * 366, "--spool-age", &args.spool_age);
    Spooling { folder, store, bytes, age }
}

/// The workspace whose monitors read the rows; ARM does not mind upper and lower case.
fn azureml(args: &ServingArgs, wrong: &mut Mistakes) -> Option<String> {
    let id = args.azureml_workspace.clone()?;
    let is_name = |part: &str| {
        let legal = |c: char| c.is_alphanumeric() || "-_.()".contains(c);
        !part.is_empty() && part.chars().all(legal)
    };
    let shape = WORKSPACE.split('/');
    let is_part = |(part, shape): (&str, &str)| match shape.len() {
        1 => is_name(part),
        _ => part.eq_ignore_ascii_case(shape),
    };
    let is_whole = id.split('/').count() == shape.clone().count();
    let is_id = is_whole && id.split('/').zip(shape).all(is_part);
    wrong.when(!is_id, "--azureml-workspace", &format!("must be an ARM id {WORKSPACE}"));
    Some(id)
}

/// Where the three ports are.
fn addresses(args: &ServingArgs, defaults: Defaults, wrong: &mut Mistakes) -> [SocketAddr; 3] {
    let on = |host: [u8; 4], port: u16| SocketAddr::from((host, port));
    let http = wrong.or("--http", args.http.as_deref(), on(defaults.host, 8000));
    let grpc = wrong.or("--grpc", args.grpc.as_deref(), on(defaults.host, 8001));
    let admin = wrong.or("--admin", args.admin.as_deref(), on([127, 0, 0, 1], 8002));
    let same = |one: SocketAddr, other| one == other && one.port() != 0;
    wrong.when(same(grpc, http), "--grpc", "is the same address as --http");
    wrong.when(same(admin, http), "--admin", "is the same address as --http");
    wrong.when(same(admin, grpc), "--admin", "is the same address as --grpc");
    [http, grpc, admin]
}

/// Whether clients may load and unload models; not where anyone could: there it is `open`.
fn model_control(args: &ServingArgs, defaults: Defaults, open: bool, wrong: &mut Mistakes) -> bool {
    let flag = "--model-control";
    match args.model_control.as_deref() {
        None => defaults.model_control && !open,
        Some("none") => false,
        Some(mode) => {
            wrong.when(mode != "explicit", flag, "must be none or explicit");
            let sentence =
                "explicit needs --admin-key-file, unless --http and --grpc are loopback addresses";
            wrong.when(open, flag, sentence);
            true
        }
    }
}

/// The bounds on what clients may take, of which each worker has its share.
fn limits(args: &LimitArgs, workers: usize, wrong: &mut Mistakes) -> Limits {
    let workers = workers.max(1);
    let body_bytes = wrong.count("--body-limit", &args.body_limit, 1 << 31);
    let body_memory = wrong.count("--body-memory", &args.body_memory, 1 << 40);
    let connections = wrong.count("--connections", &args.connections, 1 << 20);
    let header_bytes = wrong.count("--header-limit", &args.header_limit, 1 << 20);
    let limits = Limits {
        body_bytes,
        bodies_bytes_per_worker: body_memory.div_ceil(workers).max(body_bytes),
        handshake_timeout: wrong.time("--handshake-timeout", &args.handshake_timeout),
        idle_timeout: wrong.time("--idle-timeout", &args.idle_timeout),
        header_timeout: wrong.time("--header-timeout", &args.header_timeout),
        header_bytes,
        headers: wrong.count("--header-count", &args.header_count, 1 << 12),
        body_timeout: wrong.time("--body-timeout", &args.body_timeout),
        write_timeout: wrong.time("--write-timeout", &args.write_timeout),
        request: RequestLimits {
            // Each level is a call of a function: a worker's stack must hold them all.
            depth: wrong.count("--json-depth", &args.json_depth, 500) as u32,
            rows: wrong.count("--rows-limit", &args.rows_limit, 1 << 31),
            elements: wrong.count("--elements-limit", &args.elements_limit, 1 << 31),
        },
        connections_per_worker: connections.div_ceil(workers),
    };
    for (flag, time) in [
        ("--handshake-timeout", limits.handshake_timeout),
        ("--idle-timeout", limits.idle_timeout),
        ("--header-timeout", limits.header_timeout),
        ("--body-timeout", limits.body_timeout),
        ("--write-timeout", limits.write_timeout),
    ] {
        wrong.when(time.is_zero(), flag, "is out of range");
    }
    limits
}

/// The ARM id of a workspace, with a letter for each name.
const WORKSPACE: &str = "/subscriptions/S/resourceGroups/G/providers\
    /Microsoft.MachineLearningServices/workspaces/W";

/// No setting is longer.
const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// The address of a collector of traces; none in builds that send none. A wrong one is not
/// repeated: it may have a password in it.
#[cfg(feature = "otlp")]
fn collector(args: &ServingArgs, wrong: &mut Mistakes) -> Option<url::Url> {
    let plain = |url: &url::Url| {
        let open = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "http" | "https") && url.has_host() && open
    };
    let url = args.otlp_endpoint.as_deref()?.parse().ok().filter(plain);
    let sentence = "must be an address such as http://collector:4318, without credentials";
    wrong.when(url.is_none(), "--otlp-endpoint", sentence);
    url
}

#[cfg(not(feature = "otlp"))]
fn collector(_: &ServingArgs, _: &mut Mistakes) -> Option<url::Url> {
    None
}

/// Mistakes so far; a wrong value is noted and a harmless one stands in for it.
#[derive(Debug, Default)]
struct Mistakes(Vec<String>);

// === impl Mistakes ===

impl Mistakes {
    fn when(&mut self, wrong: bool, flag: &str, sentence: &str) {
        let known = self.0.iter().any(|mistake| mistake.starts_with(flag));
        if wrong && !known {
            self.0.push(format!("{flag} {sentence}"));
        }
    }

    fn value<T: FromStr<Err: Display>>(&mut self, flag: &str, text: &str) -> Option<T> {
        let parsed = text.parse().map_err(|error| format!("{flag} \"{text}\": {error}"));
        parsed.map_err(|mistake| self.0.push(mistake)).ok()
    }

    fn or<T: FromStr<Err: Display>>(&mut self, flag: &str, text: Option<&str>, default: T) -> T {
        match text {
            Some(text) => self.value(flag, text).unwrap_or(default),
            None => default,
        }
    }

    /// A whole number from 1 to `most`.
    fn count(&mut self, flag: &str, text: &str, most: usize) -> usize {
        let count = self.value(flag, text).unwrap_or(1);
        self.when(!(1..=most).contains(&count), flag, &format!("must be 1 to {most}"));
        count.clamp(1, most)
    }

    /// A share from 0 to 1.
    fn share(&mut self, flag: &str, text: &str) -> f64 {
        let share = self.value(flag, text).unwrap_or(0.0);
        self.when(!(0.0..=1.0).contains(&share), flag, "must be 0 to 1");
        share
    }

    /// A time such as `500ms`, `5s`, `2m`, a day at most.
    fn time(&mut self, flag: &str, text: &str) -> Duration {
        self.time_up_to(DAY, flag, text)
    }

    /// A time, `most` at most.
    fn time_up_to(&mut self, most: jiff::SignedDuration, flag: &str, text: &str) -> Duration {
        let time = self.value::<jiff::SignedDuration>(flag, text).unwrap_or_default();
        let sound = (jiff::SignedDuration::ZERO..=most).contains(&time);
        self.when(!sound, flag, &format!("must be 0 to {} hours", most.as_hours()));
        let time = if sound { time } else { jiff::SignedDuration::ZERO };
        Duration::try_from(time).unwrap_or_default()
    }

    /// The value, or the mistake that the flag makes.
    fn unless_ok<T>(&mut self, flag: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|mistake| self.0.push(format!("{flag} {mistake}"))).ok()
    }

    fn folder(&mut self, flag: &str, path: &Path) -> PathBuf {
        self.when(!path.is_dir(), flag, &format!("{}: no such folder", path.display()));
        path.to_owned()
    }
}
