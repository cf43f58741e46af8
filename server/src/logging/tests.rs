//! Settings become filters; what cannot be chosen is refused.

use super::{Change, Logging, Settings};

fn change(json: &str) -> Change {
    serde_json::from_str(json).unwrap()
}

#[test]
fn levels_become_filters() {
    for (json, filter) in [
        ("{}", "info,server=warn"),
        (r#"{"log_verbose_level":1}"#, "debug"),
        (r#"{"log_verbose_level":7}"#, "trace"),
        (r#"{"log_info":false}"#, "warn"),
        (r#"{"log_info":false,"log_warning":false}"#, "error"),
        (r#"{"log_info":false,"log_warning":false,"log_error":false}"#, "off"),
    ] {
        let settings = Settings::default().changed(change(json)).unwrap();
        assert_eq!(settings.filter("info,server=warn"), filter, "{json}");
    }
}

#[test]
fn a_change_keeps_what_it_does_not_name() {
    let logging = Logging::silent("info");
    logging.change(change(r#"{"log_info":false}"#)).unwrap();
    let settings = logging.change(change(r#"{"log_verbose_level":1}"#)).unwrap();
    assert!(!settings.log_info && settings.log_verbose_level == 1);
    assert_eq!(logging.settings(), settings);
    let refused = logging.change(change(r#"{"log_file":"/tmp/x"}"#)).unwrap_err().to_string();
    assert!(refused.contains("log_file"), "{refused}");
    assert!(logging.change(change(r#"{"log_format":"default"}"#)).is_ok());
}
