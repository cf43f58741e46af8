//! Every kernel that this processor runs against the plain walk, on random ensembles.

use proptest::prelude::*;

use super::*;
use crate::random::{Draw, Shape};
use crate::spec::{SpecNode, SpecWeight};
use crate::{Aggregate, Ensemble, Mode, Spec};

/// Numbers of rows on both sides of every block size.
const COUNTS: [usize; 11] = [1, 2, 3, 7, 8, 16, 33, 64, 131, 257, 520];

fn kernels() -> impl Iterator<Item = Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| Kernels::detect().has(*kernel))
}

/// Compares all kernels on all row counts; answers with those that took the ensemble.
#[track_caller]
fn compare(shape: &Shape, seed: u64) -> Vec<Kernel> {
    let mut draw = Draw(seed);
    let spec = shape.ensemble(&mut draw);
    let plain = Ensemble::compile(&spec, Kernels::PLAIN).unwrap();
    // One column more than any tree reads.
    let stride = shape.features + 1;
    let rows = shape.rows(COUNTS[COUNTS.len() - 1], stride, &mut draw);
    let targets = shape.targets;
    let mut wanted = vec![0.0; COUNTS[COUNTS.len() - 1] * targets];
    plain.scores_batch(&rows, stride, &mut wanted);
    let mut took = Vec::new();
    for kernel in kernels() {
        let ensemble =
            Ensemble::compile(&spec, Kernels::from_name(kernel.name()).unwrap()).unwrap();
        if ensemble.kernel(1) != kernel {
            continue;
        }
        took.push(kernel);
        // Copies fit what they hold: a sanitizer sees the first byte that is read behind it.
        let ensemble = ensemble.clone();
        let slack = 1.5 * ensemble.fast().map_or(0.0, Fast::slack) + 1e-6;
        for count in COUNTS {
            let mut found = vec![f64::NAN; count * targets];
            let rows = rows[..count * stride].to_vec();
            ensemble.scores_batch(&rows, stride, &mut found);
            for (at, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                assert!(
                    (found - wanted).abs() <= slack,
                    "{kernel:?}, {count} rows, row {}, target {}: {found}, not {wanted}; {:?}",
                    at / targets,
                    at % targets,
                    &rows[at / targets * stride..][..stride],
                );
            }
        }
    }
    took
}

fn modes() -> impl Strategy<Value = Vec<Mode>> {
    let all = [Mode::Leq, Mode::Lt, Mode::Gte, Mode::Gt, Mode::Eq, Mode::Neq];
    prop_oneof![
        Just(vec![Mode::Leq]),
        Just(vec![Mode::Lt]),
        Just(vec![Mode::Leq, Mode::Eq]),
        Just(all.to_vec()),
    ]
}

fn aggregates() -> impl Strategy<Value = Aggregate> {
    let all = [Aggregate::Sum, Aggregate::Sum, Aggregate::Average, Aggregate::Min, Aggregate::Max];
    prop::sample::select(all.to_vec())
}

