//! Which requests' rows are kept: a share of them, chosen by a hash of the request's id.
//!
//! Called by `handle`. The same id is kept or left out wherever it is asked, so inputs, outputs,
//! labels and another replica's rows of one request stay together.

use twox_hash::XxHash64;

/// A share of all requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Kept are the hashes below; `None` keeps all.
    below: Option<u64>,
}

// === impl Sampling ===

impl Sampling {
    /// A share from 0 to 1; one beyond is taken for the end it is nearer to.
    pub fn new(ratio: f64) -> Self {
        // The conversion saturates, and makes 0 of NaN.
        let below = (ratio * 2_f64.powi(64)) as u64;
        Self { below: (ratio < 1.0).then_some(below) }
    }

    /// How many requests one that is kept stands for; 1 for a share of 0, which keeps none.
    pub(crate) fn weight(self) -> f64 {
        match self.below {
            None | Some(0) => 1.0,
            Some(below) => 2_f64.powi(64) / below as f64,
        }
    }

    /// Whether the rows of this request are kept: XXH64, seed 0, of the id's bytes.
    #[inline]
    pub(crate) fn keeps(self, request_id: &str) -> bool {
        self.below.is_none_or(|below| XxHash64::oneshot(0, request_id.as_bytes()) < below)
    }
}

impl Default for Sampling {
    /// Everything is kept.
    fn default() -> Self {
        Self { below: None }
    }
}

#[cfg(test)]
mod tests {
    //! Shares come out as asked, and a larger share keeps what a smaller one kept.

    use super::Sampling;

    fn kept(ratio: f64) -> Vec<usize> {
        let sampling = Sampling::new(ratio);
        (0..100_000).filter(|id| sampling.keeps(&format!("request-{id}"))).collect()
    }

    #[test]
    fn a_share_is_kept() {
        for ratio in [0.001, 0.1, 0.5, 0.9] {
            let share = kept(ratio).len() as f64 / 1e5;
            assert!((share - ratio).abs() < 5.0 * (ratio * (1.0 - ratio) / 1e5).sqrt(), "{share}");
        }
        assert_eq!((kept(0.0).len(), kept(1.0).len(), kept(7.0).len()), (0, 100_000, 100_000));
        assert_eq!((kept(-1.0).len(), Sampling::default()), (0, Sampling::new(1.0)));
    }

    #[test]
    fn a_larger_share_keeps_what_a_smaller_one_kept() {
        let (small, large) = (kept(0.1), kept(0.2));
        assert!(small.iter().all(|id| large.binary_search(id).is_ok()));
    }
}
