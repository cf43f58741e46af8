//! The last report on an endpoint's drift, from the store: whichever replica made it.

use model_loader::Name;
use object_store::ObjectStoreExt;

use super::encode::{self, Reply};
use super::shown::Shown;
use crate::error::Error;
use crate::monitor::report_path;

/// Largest report that is shown.
const BYTES_MAX: u64 = 64 << 20;

/// The report in that form: "json", or "html" for people.
///
/// # Errors
/// [`Error::UnknownPart`] while there is none, [`Error::Broken`] for a store that does not answer.
pub(super) async fn report(shown: &Shown, endpoint: &Name, form: &str) -> Result<Reply, Error> {
    let path = report_path(endpoint.as_ref(), "latest", form);
    let failed = |error: &dyn std::fmt::Display| {
        tracing::warn!(%path, %error, "a report cannot be read");
        Error::Broken
    };
    let got = match shown.store.get(&path).await {
        Err(object_store::Error::NotFound { .. }) => {
            let model = endpoint.to_string();
            return Err(Error::UnknownPart { model, what: "report", name: "latest".to_owned() });
        }
        got => got.map_err(|error| failed(&error))?,
    };
    if got.meta.size > BYTES_MAX {
        return Err(failed(&format_args!("{} bytes", got.meta.size)));
    }
    let bytes = got.bytes().await.map_err(|error| failed(&error))?;
    Ok(match form {
        "html" => encode::body(bytes.into(), "text/html; charset=utf-8"),
        _ => encode::json(bytes.into()),
    })
}
