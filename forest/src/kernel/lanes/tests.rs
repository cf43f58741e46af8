//! Every value comes to its column and lane, whatever the numbers of rows and columns.

use super::*;

#[test]
fn columns_are_those_of_the_rows() {
    if !is_x86_feature_detected!("avx512f") {
        return;
    }
    for (count, stride) in [(16, 16), (16, 5), (3, 40), (1, 1), (20, 33), (16, 64)] {
        let rows: Vec<f32> = (0..count * stride).map(|at| at as f32).collect();
        let mut turned = Turned::<2>::new();
        turned.set(&rows, stride);
        for feature in (0..stride).filter(|feature| feature % 3 != 1) {
            // SAFETY: the processor has AVX-512, as looked up above.
            let columns = unsafe { turned.column(feature) };
            for (row, column) in (0..count).step_by(LANES).zip(columns) {
                let mut lanes = Lanes([f32::NAN; LANES]);
                // SAFETY: as above.
                unsafe { store(&mut lanes, column) };
                let of_row = |lane: usize| rows[(row + lane).min(count - 1) * stride + feature];
                assert_eq!(lanes.0, std::array::from_fn(of_row), "{count} x {stride}, {feature}");
            }
        }
    }
}
