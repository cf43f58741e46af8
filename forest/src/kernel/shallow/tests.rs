//! What the kernel takes and refuses; its sums are compared in `kernel/tests.rs`.

use super::*;
use crate::compile;
use crate::random::{Draw, Shape};

fn trees(shape: &Shape) -> Trees {
    Trees::of(&compile::compile(&shape.ensemble(&mut Draw(3))).unwrap()).unwrap()
}

#[test]
fn what_does_not_fit_is_refused() {
    let fits = Shape { trees: 200, leaves: 8, depth: 3, features: 9, ..Shape::default() };
    let compiled = Shallow::compile(&trees(&fits)).unwrap();
    assert!(compiled.bytes() > 0);
    let large = Shape { leaves: 16, depth: 4, ..fits };
    assert!(Shallow::compile(&trees(&large)).is_none(), "a tree of four levels");
}
