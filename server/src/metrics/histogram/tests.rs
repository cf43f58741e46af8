//! Every duration lands in the bucket whose bounds hold it.

use std::time::Duration;

use super::{BUCKETS, Histogram, Snapshot, bounds_seconds};

fn bucket_of(duration: Duration) -> usize {
    let histogram = Histogram::default();
    histogram.observe(duration);
    let mut snapshot = Snapshot::default();
    histogram.add_to(&mut snapshot);
    assert_eq!(snapshot.counts.iter().sum::<u64>(), 1);
    assert_eq!(u128::from(snapshot.sum_ns), duration.as_nanos());
    snapshot.counts.iter().position(|count| *count == 1).unwrap()
}

#[test]
fn bounds_belong_to_the_bucket_they_close() {
    for (index, bound) in bounds_seconds().enumerate() {
        let bound = Duration::from_nanos((bound * 1e9).round() as u64);
        assert_eq!(bucket_of(bound), index);
        assert_eq!(bucket_of(bound + Duration::from_nanos(1)), index + 1);
    }
    assert_eq!(bucket_of(Duration::ZERO), 0);
    assert_eq!(bucket_of(Duration::from_secs(3600)), BUCKETS);
}

#[test]
fn bounds_start_at_ten_microseconds_and_grow_by_half() {
    let bounds: Vec<f64> = bounds_seconds().collect();
    assert_eq!(bounds[0], 10e-6);
    for pair in bounds.windows(2) {
        assert!((pair[1] / pair[0] - 1.5).abs() < 1e-4, "{pair:?}");
    }
}

#[test]
fn snapshots_add_up() {
    let (a, b) = (Histogram::default(), Histogram::default());
    a.observe(Duration::from_micros(5));
    b.observe(Duration::from_micros(5));
    b.observe(Duration::from_millis(5));
    let mut sum = Snapshot::default();
    a.add_to(&mut sum);
    b.add_to(&mut sum);
    assert_eq!(sum.counts[0], 2);
    assert_eq!(sum.counts.iter().sum::<u64>(), 3);
    assert_eq!(sum.sum_ns, 5_010_000);
}
