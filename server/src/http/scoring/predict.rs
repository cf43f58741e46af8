//! KServe's version 1 and TensorFlow Serving: `:predict`.

use super::Asked;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::exchange::Scored;
use crate::http::encode::{self, Reply};
use crate::protocol::frames::Frames;
use crate::protocol::predict::{self, Form};
use crate::score::ScoreRequest;
use crate::worker::Worker;

/// Scores the request and writes its reply.
pub(super) async fn exchange(
    worker: &Worker,
    asked: Asked<'_>,
    body: Result<&[u8], Error>,
) -> Result<Reply, Error> {
    let limits = worker.shared.limits.request;
    let decode = |body, deployment: &Deployment| {
        let frames = Frames { signature: deployment.runnable.signature(), limits };
        let (table, form) = predict::read(body, frames)?;
        Ok((ScoreRequest::of(table), form))
    };
    let encode = |scored: Scored<'_>, form: Form| {
        let outputs = super::outputs(scored);
        let mut out = Vec::new();
        match form {
            Form::Instances => {
                out.extend_from_slice(b"{\"predictions\":");
                outputs.by_row(&mut out);
            }
            Form::Inputs => {
                out.extend_from_slice(b"{\"outputs\":");
                outputs.whole(&mut out);
            }
        }
        out.push(b'}');
        Ok(asked.reply(out, encode::JSON, scored))
    };
    asked.walk(worker, body, decode, encode).await
}
