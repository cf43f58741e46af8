//! What the kernel takes and refuses; its sums are compared in `kernel/tests.rs`.

use super::*;
use crate::compile;
use crate::random::{Draw, Shape};

fn trees(shape: &Shape) -> Trees {
    Trees::of(&compile::compile(&shape.ensemble(&mut Draw(5))).unwrap()).unwrap()
}

#[test]
fn what_does_not_fit_is_refused() {
    let fits = Shape { trees: 20, leaves: 32, depth: 9, features: 9, ..Shape::default() };
    assert!(Sweep::compile(&trees(&fits)).is_some_and(|sweep| sweep.bytes() > 0));
    let large = Shape { leaves: 100, depth: 64, ..fits.clone() };
    assert!(Sweep::compile(&trees(&large)).is_none(), "a tree of more leaves than a mark can name");
    let mut shared = trees(&fits);
    shared.trees[0].proper = false;
    assert!(Sweep::compile(&shared).is_none(), "a node with two parents");
}
