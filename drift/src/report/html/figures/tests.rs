//! What numbers look like at their edges.

use super::{between, count, distance, latency, probability, share, times, value};

#[test]
fn counts_have_thin_separators() {
    assert_eq!([0, 999, 1_000].map(count), ["0", "999", "1\u{202F}000"]);
    assert_eq!(count(48_213), "48\u{202F}213");
    assert_eq!(count(u64::MAX).matches('\u{202F}').count(), 6);
}

#[test]
fn distances_have_few_digits() {
    let shown = [0.0, 0.00001, 0.0031, 0.09996, 0.41234, 5.214, 27.04, 1234.5].map(distance);
    let expected = ["0", "&lt; 0.0001", "0.0031", "0.1", "0.412", "5.21", "27", "1\u{202F}235"];
    assert_eq!(shown, expected);
    assert_eq!([f64::NAN, f64::INFINITY].map(distance), ["\u{2013}"; 2]);
    assert_eq!(between(0.2281, 0.2289), "0.228\u{2013}0.229");
    assert_eq!(between(0.2281, 0.2282), "0.228");
}

#[test]
fn values_keep_their_sign_and_size() {
    let shown = [-0.40881, 18.0, -1.5, 9_999.6, 123_456.0, 1e12, -2.5e-7].map(value);
    let expected = [
        "\u{2212}0.4088",
        "18",
        "\u{2212}1.5",
        "10\u{202F}000",
        "123\u{202F}456",
        "1.000e12",
        "\u{2212}2.500e-7",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn shares_never_round_to_nothing_or_to_all() {
    let shown = [0.0, 0.00001, 0.0025, 0.12345, 0.99999, 1.0].map(share);
    assert_eq!(shown, ["0%", "&lt; 0.01%", "0.25%", "12.3%", "&gt; 99.9%", "100%"]);
}

#[test]
fn probabilities_times_and_latencies() {
    let shown = [0.0, 0.00009, 0.0123, 0.33, 0.9999].map(probability);
    assert_eq!(shown, ["&lt;0.0001", "&lt;0.0001", "0.012", "0.33", "&gt;0.999"]);
    let shown = [0.0, 0.004, 0.126, 5.214, 17.24, 123.4, 1e9].map(times);
    let shown = shown.map(|of| of.trim_end_matches('\u{D7}').to_owned());
    assert_eq!(shown, ["0.00", "&lt; 0.01", "0.13", "5.21", "17.2", "123", "over 1000"]);
    let shown = [20, 750, 1_500, 5_000_000].map(latency);
    assert_eq!(shown, ["20 \u{B5}s", "750 \u{B5}s", "1.5 ms", "5 s"]);
}
