//! Closed-loop load over kept connections, and what it measured.
//!
//! Each connection sends its next request when the last is answered. Requests rotate. The first
//! wrong answer ends the run: a server that refuses quickly must not look fast.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use benches::summary::percentile;
use benches::wire::{self, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::servers::Process;

/// How to load a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load<'a> {
    pub(crate) connections: usize,
    /// Client threads, each with its share of the connections.
    pub(crate) threads: usize,
    pub(crate) requests: &'a Arc<[Vec<u8>]>,
    pub(crate) length: Duration,
}

/// The heads of a table of them.
pub(crate) const HEADS: &str = "requests/s | p50 us | p99 us | CPU us/request | scoring threads' \
     | cores used |\n| --- | --- | --- | --- | --- | --- | --- | --- |";

/// What one round measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Requests answered a second.
    pub(crate) rate: f64,
    /// From a request's first byte sent to its reply's last byte read, microseconds.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Time of all the server's threads, user and system, microseconds a request.
    pub(crate) cpu_us: f64,
    /// That of its scoring threads alone.
    pub(crate) scoring_us: f64,
    /// The same time over the round's: below the server's threads, the load or the machine was the
    /// limit.
    pub(crate) cores: f64,
}

/// Sends each of `requests` once, one after the other, and gives the replies.
pub(crate) fn answers(server: SocketAddr, requests: &[Vec<u8>]) -> io::Result<Vec<Reply>> {
    let mut stream = StdTcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    let mut read = Vec::new();
    let mut chunk = [0; 16 * 1024];
    let mut answer = |request: &Vec<u8>| {
        stream.write_all(request)?;
        loop {
            if let Some(length) = complete(&read)? {
                let reply = wire::parse(&read[..length]).map_err(io::Error::other);
                read.clear();
                return reply;
            }
            match stream.read(&mut chunk)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => read.extend_from_slice(&chunk[..count]),
            }
        }
    };
    requests.iter().map(&mut answer).collect()
}

// === impl Load ===

impl Load<'_> {
    /// Loads `server` for the length of a round.
    pub(crate) fn run(&self, server: &Process) -> Result<Figures, Box<dyn Error>> {
        let before = server.cpu_times()?;
        let start = Instant::now();
        let mut nanos = self.share_out(server.address, start + self.length)?;
        let elapsed = start.elapsed();
        let after = server.cpu_times()?;
        let cpu = |of: usize| after[of].saturating_sub(before[of]).as_secs_f64();
        nanos.sort_unstable();
        let count = nanos.len() as f64;
        let us = |share| percentile(&nanos, share) as f64 / 1e3;
        Ok(Figures {
            rate: count / elapsed.as_secs_f64(),
            p50_us: us(0.5),
            p99_us: us(0.99),
            cpu_us: cpu(0) * 1e6 / count,
            scoring_us: cpu(1) * 1e6 / count,
            cores: cpu(0) / elapsed.as_secs_f64(),
        })
    }

    /// Runs the client threads; gives every request's time in nanoseconds.
    fn share_out(&self, server: SocketAddr, until: Instant) -> io::Result<Vec<u64>> {
        thread::scope(|scope| {
            let start = |index| {
                let connections = (index..self.connections).step_by(self.threads);
                scope.spawn(move || client(server, connections, self.requests, until))
            };
            let clients: Vec<_> = (0..self.threads).map(start).collect();
            let mut nanos = Vec::new();
            for client in clients {
                nanos.extend(client.join().expect("a client thread does not panic")?);
            }
            Ok(nanos)
        })
    }
}

/// One client thread with the connections of these numbers.
fn client(
    server: SocketAddr,
    connections: impl Iterator<Item = usize>,
    requests: &Arc<[Vec<u8>]>,
    until: Instant,
) -> io::Result<Vec<u64>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut open = JoinSet::new();
        for number in connections {
            // Apart from each other, so that no two send the same row at the same time.
            let first = number * 311;
            open.spawn(connection(server, Arc::clone(requests), first, until));
        }
        let mut nanos = Vec::new();
        while let Some(done) = open.join_next().await {
            nanos.extend(done??);
        }
        Ok(nanos)
    })
}

async fn connection(
    server: SocketAddr,
    requests: Arc<[Vec<u8>]>,
    first: usize,
    until: Instant,
) -> io::Result<Vec<u64>> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut nanos = Vec::with_capacity(1 << 16);
    let mut read = Vec::with_capacity(16 * 1024);
    for turn in first.. {
        let start = Instant::now();
        if start >= until {
            break;
        }
        stream.write_all(&requests[turn % requests.len()]).await?;
        while complete(&read)?.is_none() {
            if stream.read_buf(&mut read).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        nanos.push(start.elapsed().as_nanos() as u64);
        read.clear();
    }
    Ok(nanos)
}

/// The length of the reply when all of it, and no more, has been read.
fn complete(read: &[u8]) -> io::Result<Option<usize>> {
    let length = wire::reply_length(read).map_err(io::Error::other)?;
    match length {
        Some(length) if length < read.len() => Err(io::Error::other("more than one reply came")),
        Some(length) if length == read.len() => Ok(Some(length)),
        _ => Ok(None),
    }
}

// === impl Figures ===

impl Figures {
    /// One figure at a time, by `of`, which is told how to look at it.
    pub(crate) fn each(of: impl Fn(fn(&Figures) -> f64) -> f64) -> Figures {
        Figures {
            rate: of(|figures| figures.rate),
            p50_us: of(|figures| figures.p50_us),
            p99_us: of(|figures| figures.p99_us),
            cpu_us: of(|figures| figures.cpu_us),
            scoring_us: of(|figures| figures.scoring_us),
            cores: of(|figures| figures.cores),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { rate, p50_us, p99_us, cpu_us, scoring_us, cores } = self;
        write!(f, "{rate:.0} | {p50_us:.0} | {p99_us:.0} | {cpu_us:.1} | ")?;
        write!(f, "{scoring_us:.1} | {cores:.2}")
    }
}
