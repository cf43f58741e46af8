//! Azure ML's `/score`: tables in JSON, CSV or Arrow, or one row in a query.

use hyper::Method;
use hyper::header::HeaderName;

use super::Asked;
use super::format::Format;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::exchange::Scored;
use crate::http::encode::{self, Reply};
use crate::protocol::azureml;
use crate::protocol::columns::Columns;
use crate::protocol::frames::{Frames, Table};
use crate::protocol::room::Room;
use crate::score::ScoreRequest;
use crate::worker::Worker;

const FAILED: HeaderName = HeaderName::from_static("x-ms-run-function-failed");
const TIME: HeaderName = HeaderName::from_static("x-ms-run-fn-exec-ms");
const MODEL_STATUS: HeaderName = HeaderName::from_static("ms-azureml-model-error-statuscode");
const MODEL_REASON: HeaderName = HeaderName::from_static("ms-azureml-model-error-reason");

/// Most bytes of the reason in a header.
const REASON_MAX: usize = 200;

/// Scores the request and writes its reply.
pub(super) async fn exchange(
    worker: &Worker,
    asked: Asked<'_>,
    body: Result<&[u8], Error>,
) -> Result<Reply, Error> {
    let limits = worker.shared.limits.request;
    // Whatever is neither CSV nor Arrow is JSON here: scripts send all kinds of types.
    let form = Format::of(asked.headers());
    let decode = |body, deployment: &Deployment| {
        let signature = deployment.runnable.signature();
        let frames = Frames { signature, limits };
        let table = if asked.head.method == Method::GET {
            query(asked.head.uri.query().unwrap_or_default(), frames)
        } else if form == Format::Json {
            azureml::read(body, frames)
        } else {
            form.read(body, signature, limits)
        };
        Ok((ScoreRequest::of(table?), ()))
    };
    let encode = |scored: Scored<'_>, ()| {
        let (out, kind) = match form {
            Format::Arrow => form.write(super::outputs(scored))?,
            Format::Csv if Format::accepts_csv(asked.headers()) => {
                form.write(super::outputs(scored))?
            }
            _ => {
                let mut out = Vec::new();
                super::outputs(scored).whole(&mut out);
                (out, encode::JSON)
            }
        };
        let mut reply = asked.reply(out, kind, scored);
        encode::header(&mut reply, FAILED, "False");
        let ms = scored.answer.spent.inference.as_secs_f64() * 1e3;
        encode::header(&mut reply, TIME, &format!("{ms:.3}"));
        Ok(reply)
    };
    asked.walk(worker, body, decode, encode).await
}

/// One row: a column for each key of the query.
fn query(query: &str, frames: Frames<'_>) -> Result<Table<'static>, Error> {
    let mut columns = Columns::new(frames.signature, Room::new(frames.limits));
    for (name, text) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = columns.add(name.into_owned().into())?;
        columns.parse(place, &text)?;
    }
    columns.end_row()?;
    columns.finish()
}

/// Says in the head of an error's reply whose fault it was.
pub(super) fn blame(reply: &mut Reply, error: &Error) {
    let of_model = error.status() == 424;
    encode::header(reply, FAILED, if of_model { "True" } else { "False" });
    if of_model {
        encode::header(reply, MODEL_STATUS, "500");
        let plain = |c: char| if (' '..='~').contains(&c) { c } else { ' ' };
        let reason: String = error.to_string().chars().take(REASON_MAX).map(plain).collect();
        encode::header(reply, MODEL_REASON, &reason);
    }
}
