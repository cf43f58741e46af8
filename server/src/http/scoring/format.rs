//! The form of a body that is a table, by its type: JSON, CSV or an Arrow stream.

use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use model_loader::Signature;

use crate::error::Error;
use crate::http::encode;
use crate::limits::RequestLimits;
use crate::protocol::frames::Table;
use crate::protocol::predictions::Outputs;
use crate::protocol::{arrow, csv};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// In the protocol's own words.
    Json,
    /// Lines of text.
    Csv,
    /// Batches of columns.
    Arrow,
}

// === impl Format ===

impl Format {
    fn named(kind: &str) -> Option<Self> {
        let known =
            [(encode::JSON, Self::Json), (csv::TYPE, Self::Csv), (arrow::TYPE, Self::Arrow)];
        let found = known.into_iter().find(|(name, _)| kind.eq_ignore_ascii_case(name));
        found.map(|(_, format)| format)
    }

    /// Of a request's body; whatever is neither of the others is JSON.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let (kind, _) = kind(headers);
        Self::named(kind).unwrap_or(Self::Json)
    }

    /// Of a request's body where the type is to be one of the three, in UTF-8, with no other
    /// parameter.
    ///
    /// # Errors
    /// [`Error::ContentType`].
    pub(super) fn strictly(headers: &HeaderMap) -> Result<Self, Error> {
        let (kind, parameters) = kind(headers);
        let wrong = |what: String| Err(Error::ContentType(what));
        let Some(format) = Self::named(kind) else {
            let other: String = kind.chars().take(100).collect();
            let known = [encode::JSON, csv::TYPE, arrow::TYPE].join(", ");
            return wrong(format!("content type \"{other}\" is none of {known}"));
        };
        for parameter in parameters.split(';').map(str::trim).filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_matches('"');
            if !name.trim().eq_ignore_ascii_case("charset") {
                let name: String = name.chars().take(100).collect();
                return wrong(format!("content type has a parameter \"{name}\" that is not known"));
            }
            if !value.eq_ignore_ascii_case("utf-8") {
                return wrong("the charset of a body is UTF-8".to_owned());
            }
        }
        Ok(format)
    }

    /// Whether a client that was not told otherwise wants its answer in CSV.
    pub(super) fn accepts_csv(headers: &HeaderMap) -> bool {
        let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut kinds = accepted.flat_map(|value| value.split(','));
        kinds.any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == csv::TYPE))
    }

    /// Reads a table that is not JSON.
    ///
    /// # Errors
    /// Those of the form.
    pub(super) fn read(
        self,
        body: &[u8],
        signature: &Signature,
        limits: RequestLimits,
    ) -> Result<Table<'static>, Error> {
        match self {
            Self::Arrow => arrow::read(body, signature, limits),
            Self::Csv | Self::Json => csv::read(body, signature, limits),
        }
    }

    /// Writes an answer that is not JSON, and its type.
    ///
    /// # Errors
    /// Those of the form.
    pub(super) fn write(self, outputs: Outputs<'_>) -> Result<(Vec<u8>, &'static str), Error> {
        match self {
            Self::Arrow => Ok((arrow::write(outputs)?, arrow::TYPE)),
            Self::Csv | Self::Json => Ok((csv::write(outputs)?, csv::TYPE)),
        }
    }
}

/// The type of a body and its parameters.
fn kind(headers: &HeaderMap) -> (&str, &str) {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
    (kind.trim(), parameters)
}
