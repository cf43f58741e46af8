//! Triton's orders over HTTP: the repository's index, models loaded and unloaded, log settings.

use std::collections::HashMap;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::encode::{self, Reply};
use super::op::Order;
use crate::control::Wish;
use crate::error::Error;
use crate::protocol::oip::index;
use crate::worker::Shared;

/// Longest time for a body to arrive, and its most bytes: all of them are short.
const BODY_TIME: Duration = Duration::from_secs(10);
const BODY_BYTES: usize = 64 << 10;

/// The body of an index request.
#[derive(Debug, Default, Deserialize)]
struct Filter {
    ready: Option<bool>,
}

/// The body of a request to load or unload a model.
#[derive(Debug, Default, Deserialize)]
struct Parameters {
    parameters: Option<HashMap<String, IgnoredAny>>,
}

/// Does what is ordered, by whoever has been found to be allowed to.
///
/// # Errors
/// Those of [`crate::control::Control::order`], [`Error::Request`] for a body that asks for what
/// cannot be.
pub async fn answer(shared: &Shared, order: Order<'_>, incoming: Incoming) -> Result<Reply, Error> {
    match order {
        Order::Index => {
            let Filter { ready } = body(incoming).await?;
            let board = shared.board.load();
            Ok(encode::shape(&index::index(&board, ready.unwrap_or(false))))
        }
        Order::Change(wish, model) => {
            let Parameters { parameters } = body(incoming).await?;
            let overrides = |key: &&String| *key == "config" || key.starts_with("file:");
            if let Some(key) = parameters.iter().flat_map(HashMap::keys).find(overrides) {
                let why = "a model's files and configuration are its endpoint's";
                return Err(Error::Request(format!("parameter \"{key}\": {why}")));
            }
            done(shared, wish, model).await
        }
        Order::Log => Ok(encode::shape(&shared.control.logging.change(body(incoming).await?)?)),
    }
}

async fn done(shared: &Shared, wish: Wish, model: &str) -> Result<Reply, Error> {
    shared.control.order(wish, model).await?;
    Ok(encode::json(Vec::new()))
}

/// A body of JSON; none is as good as an empty object.
async fn body<T: DeserializeOwned + Default>(incoming: Incoming) -> Result<T, Error> {
    let read = tokio::time::timeout(BODY_TIME, Limited::new(incoming, BODY_BYTES).collect());
    let read = read.await.map_err(|_| Error::BodyTimeout)?;
    let bytes = read.map_err(|_| Error::BodyTooLarge { limit: BODY_BYTES })?.to_bytes();
    if bytes.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| Error::Request(error.to_string()))
}
