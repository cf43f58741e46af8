//! What the kernel refuses; its sums are compared in `kernel/tests.rs`.

use super::*;
use crate::random::{Draw, Shape};
use crate::{Kernels, compile};

#[test]
fn a_tree_of_too_many_branches_is_refused() {
    let shape = Shape {
        trees: 1,
        leaves: 100_000,
        depth: 100_000,
        features: 3,
        thresholds: 1000,
        ..Shape::default()
    };
    let mut draw = Draw(5);
    let spec = loop {
        let spec = shape.ensemble(&mut draw);
        if spec.weights.len() > RECORDS_MAX {
            break spec;
        }
    };
    let plain = compile::compile(&spec).unwrap();
    let trees = Trees::of(&plain).unwrap();
    assert_eq!(Compact::compile(&trees), None);
    assert_eq!(crate::Ensemble::of(plain, Kernels::detect()).kernel(1), crate::Kernel::Plain);
}
