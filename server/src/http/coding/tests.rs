//! What is packed comes back; what lies about itself is refused.

use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};

use super::{Coding, of_reply, of_request, pack};

fn accepting(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap())])
}

#[test]
fn a_reply_is_packed_as_the_client_takes_it() {
    for (accepted, coding) in [
        ("gzip", Some(Coding::Gzip)),
        ("deflate, gzip;q=0.5", Some(Coding::Gzip)),
        ("gzip;q=0, deflate", Some(Coding::Deflate)),
        ("DEFLATE", Some(Coding::Deflate)),
        ("br, zstd", None),
        ("identity", None),
    ] {
        assert_eq!(of_reply(&accepting(accepted), 5000), coding, "{accepted}");
        assert_eq!(of_reply(&accepting(accepted), 100), None, "{accepted}");
    }
    assert_eq!(of_reply(&HeaderMap::new(), 5000), None);
}

#[test]
fn a_request_says_how_it_is_packed() {
    let said = |value: &'static str| {
        of_request(&HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(value))]))
    };
    assert_eq!(said("gzip").unwrap(), Some(Coding::Gzip));
    assert_eq!(said("identity").unwrap(), None);
    for other in ["br", "gzip, gzip"] {
        assert_eq!(said(other).unwrap_err().status(), 415);
    }
}

#[test]
fn packing_makes_it_smaller() {
    let text = "0.125,".repeat(1000);
    for coding in [Coding::Gzip, Coding::Deflate] {
        assert!(pack(coding, text.as_bytes()).len() < text.len() / 10);
    }
}
