//! MLflow's `/invocations`: tables in JSON, CSV or Arrow.

use super::Asked;
use super::format::Format;
use crate::deployment::Deployment;
use crate::error::Error;
use crate::exchange::Scored;
use crate::http::encode::{self, Reply};
use crate::protocol::frames::Frames;
use crate::protocol::mlflow;
use crate::score::ScoreRequest;
use crate::worker::Worker;

/// Scores the request and writes its reply.
pub(super) async fn exchange(
    worker: &Worker,
    asked: Asked<'_>,
    body: Result<&[u8], Error>,
) -> Result<Reply, Error> {
    let limits = worker.shared.limits.request;
    let format = Format::strictly(asked.headers());
    let answer = match format {
        Ok(Format::Arrow) => Format::Arrow,
        // MLflow's own server answers CSV in JSON.
        Ok(Format::Csv) if Format::accepts_csv(asked.headers()) => Format::Csv,
        _ => Format::Json,
    };
    let decode = |body, deployment: &Deployment| {
        let signature = deployment.runnable.signature();
        let table = match format? {
            Format::Json => mlflow::read(body, Frames { signature, limits })?,
            other => other.read(body, signature, limits)?,
        };
        Ok((ScoreRequest::of(table), ()))
    };
    let encode = |scored: Scored<'_>, ()| {
        let outputs = super::outputs(scored);
        if answer != Format::Json {
            let (bytes, kind) = answer.write(outputs)?;
            return Ok(asked.reply(bytes, kind, scored));
        }
        let mut out = b"{\"predictions\":".to_vec();
        outputs.by_row(&mut out);
        out.push(b'}');
        Ok(asked.reply(out, encode::JSON, scored))
    };
    asked.walk(worker, body, decode, encode).await
}
