//! What does it cost to keep every row, of the requests a second that are answered without?
//!
//! Two servers, one that collects all rows and one whose spec samples none, take turns. The thread
//! that writes Parquet works while the requests come; on a machine whose cores the server and the
//! load take up, what it takes is missing there.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use benches::summary::median;

use crate::load::{Figures, Load};
use crate::servers::Skeg;

/// The demo's spec, but for the rows: of none.
const NONE: &str = r#"{"name": "fraud", "deployments": {"green": {"model": "fraud:1"},
    "blue": {"model": "fraud:2"}}, "traffic": {"green": 90, "blue": 10},
    "collect": {"sampling": 0}}"#;

/// Prints a table, and the ratios of a server with rows over one without.
pub(crate) fn compare(
    out: &mut impl Write,
    skeg: &Skeg,
    requests: &Arc<[Vec<u8>]>,
    (connections, threads, rounds, length): (usize, usize, usize, Duration),
) -> Result<(), Box<dyn Error>> {
    let without = Skeg::start(threads)?;
    without.put("/api/v1/endpoints/fraud", NONE)?;
    writeln!(
        out,
        "\n| round | rows | requests/s | p50 us | p99 us | CPU us/request | cores used |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    let load = Load { connections, threads, requests, length };
    let mut ratios = Vec::new();
    for round in 0..=rounds {
        let off = load.run(&without.process)?;
        let on = load.run(&skeg.process)?;
        // The first of a server that has just been started is for its own good.
        if round > 0 {
            writeln!(out, "| {round} | none | {off} |\n| {round} | all | {on} |")?;
            ratios.push((on, off));
        }
    }
    let ratio = |figure: fn(&Figures) -> f64| {
        median(ratios.iter().map(|(on, off)| figure(on) / figure(off)))
    };
    writeln!(
        out,
        "\nall rows / none, medians: requests/s {:.3}, p50 {:.2}, p99 {:.2}, CPU {:.3}; \
         rows of the server without: {}",
        ratio(|figures| figures.rate),
        ratio(|figures| figures.p50_us),
        ratio(|figures| figures.p99_us),
        ratio(|figures| figures.cpu_us),
        without.rows()?
    )?;
    Ok(())
}