prop_compose! {
    fn shapes()(
        trees in 1..40_usize,
        leaves in prop::sample::select(vec![1, 2, 4, 8, 16, 31, 32, 64, 65, 200]),
        depth in prop::sample::select(vec![1, 2, 3, 4, 6, 8, 12, 40]),
        features in prop::sample::select(vec![1, 2, 15, 16, 17, 30, 33, 64, 65, 130, 300]),
        thresholds in prop::sample::select(vec![1, 3, 16, 17, 100, 254, 255, 1000]),
        targets in prop::sample::select(vec![1, 1, 2, 3, 11]),
        vectors in any::<bool>(),
        modes in modes(),
        missing in any::<bool>(),
        aggregate in aggregates(),
        base in any::<bool>(),
    ) -> Shape {
        Shape {
            trees,
            leaves,
            depth,
            features,
            thresholds,
            targets,
            vectors,
            modes,
            missing,
            aggregate,
            base,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn kernels_agree_with_the_plain_walk(shape in shapes(), seed in any::<u64>()) {
        compare(&shape, seed);
    }
}

#[track_caller]
fn takes(kernel: Kernel, shape: &Shape) {
    let took = compare(shape, 1);
    assert!(took.contains(&kernel) || !Kernels::detect().has(kernel), "{took:?} took {shape:?}");
}

#[test]
fn every_kernel_takes_what_it_is_for() {
    takes(Kernel::Compact, &Shape::default());
    let full = Shape { leaves: 64, missing: true, features: 15, ..Shape::default() };
    let classes = Shape { targets: 3, base: true, ..Shape::default() };
    let vectors = Shape { vectors: true, ..classes.clone() };
    let half = Shape { features: 50, ..Shape::default() };
    let wide = Shape { features: 90, ..Shape::default() };
    let modes = vec![Mode::Lt, Mode::Gt];
    let widest = Shape { features: 120, missing: true, modes, ..Shape::default() };
    for shape in [&full, &classes, &Shape::default()] {
        takes(Kernel::Shallow, &Shape { depth: 3, ..shape.clone() });
    }
    for leaves in [2, 8, 100, 1000] {
        for shape in [&full, &classes, &vectors, &Shape::default()] {
            takes(Kernel::Blocks, &Shape { leaves, thresholds: 900, depth: 14, ..shape.clone() });
        }
    }
    for leaves in [2, 8, 16, 32, 64] {
        for shape in [&full, &classes, &vectors, &half, &wide, &widest] {
            takes(Kernel::Doubling, &Shape { leaves, ..shape.clone() });
            if !shape.vectors {
                takes(Kernel::Sweep, &Shape { leaves, ..shape.clone() });
            }
            if shape.features <= 50 {
                takes(Kernel::Tables, &Shape { leaves, ..shape.clone() });
            }
        }
    }
}

#[test]
fn a_thousand_leaves_and_two_thousand_features() {
    let wide = Shape { leaves: 1000, features: 2000, trees: 5, ..Shape::default() };
    takes(Kernel::Compact, &wide);
}

/// An `==` and a child of two parents, which together have as many branches, leaves and edges as a
/// proper tree.
#[test]
fn parents_may_share_a_child() {
    let node = |node, feature, mode, threshold, yes, no| SpecNode {
        tree: 0,
        node,
        feature,
        mode,
        threshold,
        yes,
        no,
        missing_yes: false,
    };
    let leaf = |id| node(id, 0, Mode::Leaf, 0.0, 0, 0);
    let weight = |node, weight| SpecWeight { tree: 0, node, target: 0, weight };
    let spec = Spec {
        nodes: vec![
            node(0, 0, Mode::Leq, 1.0, 1, 9),
            node(1, 1, Mode::Eq, 2.0, 9, 2),
            leaf(2),
            leaf(9),
        ],
        weights: vec![weight(2, -1.0), weight(9, 1.0)],
        targets: 1,
        ..Spec::default()
    };
    let values = [0.0, 1.0, 2.0, 5.0];
    let rows: Vec<f32> = (0..520).flat_map(|at| [values[at % 4], values[at / 4 % 4]]).collect();
    let wanted = rows.as_chunks().0.iter().map(|[x, y]| match *x <= 1.0 && *y != 2.0 {
        true => -1.0,
        false => 1.0,
    });
    let wanted: Vec<f64> = wanted.collect();
    let forced = kernels().map(|kernel| Kernels::from_name(kernel.name()).unwrap());
    for kernels in forced.chain([Kernels::detect()]) {
        let ensemble = Ensemble::compile(&spec, kernels).unwrap();
        for count in [1, 64, 520] {
            let mut found = vec![f64::NAN; count];
            ensemble.scores_batch(&rows[..2 * count], 2, &mut found);
            assert_eq!(found, wanted[..count], "{kernels:?}, {count} rows");
        }
    }
}

#[test]
fn what_no_kernel_takes_is_walked() {
    let constant = Shape { leaves: 1, ..Shape::default() };
    assert_eq!(compare(&constant, 2), [Kernel::Plain]);
    let least = Shape { aggregate: Aggregate::Min, ..Shape::default() };
    assert_eq!(compare(&least, 3), [Kernel::Plain]);
    let spec: Spec = Shape::default().ensemble(&mut Draw(4));
    let ensemble = Ensemble::compile(&spec, Kernels::PLAIN).unwrap();
    assert_eq!((ensemble.kernel(1), ensemble.compiled_bytes()), (Kernel::Plain, 0));
}
