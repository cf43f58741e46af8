//! What do changes cost those who are being answered?
//!
//! Rounds at rest and rounds during which, every 100 ms, the endpoint gets another model in one of
//! its seats or other weights. The same server, the same load, in turns.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use benches::summary::median;

use crate::load::{Figures, HEADS, Load};
use crate::servers::Skeg;

/// Time between two changes.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints a table, and what changes do to the p99.
pub(crate) fn compare(
    out: &mut impl Write,
    skeg: &Skeg,
    requests: &Arc<[Vec<u8>]>,
    (connections, threads, rounds, length): (usize, usize, usize, Duration),
) -> Result<(), Box<dyn Error>> {
    writeln!(out, "\n| round | endpoint | {HEADS}")?;
    let load = Load { connections, threads, requests, length };
    let (mut ratios, mut changes) = (Vec::new(), 0);
    for round in 1..=rounds {
        let rest = load.run(&skeg.process)?;
        writeln!(out, "| {round} | at rest | {rest} |")?;
        let (changing, made) = while_changing(skeg, || load.run(&skeg.process))?;
        writeln!(out, "| {round} | changing | {changing} |")?;
        changes += made;
        ratios.push((rest, changing));
    }
    let ratio = |figure: fn(&Figures) -> f64| {
        median(ratios.iter().map(|(rest, changing)| figure(changing) / figure(rest)))
    };
    writeln!(
        out,
        "\nchanging / at rest, {changes} changes, medians: requests/s {:.2}, p50 {:.2}, p99 {:.2}",
        ratio(|figures| figures.rate),
        ratio(|figures| figures.p50_us),
        ratio(|figures| figures.p99_us)
    )?;
    Ok(())
}

/// Does `work` while the endpoint changes; how often it did.
fn while_changing<T>(
    skeg: &Skeg,
    work: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<(T, usize), Box<dyn Error>> {
    let (stop, stopped) = channel::<()>();
    thread::scope(|scope| {
        let changing = scope.spawn(move || -> io::Result<usize> {
            let mut made = 0;
            while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                change(skeg, made)?;
                made += 1;
            }
            Ok(made)
        });
        let worked = work();
        drop(stop);
        let made = changing.join().expect("the changing thread does not panic");
        Ok((worked?, made?))
    })
}

/// Every fourth change puts another model into the seat that has half of the traffic; the others
/// move weights.
fn change(skeg: &Skeg, number: usize) -> io::Result<()> {
    let version = 1 + number / 4 % 2;
    let green = 45 + number % 10;
    let blue = 100 - green;
    skeg.put(
        "/api/v1/endpoints/fraud",
        &format!(
            "{{name: fraud, deployments: {{green: {{model: 'fraud:{version}'}}, \
             blue: {{model: 'fraud:1'}}}}, traffic: {{green: {green}, blue: {blue}}}}}"
        ),
    )
}
