//! Every status of the table has a code that clients understand.

use tonic::Code;

use super::of;
use crate::error::Error;

#[test]
fn errors_have_codes() {
    for (error, code) in [
        (Error::Request("x".to_owned()), Code::InvalidArgument),
        (Error::UnknownModel("x".to_owned()), Code::NotFound),
        (Error::Timeout, Code::DeadlineExceeded),
        (Error::Busy, Code::ResourceExhausted),
        (Error::Starting, Code::Unavailable),
        (Error::BodyLost, Code::Cancelled),
        (Error::Broken, Code::Internal),
        (Error::Closed, Code::InvalidArgument),
        (Error::ReadOnly, Code::PermissionDenied),
    ] {
        let status = of(&error);
        assert_eq!(status.code(), code, "{error}");
        assert_eq!(status.message(), error.to_string());
    }
}
