//! ADWIN: a window over a stream of numbers that drops its old end when the mean has changed.
//!
//! The second algorithm of Bifet and Gavalda, "Learning from time-changing data with adaptive
//! windowing" (SIAM Data Mining 2007), as river 0.26.1 computes it (`rust_src/adwin.rs` and
//! `river/drift/adwin.py` of its source): the same numbers in the same order of operations, so
//! that it fires at the same index. The window is kept as exponential buckets: level `i` holds up
//! to five sums of 2^i values each, so memory grows with the logarithm of the window.

use super::mean::is_taken;
use crate::Error;

#[cfg(test)]
mod tests;

/// A check for a change after this many values.
const CLOCK: u64 = 32;
/// Buckets that a level keeps; one more, and its two oldest become one of the next level.
const MAX_BUCKETS: usize = 5;
/// Neither side of a cut may be shorter.
const MIN_SIDE: f64 = 5.0;
/// No check on a window that is not longer than this.
const GRACE: f64 = 10.0;

/// The detector.
#[derive(Clone, Debug, PartialEq)]
pub struct Adwin {
    delta: f64,
    window: Window,
    drift: bool,
}

/// Sum and squared deviations of 2^level values in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bucket {
    total: f64,
    deviations: f64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Window {
    /// By level; in each the oldest first.
    levels: Vec<Vec<Bucket>>,
    width: f64,
    total: f64,
    /// Sum of squared deviations from the mean, as estimated from the buckets.
    deviations: f64,
    ticks: u64,
}

// === impl Adwin ===

impl Default for Adwin {
    /// With river's delta, 0.002.
    fn default() -> Self {
        Self { delta: 0.002, window: Window::default(), drift: false }
    }
}

impl Adwin {
    /// One that cuts its window where two sides of one distribution would differ as much with
    /// probability `delta` at most, which lies between 0 and 1; smaller is slower and surer.
    ///
    /// # Errors
    ///
    /// [`Error::Threshold`] when it does not.
    pub fn new(delta: f64) -> Result<Self, Error> {
        if delta > 0.0 && delta < 1.0 {
            return Ok(Self { delta, ..Self::default() });
        }
        Err(Error::Threshold { name: "delta", value: delta, must: "between 0 and 1" })
    }

    /// Takes the next value; true when the mean has changed. After that the next value starts a
    /// window of its own, as in river. A value that is NaN or beyond 1e150 either way is not
    /// taken, and gives false.
    pub fn update(&mut self, value: f64) -> bool {
        if !is_taken(value) {
            return false;
        }
        if self.drift {
            self.window = Window::default();
        }
        self.window.insert(value);
        self.drift = self.window.shrink(self.delta);
        self.drift
    }

    /// Values in the window.
    pub fn width(&self) -> u64 {
        self.window.width as u64
    }

    /// Mean of the window; `None` while it is empty.
    pub fn mean(&self) -> Option<f64> {
        (self.window.width > 0.0).then(|| self.window.total / self.window.width)
    }
}

// === impl Window ===

impl Window {
    fn insert(&mut self, value: f64) {
        self.width += 1.0;
        if self.width > 1.0 {
            let delta = value - self.total / (self.width - 1.0);
            self.deviations += (self.width - 1.0) * delta * delta / self.width;
        }
        self.total += value;
        self.push(0, Bucket { total: value, deviations: 0.0 });
        self.ticks += 1;
    }

    /// Adds a bucket to a level and makes two of a full level one of the next.
    fn push(&mut self, level: usize, bucket: Bucket) {
        if level == self.levels.len() {
            self.levels.push(Vec::with_capacity(MAX_BUCKETS + 1));
        }
        let buckets = &mut self.levels[level];
        buckets.push(bucket);
        if buckets.len() <= MAX_BUCKETS {
            return;
        }
        let (first, second) = (buckets[0], buckets[1]);
        buckets.drain(..2);
        let size = size(level);
        let apart = first.total / size - second.total / size;
        let deviations = first.deviations + second.deviations + size * 0.5 * apart * apart;
        self.push(level + 1, Bucket { total: first.total + second.total, deviations });
    }

    /// Drops old buckets as long as some cut shows two different means; true when any was.
    fn shrink(&mut self, delta: f64) -> bool {
        if !self.ticks.is_multiple_of(CLOCK) || self.width <= GRACE {
            return false;
        }
        let mut changed = false;
        while self.has_cut(delta) {
            changed = true;
            self.drop_oldest();
        }
        changed
    }

    /// Whether the window can be cut in two of different means, the oldest cut first.
    fn has_cut(&self, delta: f64) -> bool {
        let (mut n0, mut n1) = (0.0, self.width);
        let (mut u0, mut u1) = (0.0, self.total);
        for (level, buckets) in self.levels.iter().enumerate().rev() {
            for bucket in buckets {
                n0 += size(level);
                n1 -= size(level);
                u0 += bucket.total;
                u1 -= bucket.total;
                // Also ends the walk: after the last bucket n1 is 0.
                if n0 >= MIN_SIDE && n1 >= MIN_SIDE {
                    let apart: f64 = u0 / n0 - u1 / n1;
                    if apart.abs() > self.bound(n0, n1, delta) {
                        return true;
                    }
                }
            }
        }
        false
    }

    /// How far apart the means of two sides of these lengths may lie.
    fn bound(&self, n0: f64, n1: f64, delta: f64) -> f64 {
        let d = (2.0 * self.width.ln() / delta).ln();
        let m = 1.0 / (n0 - MIN_SIDE + 1.0) + 1.0 / (n1 - MIN_SIDE + 1.0);
        (2.0 * m * (self.deviations / self.width) * d).sqrt() + 2.0 / 3.0 * d * m
    }

    fn drop_oldest(&mut self) {
        // A cut was found, so there is a bucket, and MIN_SIDE values stay.
        let Some(buckets) = self.levels.last_mut() else { return };
        let bucket = buckets.remove(0);
        let emptied = buckets.is_empty();
        let size = size(self.levels.len() - 1);
        if emptied {
            self.levels.pop();
        }
        self.width -= size;
        self.total -= bucket.total;
        let apart = bucket.total / size - self.total / self.width;
        self.deviations -=
            bucket.deviations + size * self.width * apart * apart / (size + self.width);
    }
}

/// Values that a bucket of this level stands for.
fn size(level: usize) -> f64 {
    (1_u64 << level) as f64
}
