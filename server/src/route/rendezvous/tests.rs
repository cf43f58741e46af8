//! Shares follow the weights; a change of weights moves the fewest keys; everybody agrees.

use super::{Rendezvous, Weight};

const KEYS: usize = 100_000;

fn over(deployments: &[(&str, f64)]) -> Rendezvous {
    let weight = |percent| Weight::from_percent(percent).unwrap();
    Rendezvous::new(deployments.iter().map(|(name, percent)| (*name, weight(*percent))))
}

fn picks(deployments: &[(&str, f64)]) -> Vec<&'static str> {
    let names = ["blue", "green", "red"];
    let over = over(deployments);
    let name = |key: usize| {
        let index = over.pick(format!("customer-{key}").as_bytes()).unwrap();
        let name = deployments[index].0;
        *names.iter().find(|known| **known == name).unwrap()
    };
    (0..KEYS).map(name).collect()
}

fn share(picks: &[&str], name: &str) -> f64 {
    picks.iter().filter(|picked| **picked == name).count() as f64 / KEYS as f64
}

#[test]
fn shares_follow_the_weights() {
    let picks = picks(&[("green", 70.0), ("blue", 29.0), ("red", 1.0)]);
    for (name, ratio) in [("green", 0.7), ("blue", 0.29), ("red", 0.01)] {
        // Five standard deviations of a binomial share.
        let bound = 5.0 * (ratio * (1.0 - ratio) / KEYS as f64).sqrt();
        assert!((share(&picks, name) - ratio).abs() < bound, "{name}: {}", share(&picks, name));
    }
}

#[test]
fn a_change_of_weights_moves_only_what_it_must() {
    let before = picks(&[("green", 90.0), ("blue", 10.0)]);
    let after = picks(&[("green", 50.0), ("blue", 50.0)]);
    let moved = before.iter().zip(&after).filter(|(a, b)| a != b);
    for (from, to) in moved.clone() {
        assert_eq!((*from, *to), ("green", "blue"));
    }
    let ratio = moved.count() as f64 / KEYS as f64;
    assert!((ratio - 0.4).abs() < 0.01, "{ratio} moved, 0.4 must");

    // A third one takes from both, in proportion, and nobody moves between those two.
    let with_red = picks(&[("green", 45.0), ("blue", 45.0), ("red", 10.0)]);
    assert!(after.iter().zip(&with_red).all(|(a, b)| a == b || *b == "red"));
}

#[test]
fn neither_order_nor_those_without_weight_matter() {
    let one = picks(&[("green", 50.0), ("blue", 50.0)]);
    assert_eq!(one, picks(&[("blue", 50.0), ("red", 0.0), ("green", 50.0)]));
    assert_eq!(over(&[("green", 0.0)]).pick(b"x"), None);
    assert_eq!(over(&[]).pick(b"x"), None);
}

/// The numbers of another implementation, Python's xxhash 4.1: other replicas, and other languages,
/// must find the same deployment.
#[test]
fn the_choice_is_the_documented_one() {
    const CHOSEN: [usize; 24] =
        [1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0];
    let over = over(&[("green", 50.0), ("blue", 50.0)]);
    let keys = (0..CHOSEN.len()).map(|key| format!("customer-{key}"));
    let picked: Vec<usize> = keys.map(|key| over.pick(key.as_bytes()).unwrap()).collect();
    assert_eq!(picked, CHOSEN);
}
