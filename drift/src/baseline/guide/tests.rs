//! The table gives what a search over all edges gives, whatever the edges and the value.

use proptest::prelude::*;

use super::{Guide, Scale};

fn searched(edges: &[f64], value: f64) -> usize {
    edges.partition_point(|edge| *edge < value)
}

fn same(edges: &[f64], values: &[f64]) {
    let guide = Guide::new(edges);
    for value in values {
        assert_eq!(guide.below(edges, *value), searched(edges, *value), "{value} {edges:?}");
    }
}

#[test]
fn few_edges_and_none_are_searched_alike() {
    let values =
        [f64::NEG_INFINITY, f64::MIN, -1.0, -0.0, 0.0, 1e-300, 1.0, f64::MAX, f64::INFINITY];
    same(&[], &values);
    same(&[0.0], &values);
    same(&[-1.0, 0.0], &values);
    same(&[f64::MIN, 0.0, f64::MAX], &values);
    same(&[1.0, 1.0f64.next_up()], &[1.0, 1.0f64.next_up(), 1.0f64.next_up().next_up()]);
}

#[test]
fn each_shape_has_the_scale_that_suits_it() {
    let even: Vec<f64> = (0..1000).map(|i| f64::from(i) - 500.0).collect();
    assert!(matches!(Guide::new(&even).scale, Scale::Width { .. }));
    let wide: Vec<f64> = (0..1000).map(|i| (f64::from(i) / 20.0).exp()).collect();
    assert!(matches!(Guide::new(&wide).scale, Scale::Floats { .. }));
    // A search over all has ten steps an edge.
    for edges in [even, wide] {
        assert!(Guide::new(&edges).cost() < 2.0 * 1000.0);
    }
}

proptest! {
    #[test]
    fn it_finds_what_a_search_finds(
        edges in prop::collection::vec(
            prop_oneof![any::<f64>().prop_filter("finite", |v| v.is_finite()), -10f64..10.0],
            0..300,
        ),
        values in prop::collection::vec(
            prop_oneof![any::<f64>().prop_filter("NaN", |v| !v.is_nan()), -11f64..11.0], 1..50,
        ),
    ) {
        let mut edges: Vec<f64> = edges.into_iter().map(|edge| edge + 0.0).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        same(&edges, &values);
        let beside = edges.iter().flat_map(|e| [e.next_down(), *e, e.next_up()]);
        let beside: Vec<f64> = beside.collect();
        same(&edges, &beside);
    }
}
