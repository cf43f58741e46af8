//! Sound headers are continued under another span; all others are passed over.

use super::Trace;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn a_trace_goes_on_under_a_span_of_its_own() {
    for (header, flags) in [
        (format!("00-{TRACE}-00f067aa0ba902b7-01"), "01"),
        (format!("00-{TRACE}-00f067aa0ba902b7-00"), "00"),
        (format!("cc-{TRACE}-00f067aa0ba902b7-01-more"), "01"),
    ] {
        let wanted = format!("00-{TRACE}-000000000000002a-{flags}");
        let trace = Trace::continued(&header, 42).unwrap();
        assert_eq!(trace.header(), wanted, "{header}");
        assert_eq!((trace.parent, trace.is_sampled()), (0x00f0_67aa_0ba9_02b7, flags == "01"));
    }
    let none = Trace::continued(&format!("00-{TRACE}-00f067aa0ba902b7-01"), 0).unwrap();
    assert_eq!(none.span, 1);
}

#[test]
fn what_is_no_trace_is_passed_over() {
    let zero = "0".repeat(32);
    for header in [
        String::new(),
        "00".to_owned(),
        format!("00-{TRACE}-00f067aa0ba902b7"),
        format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
        format!("00-{TRACE}-00f067aa0ba902b7-01x"),
        format!("ff-{TRACE}-00f067aa0ba902b7-01"),
        format!("00-{zero}-00f067aa0ba902b7-01"),
        format!("00-{TRACE}-0000000000000000-01"),
        format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
        format!("00_{TRACE}_00f067aa0ba902b7_01"),
        "00-ééééééééééééééééé-é-é-é-é".to_owned(),
    ] {
        assert_eq!(Trace::continued(&header, 42), None, "{header}");
    }
}
