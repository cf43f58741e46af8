//! Flags that are not given mean the last day.

use super::WindowArgs;

#[test]
fn a_window_is_the_day_before_its_end_unless_said() {
    let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let now = time("2026-11-27T12:00:00Z");
    let of = |from: Option<&str>, to: Option<&str>| {
        let args = WindowArgs { from: from.map(time), to: to.map(time) };
        args.window(now).map(|window| window.to_string()).map_err(|failure| failure.code)
    };
    let day = Ok("2026-11-26T12:00:00Z to 2026-11-27T12:00:00Z".to_owned());
    assert_eq!(of(None, None), day);
    let before = Ok("2026-11-25T00:00:00Z to 2026-11-26T00:00:00Z".to_owned());
    assert_eq!(of(None, Some("2026-11-26T00:00:00Z")), before);
    let hour = Ok("2026-11-27T11:00:00Z to 2026-11-27T12:00:00Z".to_owned());
    assert_eq!(of(Some("2026-11-27T11:00:00Z"), None), hour);
    assert_eq!(of(Some("2026-11-27T13:00:00Z"), None), Err(78));
}
