//! The Open Inference Protocol: JSON, JSON with tensors in binary behind it, one raw tensor, or a
//! table in CSV or Arrow.

use hyper::header::HeaderName;

use super::Asked;
use super::format::Format;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::exchange::Scored;
use crate::http::encode::{self, Reply};
use crate::protocol::oip::{self, Wishes, decode};
use crate::score::ScoreRequest;
use crate::worker::Worker;

/// How many bytes of the body are JSON.
const JSON_LENGTH: HeaderName = HeaderName::from_static(oip::JSON_LENGTH);

/// Scores the request and writes its reply.
pub(super) async fn exchange(
    worker: &Worker,
    asked: Asked<'_>,
    body: Result<&[u8], Error>,
) -> Result<Reply, Error> {
    let limits = worker.shared.limits.request;
    let format = Format::of(asked.headers());
    let decode = |body, deployment: &Deployment| {
        let signature = deployment.runnable.signature();
        if format != Format::Json {
            let table = format.read(body, signature, limits)?;
            return Ok((ScoreRequest::of(table), Wishes::default()));
        }
        match json_length(asked)? {
            Some(0) => decode::raw(body, signature, limits),
            json => decode::request(body, json, limits),
        }
    };
    let encode = |scored: Scored<'_>, wishes: Wishes| {
        if format != Format::Json {
            let (bytes, kind) = format.write(super::outputs(scored))?;
            return Ok(asked.reply(bytes, kind, scored));
        }
        tensors(asked, scored, &wishes)
    };
    asked.walk(worker, body, decode, encode).await
}

/// The reply with tensors.
fn tensors(asked: Asked<'_>, scored: Scored<'_>, wishes: &Wishes) -> Result<Reply, Error> {
    let of = oip::encode::Of {
        model: asked.model,
        version: scored.deployment.model.version.as_ref(),
        deployment: scored.deployment.name.as_ref(),
        id: scored.id,
        outputs: scored.deployment.runnable.signature().outputs(),
    };
    let (outputs, selected) = (&scored.answer.outputs, &scored.answer.selected);
    let oip::encode::Body { bytes, json } = oip::encode::answer(of, outputs, selected, wishes)?;
    let kind = if json.is_some() { encode::BINARY } else { encode::JSON };
    let mut reply = asked.reply(bytes, kind, scored);
    if let Some(json) = json {
        encode::header(&mut reply, JSON_LENGTH, itoa::Buffer::new().format(json));
    }
    Ok(reply)
}

fn json_length(asked: Asked<'_>) -> Result<Option<usize>, Error> {
    let Some(value) = asked.headers().get(JSON_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let wrong = || Error::Request(format!("{} is no number of bytes", oip::JSON_LENGTH));
    length.map(Some).ok_or_else(wrong)
}
