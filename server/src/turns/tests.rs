//! Tasks that are ready together see one turn, and the next ones another.

use std::cell::RefCell;
use std::rc::Rc;

use super::Turns;

#[test]
fn tasks_that_are_ready_together_see_one_turn() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let seen = Rc::new(RefCell::new(Vec::new()));
    local.block_on(&runtime, async {
        let turns = Rc::new(Turns::default());
        let ender = Rc::clone(&turns);
        tokio::task::spawn_local(async move { ender.run().await });
        tokio::task::yield_now().await;
        for _ in 0..3 {
            for _ in 0..5 {
                let (turns, seen) = (Rc::clone(&turns), Rc::clone(&seen));
                tokio::task::spawn_local(async move { seen.borrow_mut().push(turns.now()) });
            }
            // Behind the five, and behind the end of their turn.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
    });
    let seen = seen.borrow();
    let turns: Vec<&[u64]> = seen.chunk_by(|a, b| a == b).collect();
    assert_eq!(turns.iter().map(|turn| turn.len()).collect::<Vec<_>>(), [5, 5, 5], "{seen:?}");
}
