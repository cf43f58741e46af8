//! The tables of the tree models: medians beside the bars, and whether they are met.

use std::io::{self, Write};

use super::bars::{self, Bars};
use super::header;

/// Medians, in nanoseconds a row.
pub(super) struct Times {
    pub(super) best: f64,
    pub(super) without_avx512: f64,
    pub(super) served: f64,
    pub(super) gross: f64,
    /// ONNX Runtime's time for the same rows and a model that does nothing.
    pub(super) identity: f64,
    pub(super) lightgbm: Option<f64>,
}

/// The lines of the tables that are printed after the first.
#[derive(Default)]
pub(super) struct Later {
    without_avx512: Vec<String>,
    session: Vec<String>,
}

// === impl Times ===

impl Times {
    fn net(&self) -> f64 {
        self.gross - self.identity
    }

    pub(super) fn with_avx512(&self, bars: &Bars, batch: usize, kernel: &str) -> String {
        let ratio = self.net() / self.best;
        let lightgbm = self.lightgbm.map_or_else(
            || " | ".to_owned(),
            |lightgbm| format!("{lightgbm:.0} | {:.1}", lightgbm / self.best),
        );
        format!(
            "| {} | {batch} | {kernel} | {:.1} | {:.0} | {:.0} | {ratio:.1} | {} | {lightgbm} |",
            bars.name,
            self.best,
            self.gross,
            self.net(),
            bars::cells(bars.least(batch, true), ">=", |least| ratio >= least),
        )
    }

    fn without_avx512(&self, bars: &Bars, batch: usize, kernel: &str) -> String {
        let ratio = self.net() / self.without_avx512;
        format!(
            "| {} | {batch} | {kernel} | {:.1} | {:.0} | {ratio:.1} | {} |",
            bars.name,
            self.without_avx512,
            self.net(),
            bars::cells(bars.least(batch, false), ">=", |least| ratio >= least),
        )
    }

    /// Whole calls, not rows.
    fn session(&self, bars: &Bars, batch: usize) -> String {
        let calls = |each: f64| each * batch as f64;
        let added = calls(self.served - self.best);
        let bar = (batch == 1).then_some(bars::SESSION);
        format!(
            "| {} | {batch} | {:.0} | {:.0} | {added:.0} | {} | {:.0} |",
            bars.name,
            calls(self.best),
            calls(self.served),
            bars::cells(bar, "<=", |most| added <= most),
            calls(self.gross),
        )
    }
}

// === impl Later ===

impl Later {
    pub(super) fn note(&mut self, times: &Times, bars: &Bars, batch: usize, kernel: &str) {
        self.without_avx512.push(times.without_avx512(bars, batch, kernel));
        self.session.push(times.session(bars, batch));
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\nWithout AVX-512, ns a row\n")?;
        header(out, "model | rows | kernel | ours | ORT net | net/ours | bar | met")?;
        writeln!(out, "{}", self.without_avx512.join("\n"))?;
        writeln!(out, "\nThrough `Session::run`, tensors in and out, ns a call\n")?;
        header(out, "model | rows | trees alone | session | added | bar | met | ORT gross")?;
        writeln!(out, "{}", self.session.join("\n"))
    }
}
