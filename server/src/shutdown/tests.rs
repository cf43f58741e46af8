//! Phases go forward only, and whoever waits for one is told.

use super::{Phase, PhaseSwitch};

#[test]
fn phases_go_forward_only() {
    let (switch, view) = PhaseSwitch::new();
    assert_eq!(view.now(), Phase::Starting);
    for (to, now) in [
        (Phase::Serving, Phase::Serving),
        (Phase::Closing, Phase::Closing),
        (Phase::Draining, Phase::Closing),
        (Phase::Starting, Phase::Closing),
    ] {
        switch.advance(to);
        assert_eq!(view.now(), now);
    }
}

#[tokio::test]
async fn waiting_ends_when_the_phase_is_reached_or_passed() {
    let (switch, view) = PhaseSwitch::new();
    let mut waiting = view.clone();
    let waiter = async move { waiting.reached(Phase::Draining).await };
    let mover = async move { switch.advance(Phase::Closing) };
    tokio::join!(waiter, mover);
    assert_eq!(view.now(), Phase::Closing);
}

#[tokio::test]
async fn waiting_ends_with_the_switch() {
    let (switch, mut view) = PhaseSwitch::new();
    drop(switch);
    view.reached(Phase::Closing).await;
}
