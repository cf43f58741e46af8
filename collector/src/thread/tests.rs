//! Work of low priority is done by a thread that has it, and what it panics with is passed on.

use std::panic::catch_unwind;

use super::*;

#[test]
fn the_thread_has_the_priority_and_the_caller_keeps_its_own() {
    let name = || std::thread::current().name().map(str::to_owned);
    assert_eq!(low("low", name).as_deref(), Some("low"));
    #[cfg(target_os = "linux")]
    {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        assert_eq!((low("low", nice), nice()), (NICE.max(before), before));
    }
}

#[test]
fn a_panic_comes_to_the_caller() {
    let panic = catch_unwind(|| low("low", || panic!("no file"))).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"no file"));
}
