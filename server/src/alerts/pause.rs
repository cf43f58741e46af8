//! How long until the next try: exponential back-off with full jitter.
//!
//! The pause is drawn evenly from nothing to a ceiling that doubles with each try, so that many
//! messages to one receiver that was away do not come back together ("full jitter" of
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>). Who refuses a
//! message is asked again more slowly: a person has to mend something first.

use std::time::Duration;

/// How pauses grow.
struct Growth {
    /// The ceiling after the first try.
    first: Duration,
    /// The highest ceiling.
    highest: Duration,
    /// No pause is shorter.
    least: Duration,
}

const FAILED: Growth = Growth {
    first: Duration::from_secs(4),
    highest: Duration::from_secs(600),
    least: Duration::from_secs(1),
};
const REFUSED: Growth =
    Growth { first: Duration::from_secs(120), highest: LONGEST, least: Duration::from_secs(30) };

/// No pause is longer.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// The pause after so many tries, for a draw from 0 to 1.
pub(super) fn after(tries: u32, is_refusal: bool, draw: f64) -> Duration {
    let Growth { first, highest, least } = if is_refusal { REFUSED } else { FAILED };
    let doublings = tries.saturating_sub(1).min(31);
    let ceiling = first.saturating_mul(1 << doublings).min(highest);
    ceiling.mul_f64(draw.clamp(0.0, 1.0)).max(least)
}

#[cfg(test)]
mod tests {
    //! Pauses double up to their ceiling, and refusals have longer ones.

    use super::{LONGEST, after};
    use std::time::Duration;

    #[test]
    fn ceilings_double_and_end() {
        let seconds = |refused, tries| after(tries, refused, 1.0).as_secs();
        assert_eq!([1, 2, 3, 8, 9, u32::MAX].map(|n| seconds(false, n)), [4, 8, 16, 512, 600, 600]);
        assert_eq!(
            [0, 1, 2, 5, 6, u32::MAX].map(|n| seconds(true, n)),
            [120, 120, 240, 1920, 3600, 3600]
        );
        assert_eq!(after(9, false, 0.5), Duration::from_secs(300));
        assert_eq!((after(9, false, 0.0).as_secs(), after(9, true, 0.0).as_secs()), (1, 30));
        assert_eq!(after(40, true, 7.0), LONGEST);
    }
}
