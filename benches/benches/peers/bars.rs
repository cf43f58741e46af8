//! What is asked of the times, as quotients of one run; `Session::run` alone has a time.

/// A tree model and what is asked of it: ONNX Runtime's time net of a call's, divided by ours.
pub(super) struct Bars {
    /// Its file's name.
    pub(super) name: &'static str,
    one_row: f64,
    thousand_rows: f64,
    one_row_without_avx512: f64,
}

/// A dense model.
pub(super) struct Dense {
    /// Its file's name.
    pub(super) name: &'static str,
    /// Its columns.
    pub(super) width: usize,
}

/// Nanoseconds that `Session::run` may add to one row's time in the kernel.
pub(super) const SESSION: f64 = 250.0;

const fn bars(name: &'static str, of: [f64; 3]) -> Bars {
    let [one_row, thousand_rows, one_row_without_avx512] = of;
    Bars { name, one_row, thousand_rows, one_row_without_avx512 }
}

pub(super) const TREES: [Bars; 6] = [
    bars("gb", [35.0, 60.0, 6.0]),
    bars("hgb", [22.0, 34.0, 2.4]),
    bars("rf", [12.0, 12.0, 3.5]),
    bars("lgb", [22.0, 34.0, 2.4]),
    bars("lgb500", [25.0, 26.0, 3.3]),
    bars("xgb", [16.0, 21.0, 4.4]),
];

/// Logistic regression; a scaler and perceptrons 30-128-64-1 and 256-512-512-256-1.
pub(super) const DENSE: [Dense; 3] = [
    Dense { name: "logistic", width: 30 },
    Dense { name: "mlp", width: 30 },
    Dense { name: "mlp_wide", width: 256 },
];
/// What our time divided by ONNX Runtime's may be, for calls of 1 and of 256 rows.
pub(super) const DENSE_MOST: [f64; 2] = [1.0, 1.2];

// === impl Bars ===

impl Bars {
    /// The least quotient for calls of `rows` rows.
    pub(super) fn least(&self, rows: usize, avx512: bool) -> Option<f64> {
        match (rows, avx512) {
            (1, true) => Some(self.one_row),
            (1, false) => Some(self.one_row_without_avx512),
            (1000, true) => Some(self.thousand_rows),
            _ => None,
        }
    }
}

/// Two cells: the bar, and whether it is met.
pub(super) fn cells(bar: Option<f64>, sign: &str, met: impl Fn(f64) -> bool) -> String {
    match bar {
        Some(bar) => format!("{sign} {bar} | {}", if met(bar) { "yes" } else { "**no**" }),
        None => " | ".to_owned(),
    }
}
