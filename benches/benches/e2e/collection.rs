//! What does it cost to keep every row, of the requests a second that are answered without?
//!
//! Two servers, one that collects all rows and one whose spec samples none, take turns. The thread
//! that writes Parquet works while the requests come. Under 16 connections the server and the load
//! take up a machine of two cores, and what that thread takes is missing there; one connection
//! leaves a core for it. So that each round pays for its own rows, files are closed after
//! [`ROLL_AGE`], a part of a round, and a round begins when the rows of the one before are
//! written.

use std::error::Error;
use std::io::Write;

use benches::summary::median;

use crate::load::{Figures, HEADS, Load};
use crate::servers::Skeg;

/// The demo's spec, but for the rows: of none.
const NONE: &str = r#"{"name": "fraud", "deployments": {"green": {"model": "fraud:1"},
    "blue": {"model": "fraud:2"}}, "traffic": {"green": 90, "blue": 10},
    "collect": {"sampling": 0}}"#;

const ROLL_AGE: &str = "2s";

/// Prints a table, and the ratios of a server with rows over one without.
pub(crate) fn compare(
    out: &mut impl Write,
    load: Load<'_>,
    rounds: usize,
) -> Result<(), Box<dyn Error>> {
    let with = Skeg::start(load.threads, ROLL_AGE)?;
    let without = Skeg::start(load.threads, ROLL_AGE)?;
    without.put("/api/v1/endpoints/fraud", NONE)?;
    let connections = load.connections;
    writeln!(out, "\n| round of {connections} | rows | {HEADS}")?;
    let mut ratios = Vec::new();
    for round in 0..=rounds {
        let mut run = |rows: &str, skeg: &Skeg| -> Result<Figures, Box<dyn Error>> {
            let figures = load.run(&skeg.process)?;
            skeg.settle()?;
            // The first of a server that has just been started is for its own good.
            if round > 0 {
                writeln!(out, "| {round} | {rows} | {figures} |")?;
            }
            Ok(figures)
        };
        // Who is first changes: a machine that becomes slower is so for both.
        let (on, off) = if round % 2 == 0 {
            let off = run("none", &without)?;
            (run("all", &with)?, off)
        } else {
            let on = run("all", &with)?;
            (on, run("none", &without)?)
        };
        if round > 0 {
            ratios.push((on, off));
        }
    }
    let ratio = |figure: fn(&Figures) -> f64| {
        median(ratios.iter().map(|(on, off)| figure(on) / figure(off)))
    };
    let sum = |rates: fn(&(Figures, Figures)) -> f64| ratios.iter().map(rates).sum::<f64>();
    writeln!(
        out,
        "\nall rows / none, {connections} connections: requests of all rounds {:.3}; medians of \
         rounds: requests/s {:.3}, p50 {:.2}, p99 {:.2}, CPU {:.3}, scoring threads' {:.3}\n\
         rows: {}; of the server without: {}",
        sum(|(on, _)| on.rate) / sum(|(_, off)| off.rate),
        ratio(|figures| figures.rate),
        ratio(|figures| figures.p50_us),
        ratio(|figures| figures.p99_us),
        ratio(|figures| figures.cpu_us),
        ratio(|figures| figures.scoring_us),
        with.rows()?,
        without.rows()?
    )?;
    Ok(())
}
