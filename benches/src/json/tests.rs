//! Bodies against text written by hand.

use super::{Digits, infer};

#[test]
fn a_body_is_what_a_client_writes() {
    let body = infer(&[4.0, f32::NAN, 0.1, -1e-10], 2, Digits::Shortest);
    let tensor = r#"{"name":"features","shape":[2,2],"datatype":"FP32","data":"#;
    assert_eq!(body, format!(r#"{{"inputs":[{tensor}[4.0,null,0.1,-1e-10]}}]}}"#));
}

#[test]
fn widened_floats_have_all_digits() {
    let body = infer(&[0.1], 1, Digits::Widened);
    assert!(body.ends_with("[0.10000000149011612]}]}"), "{body}");
}
