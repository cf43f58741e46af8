//! Each reason has one cell and one name.

use super::{REASONS, Refusal, Refused};

#[test]
fn reasons_stand_in_the_order_of_their_cells() {
    for (place, (refusal, name)) in REASONS.iter().enumerate() {
        assert_eq!(*refusal as usize, place, "{name}");
    }
    assert_eq!(Refusal::WriteTimeout as usize + 1, REASONS.len());
}

#[test]
fn workers_and_the_main_thread_add_up() {
    let refused = Refused::new(2);
    refused.count(0, Refusal::Handshake);
    refused.count(1, Refusal::Handshake);
    refused.count_admin(Refusal::Handshake);
    refused.count_admin(Refusal::Unauthorized);
    let counted: Vec<_> = refused.totals().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [("handshake", 3), ("unauthorized", 1)]);
}
