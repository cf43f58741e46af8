//! The tables of the tree models: medians beside the bars, and whether they are met.

use std::io::{self, Write};

use super::bars::{self, Bars};
use super::header;
use super::race::Rounds;

/// Places of a model's runners.
pub(super) const BEST: usize = 0;
pub(super) const WITHOUT_AVX512: usize = 1;
pub(super) const SERVED: usize = 2;
pub(super) const ORT: usize = 3;
/// ONNX Runtime on the same rows, with a model that does nothing.
pub(super) const IDENTITY: usize = 4;
/// Only if the model is LightGBM's.
pub(super) const LIGHTGBM: usize = 5;

/// How the ways to score a model went.
pub(super) struct Times {
    pub(super) rounds: Rounds,
    /// Calls of a pass, and rows of a call.
    pub(super) calls: usize,
    pub(super) batch: usize,
}

/// The lines of the tables.
#[derive(Default)]
pub(super) struct Lines {
    with_avx512: Vec<String>,
    without_avx512: Vec<String>,
    session: Vec<String>,
}

// === impl Times ===

impl Times {
    /// Nanoseconds a row.
    fn row(&self, figure: impl Fn(&[f64]) -> f64) -> f64 {
        self.rounds.median(figure) / (self.calls * self.batch) as f64
    }

    /// Nanoseconds a call.
    fn call(&self, figure: impl Fn(&[f64]) -> f64) -> f64 {
        self.rounds.median(figure) / self.calls as f64
    }

    fn with_avx512(&self, bars: &Bars, kernel: &str, lightgbm: bool) -> String {
        let ratio = self.rounds.median(|round| net(round) / round[BEST]);
        let beside = match lightgbm {
            true => format!(
                "{:.0} | {:.1}",
                self.row(|round| round[LIGHTGBM]),
                self.rounds.median(|round| round[LIGHTGBM] / round[BEST])
            ),
            false => " | ".to_owned(),
        };
        format!(
            "| {} | {} | {kernel} | {:.1} | {:.0} | {:.0} | {ratio:.1} | {} | {beside} |",
            bars.name,
            self.batch,
            self.row(|round| round[BEST]),
            self.row(|round| round[ORT]),
            self.row(net),
            bars::cells(bars.least(self.batch, true), ">=", |least| ratio >= least),
        )
    }

    fn without_avx512(&self, bars: &Bars, kernel: &str) -> String {
        let ratio = self.rounds.median(|round| net(round) / round[WITHOUT_AVX512]);
        format!(
            "| {} | {} | {kernel} | {:.1} | {:.0} | {ratio:.1} | {} |",
            bars.name,
            self.batch,
            self.row(|round| round[WITHOUT_AVX512]),
            self.row(net),
            bars::cells(bars.least(self.batch, false), ">=", |least| ratio >= least),
        )
    }

    fn session(&self, bars: &Bars) -> String {
        let added = self.call(|round| round[SERVED] - round[BEST]);
        let bar = (self.batch == 1).then_some(bars::SESSION);
        format!(
            "| {} | {} | {:.0} | {:.0} | {added:.0} | {} | {:.0} |",
            bars.name,
            self.batch,
            self.call(|round| round[BEST]),
            self.call(|round| round[SERVED]),
            bars::cells(bar, "<=", |most| added <= most),
            self.call(|round| round[ORT]),
        )
    }
}

fn net(round: &[f64]) -> f64 {
    round[ORT] - round[IDENTITY]
}

// === impl Lines ===

impl Lines {
    /// Notes how a model's ways went: with the kernel of all that this processor has, with the one
    /// that it would have without AVX-512, and whether LightGBM took part.
    pub(super) fn note(&mut self, times: &Times, bars: &Bars, kernels: [&str; 2], lightgbm: bool) {
        let [best, without_avx512] = kernels;
        self.with_avx512.push(times.with_avx512(bars, best, lightgbm));
        self.without_avx512.push(times.without_avx512(bars, without_avx512));
        self.session.push(times.session(bars));
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "\nTrees alone, ns a row; net: less the same call of an Identity model\n")?;
        let columns = "model | rows | kernel | ours | ORT gross | ORT net | net/ours | bar | met \
                       | LightGBM | LightGBM/ours";
        header(out, columns)?;
        writeln!(out, "{}", self.with_avx512.join("\n"))?;
        writeln!(out, "\nWithout AVX-512, ns a row\n")?;
        header(out, "model | rows | kernel | ours | ORT net | net/ours | bar | met")?;
        writeln!(out, "{}", self.without_avx512.join("\n"))?;
        writeln!(out, "\nThrough `Session::run`, tensors in and out, ns a call\n")?;
        header(out, "model | rows | trees alone | session | added | bar | met | ORT gross")?;
        writeln!(out, "{}", self.session.join("\n"))
    }
}
