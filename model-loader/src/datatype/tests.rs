//! Names of datatypes go out and come back.

use super::*;

#[test]
fn every_name_parses_to_its_datatype() {
    for datatype in Datatype::ALL {
        assert_eq!(datatype.to_string().parse::<Datatype>().unwrap(), datatype);
    }
}

#[test]
fn unknown_names_are_refused_by_name() {
    for name in ["", "fp32", "FP16", "FLOAT", "INT64 "] {
        let error = name.parse::<Datatype>().unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
}
