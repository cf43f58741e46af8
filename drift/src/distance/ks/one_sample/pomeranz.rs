//! Pomeranz's recursion (1974): exact, for small samples and a middling D.

/// Probability that D of a sample of `n` rows, at most 140, is `x` or less.
///
/// Each of `2n + 1` rows is the one before, spread by a law of Poisson's without its constant;
/// [`reach`] says between which places a row is not 0.
pub(super) fn below(n: u64, x: f64) -> f64 {
    let rows = n as f64;
    let t = rows * x;
    let fraction = t - t.floor();
    let band = Band {
        n: n as i64,
        whole: t.floor() as i64,
        ceil: i64::from(fraction > 0.0),
        round: i64::from(fraction > 0.5),
    };
    let near = fraction.min(1.0 - fraction);
    let width = 2 * (band.whole as usize + 1);
    let edge = weights(near / rows, width);
    let double = weights(2.0 * near / rows, width);
    let rest = weights((1.0 - 2.0 * near) / rows, width);

    let mut from = band.reach(0).0;
    let mut row = vec![1.0];
    for i in 1..=2 * n as i64 + 1 {
        let spread = match i {
            1 => &edge,
            last if last == 2 * band.n + 1 => &edge,
            odd if odd % 2 == 1 => &double,
            _ => &rest,
        };
        let (start, end) = band.reach(i);
        let cell = |place: i64| -> f64 {
            let sources = row.iter().zip(from..).filter(|(_, at)| *at <= place);
            sources.map(|(value, at)| value * weight(spread, place - at)).sum()
        };
        let next = (start..=end).map(cell).collect();
        (row, from) = (next, start);
    }
    // Up to 140!, about 1e241; the cell is not below 1 / n!, so neither leaves the floats' range.
    let last = usize::try_from(band.n - from).ok().and_then(|place| row.get(place));
    (1..=n).fold(last.copied().unwrap_or(0.0), |p, i| p * i as f64)
}

/// `n x` in its parts.
struct Band {
    n: i64,
    whole: i64,
    ceil: i64,
    round: i64,
}

// === impl Band ===

impl Band {
    /// First and last place of row `i` that is not 0.
    fn reach(&self, i: i64) -> (i64, i64) {
        let half = (i + 1) / 2;
        let (first, last) = match i {
            0 => (-self.whole - self.ceil - 1, self.whole + self.ceil - 1),
            _ if (i + 1) % 2 == 1 => {
                (half - 1 - self.whole - 1, half + self.whole + self.round - 1)
            }
            _ if half == self.n + 1 => {
                (self.n - self.whole - self.ceil - 1, self.n + self.whole + self.ceil - 1)
            }
            _ => (half - 1 - self.whole - self.round - 1, half + self.whole - 1 + self.ceil - 1),
        };
        ((first + 2).max(0), last.min(self.n))
    }
}

/// `x^m / m!` for each m.
fn weights(x: f64, count: usize) -> Vec<f64> {
    let next = |last: &mut f64, m: usize| {
        if m > 0 {
            *last *= x / m as f64;
        }
        Some(*last)
    };
    (0..count).scan(1.0, next).collect()
}

fn weight(weights: &[f64], place: i64) -> f64 {
    usize::try_from(place).ok().and_then(|place| weights.get(place)).copied().unwrap_or(0.0)
}
