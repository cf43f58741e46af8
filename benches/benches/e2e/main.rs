//! How much of a bare HTTP server's throughput is left when requests are decoded, scored, logged?
//!
//! `skeg demo` (version 1 takes 90 % of the requests, version 2 the rest, every row goes to
//! Parquet) against a bare hyper server that reads the same requests and answers with the bytes
//! that Skeg answered. Both are processes of their own with the same number of scoring threads,
//! SO_REUSEPORT listeners and TCP_NODELAY; the load is closed-loop, over connections that are kept.
//! The two take turns in short rounds, so that a noisy machine disturbs both. Prints a table and
//! the ratios; fails only when a server fails. With `--test` it runs one short round. Then Skeg
//! beside one that collects no rows, and Skeg alone, at rest and while its endpoint changes.
//!
//! Needs `target/release/skeg`: run `cargo build --release` first.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use benches::example::{Example, FEATURES};
use benches::json::{self, Digits};
use benches::summary::median;
use benches::wire;

use load::{Figures, Load};
use servers::{Echo, Skeg};

mod collection;
mod echo;
mod load;
mod servers;
mod swap;

const PATH: &str = "/v2/models/fraud/infer";
const CONNECTIONS: usize = 16;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.first().map(String::as_str) {
        Some(echo::COMMAND) => echo::run(arguments.get(1).map_or("", String::as_str)),
        _ => compare(arguments.iter().any(|argument| argument == "--test")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "e2e: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(test: bool) -> Result<(), Box<dyn Error>> {
    let (rounds, warm_up, length) = match test {
        true => (1, Duration::from_millis(50), Duration::from_millis(100)),
        false => (7, Duration::from_secs(1), Duration::from_secs(2)),
    };
    // The load gets as many cores as a server.
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores / 2).max(1);
    let requests: Arc<[Vec<u8>]> = Example::read().turns(1).map(request).collect();

    // Files as `skeg serve` makes them, not the quick ones of a demo.
    let skeg = Skeg::start(threads, "5m")?;
    let echo = Echo::start(threads, &load::answers(skeg.process.address, &requests)?)?;
    check_same(&skeg, &echo, &requests)?;

    let mut out = io::stdout().lock();
    writeln!(
        out,
        "cores: {cores}; scoring threads of each server: {threads}; client threads: {threads}; \
         connections: {CONNECTIONS}; different requests: {}; a round: {length:?}\n",
        requests.len()
    )?;
    writeln!(out, "| round | server | {}", load::HEADS)?;
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for (place, server) in [&skeg.process, &echo.process].into_iter().enumerate() {
            let length = if round == 0 { warm_up } else { length };
            let load = Load { connections: CONNECTIONS, threads, requests: &requests, length };
            let measured = load.run(server)?;
            if round > 0 {
                writeln!(out, "| {round} | {} | {measured} |", server.name)?;
                figures[place].push(measured);
            }
        }
    }
    summarise(&mut out, &figures)?;
    let how = (CONNECTIONS, threads, rounds, length);
    for connections in [CONNECTIONS, 1] {
        let load = Load { connections, threads, requests: &requests, length: 4 * length };
        collection::compare(&mut out, load, rounds)?;
    }
    swap::compare(&mut out, &skeg, &requests, how)?;
    writeln!(out, "\nrows of Skeg, by stage: {}", skeg.rows()?)?;
    Ok(())
}

fn request(row: &[f32]) -> Vec<u8> {
    wire::post(PATH, &json::infer(row, FEATURES, Digits::Shortest))
}

/// Makes sure that the echo answers the first request with the bytes Skeg would send, but for the
/// date, the deployment that chance picks, and the request id.
fn check_same(skeg: &Skeg, echo: &Echo, requests: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
    let names = |reply: &wire::Reply| -> Vec<String> {
        let mut names: Vec<_> = reply.headers.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    };
    let ours = load::answers(skeg.process.address, &requests[..1])?;
    let theirs = load::answers(echo.process.address, &requests[..1])?;
    let (ours, theirs) = (&ours[0], &theirs[0]);
    if names(ours) != names(theirs) || ours.body.len().abs_diff(theirs.body.len()) > 16 {
        return Err(format!("the echo answers otherwise:\n{ours:?}\n{theirs:?}").into());
    }
    Ok(())
}

fn summarise(out: &mut impl Write, [skeg, echo]: &[Vec<Figures>; 2]) -> io::Result<()> {
    for (name, of) in [("skeg", skeg), ("echo", echo)] {
        let middle = |figure: fn(&Figures) -> f64| median(of.iter().map(figure));
        writeln!(out, "| **median** | {name} | {} |", Figures::each(middle))?;
    }
    let ratio = |figure: fn(&Figures) -> f64| {
        median(skeg.iter().zip(echo).map(|(skeg, echo)| figure(skeg) / figure(echo)))
    };
    let ratios = Figures::each(ratio);
    writeln!(
        out,
        "\nskeg / echo, median of the rounds: requests/s {:.2}, p50 {:.2}, p99 {:.2}, CPU {:.2}",
        ratios.rate, ratios.p50_us, ratios.p99_us, ratios.cpu_us
    )
}
