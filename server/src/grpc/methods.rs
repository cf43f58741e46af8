//! The methods of the protocol's service, one function each: a message in, a message out.

use std::rc::Rc;

use tonic::Response;

use super::asked::{Asked, named};
use super::{describe, messages as pb};
use crate::control::Wish;
use crate::error::Error;
use crate::http::credentials;
use crate::protocol::oip::config::Config;
use crate::protocol::oip::statistics;

pub(super) async fn server_live(
    _: Rc<Asked>,
    _: pb::ServerLiveRequest,
) -> Result<Response<pb::ServerLiveResponse>, Error> {
    Ok(Response::new(pb::ServerLiveResponse { live: true }))
}

pub(super) async fn server_ready(
    asked: Rc<Asked>,
    _: pb::ServerReadyRequest,
) -> Result<Response<pb::ServerReadyResponse>, Error> {
    Ok(Response::new(pb::ServerReadyResponse { ready: asked.is_serving() }))
}

pub(super) async fn model_ready(
    asked: Rc<Asked>,
    pb::ModelReadyRequest { name, version }: pb::ModelReadyRequest,
) -> Result<Response<pb::ModelReadyResponse>, Error> {
    // Whoever polls for a model to come is told that it is not there, as Triton tells it.
    let ready = asked.found(&name, &version, |_| ()).is_ok() && asked.is_serving();
    Ok(Response::new(pb::ModelReadyResponse { ready }))
}

pub(super) async fn server_metadata(
    _: Rc<Asked>,
    _: pb::ServerMetadataRequest,
) -> Result<Response<pb::ServerMetadataResponse>, Error> {
    Ok(Response::new(describe::server()))
}

pub(super) async fn model_metadata(
    asked: Rc<Asked>,
    pb::ModelMetadataRequest { name, version }: pb::ModelMetadataRequest,
) -> Result<Response<pb::ModelMetadataResponse>, Error> {
    asked.found(&name, &version, |found| describe::model(found.metadata())).map(Response::new)
}

pub(super) async fn model_config(
    asked: Rc<Asked>,
    pb::ModelConfigRequest { name, version }: pb::ModelConfigRequest,
) -> Result<Response<pb::ModelConfigResponse>, Error> {
    let limits = asked.worker().shared.limits.request;
    let config = asked.found(&name, &version, |found| describe::config(Config::of(found, limits)));
    Ok(Response::new(pb::ModelConfigResponse { config: Some(config?) }))
}

pub(super) async fn model_statistics(
    asked: Rc<Asked>,
    pb::ModelStatisticsRequest { name, version }: pb::ModelStatisticsRequest,
) -> Result<Response<pb::ModelStatisticsResponse>, Error> {
    let endpoints = asked.worker().shared.endpoints.load();
    let counted = statistics::of(&endpoints, named(&name), named(&version))?;
    Ok(Response::new(describe::statistics(counted)))
}

pub(super) async fn index(
    asked: Rc<Asked>,
    pb::RepositoryIndexRequest { ready, .. }: pb::RepositoryIndexRequest,
) -> Result<Response<pb::RepositoryIndexResponse>, Error> {
    Ok(Response::new(describe::index(&asked.worker().shared.board.load(), ready)))
}

pub(super) async fn load(
    asked: Rc<Asked>,
    request: pb::RepositoryModelLoadRequest,
) -> Result<Response<pb::RepositoryModelLoadResponse>, Error> {
    let overrides = |key: &&String| *key == "config" || key.starts_with("file:");
    if let Some(key) = request.parameters.keys().find(overrides) {
        let why = "a model's files and configuration are its endpoint's";
        return Err(Error::Request(format!("parameter \"{key}\": {why}")));
    }
    // KServe's message has the name in the place of the repository's.
    let name = named(&request.model_name).unwrap_or(&request.repository_name);
    asked.worker().shared.control.order(Wish::Load, name).await?;
    Ok(Response::new(pb::RepositoryModelLoadResponse {}))
}

pub(super) async fn unload(
    asked: Rc<Asked>,
    request: pb::RepositoryModelUnloadRequest,
) -> Result<Response<pb::RepositoryModelUnloadResponse>, Error> {
    let name = named(&request.model_name).unwrap_or(&request.repository_name);
    asked.worker().shared.control.order(Wish::Unload, name).await?;
    Ok(Response::new(pb::RepositoryModelUnloadResponse {}))
}

pub(super) async fn log_settings(
    asked: Rc<Asked>,
    request: pb::LogSettingsRequest,
) -> Result<Response<pb::LogSettingsResponse>, Error> {
    let control = &asked.worker().shared.control;
    let settings = if request.settings.is_empty() {
        control.logging.settings()
    } else {
        credentials::control(control, asked.headers())?;
        control.logging.change(describe::change(request)?)?
    };
    Ok(Response::new(describe::settings(settings)))
}

pub(super) async fn model_infer(
    asked: Rc<Asked>,
    request: pb::ModelInferRequest,
) -> Result<Response<pb::ModelInferResponse>, Error> {
    asked.infer(request).await
}
