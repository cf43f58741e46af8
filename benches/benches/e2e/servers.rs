//! The two servers as child processes, ended with the bench.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use benches::threads;
use benches::wire::Reply;
use tempfile::TempDir;

use crate::echo;

/// Where `cargo build --release` puts the server.
const BINARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/skeg");

/// Stages of the rows' accounts, as `skeg_rows_total` labels them.
const STAGES: [&str; 5] = ["offered", "spooled", "written", "dropped", "lost"];

/// Longest that rows may take to be written.
const SETTLED_IN: Duration = Duration::from_secs(30);

/// A running server.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) name: &'static str,
    /// Its scoring port.
    pub(crate) address: SocketAddr,
    /// What the names of its scoring threads begin with.
    scoring: &'static str,
    child: Owned,
    /// Kept open: a server that writes to a closed pipe might mind.
    _stdout: BufReader<ChildStdout>,
}

/// A child process that ends when this is dropped.
#[derive(Debug)]
struct Owned(Child);

/// `skeg demo` with a store of its own.
#[derive(Debug)]
pub(crate) struct Skeg {
    pub(crate) process: Process,
    admin: SocketAddr,
    _store: TempDir,
}

/// This bench's own program, as the bare server.
#[derive(Debug)]
pub(crate) struct Echo {
    pub(crate) process: Process,
}

// === impl Skeg ===

impl Skeg {
    /// Starts the release build with `threads` scoring threads; files of rows are closed at that
    /// age.
    pub(crate) fn start(threads: usize, roll_age: &str) -> Result<Skeg, Box<dyn Error>> {
        if !Path::new(BINARY).exists() {
            return Err(format!("{BINARY} is missing: run `cargo build --release` first").into());
        }
        let store = TempDir::new()?;
        let free = "127.0.0.1:0";
        let mut command = Command::new(BINARY);
        command.arg("demo").arg("--store").arg(store.path());
        command.args(["--http", free, "--grpc", free, "--admin", free, "--log", "warn"]);
        command.args(["--roll-age", roll_age, "--workers", &threads.to_string()]);
        let mut child = Owned(command.env_clear().stdout(Stdio::piped()).spawn()?);
        let (line, stdout) = first_line(&mut child)?;
        let address = |name: &str| {
            let found = line.split_whitespace().find_map(|word| word.strip_prefix(name));
            let found = found.ok_or_else(|| format!("skeg did not start: \"{}\"", line.trim()))?;
            found.parse::<SocketAddr>().map_err(|error| format!("{found}: {error}"))
        };
        let (http, admin) = (address("http=")?, address("admin=")?);
        let scoring = "skeg-worker-";
        let process = Process { name: "skeg", address: http, scoring, child, _stdout: stdout };
        Ok(Skeg { process, admin, _store: store })
    }

    /// A PUT to the admin port.
    ///
    /// # Errors
    /// When it is not answered with 200.
    pub(crate) fn put(&self, path: &str, body: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.admin)?;
        let length = body.len();
        let head = format!("PUT {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        if text.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(io::Error::other(text)) }
    }

    /// The accounts of the rows so far, as the metrics show them.
    pub(crate) fn rows(&self) -> io::Result<String> {
        let accounts = STAGES.iter().zip(self.accounts()?);
        Ok(accounts.map(|(stage, rows)| format!("{stage} {rows}")).collect::<Vec<_>>().join(", "))
    }

    /// Waits until all rows that were taken are written.
    ///
    /// # Errors
    /// When they are not in [`SETTLED_IN`].
    pub(crate) fn settle(&self) -> io::Result<()> {
        let until = Instant::now() + SETTLED_IN;
        while Instant::now() < until {
            let [_, spooled, written, _, lost] = self.accounts()?;
            if spooled == written + lost {
                return Ok(());
            }
            // The server is another process, which signals nothing.
            thread::park_timeout(Duration::from_millis(20));
        }
        Err(io::Error::other("rows are not written"))
    }

    fn accounts(&self) -> io::Result<[f64; STAGES.len()]> {
        let mut stream = TcpStream::connect(self.admin)?;
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(STAGES.map(|stage| {
            let label = format!("stage=\"{stage}\"");
            let series = text.lines().filter(|line| line.starts_with("skeg_rows_total{"));
            let values = series.filter(|line| line.contains(&label));
            values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        }))
    }
}

// === impl Echo ===

impl Echo {
    /// Starts the bare server with `threads` threads and these replies.
    pub(crate) fn start(threads: usize, replies: &[Reply]) -> Result<Echo, Box<dyn Error>> {
        let mut command = Command::new(env::current_exe()?);
        command.args([echo::COMMAND, &threads.to_string()]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut child = Owned(child);
        let mut stdin = child.0.stdin.take().expect("stdin is piped");
        echo::hand_over(&mut stdin, replies)?;
        drop(stdin);
        let (line, stdout) = first_line(&mut child)?;
        let address = line.trim().parse().map_err(|_| format!("the echo says \"{line}\""))?;
        let scoring = echo::THREAD;
        Ok(Echo { process: Process { name: "echo", address, scoring, child, _stdout: stdout } })
    }
}

fn first_line(child: &mut Owned) -> io::Result<(String, BufReader<ChildStdout>)> {
    let mut stdout = BufReader::new(child.0.stdout.take().expect("stdout is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    Ok((line, stdout))
}

// === impl Process ===

impl Process {
    /// Time that all threads of the process have had on a core, and those that score.
    ///
    /// # Errors
    /// Where it is not known: on anything but Linux.
    pub(crate) fn cpu_times(&self) -> io::Result<[Duration; 2]> {
        let id = self.child.0.id().to_string();
        Ok([threads::process_time(&id)?, threads::thread_time(&id, self.scoring)?])
    }
}

// === impl Owned ===

impl Drop for Owned {
    fn drop(&mut self) {
        // Skeg's rows go with its store, so there is nothing to flush.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
