//! Path -> method -> answer. One `match`; the framing, the compression and the bounds on messages
//! stand in `framing`.

use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::HealthServer;

use super::asked::Asked;
use super::framing::{Unary, framed};
use super::{DESCRIPTORS, health, methods, status, stream};
use crate::error::Error;
use crate::http::{body, credentials};
use crate::metrics::refused::Refusal;
use crate::worker::Worker;

/// The protocol's service.
pub(super) const SERVICE: &str = "inference.GRPCInferenceService";

/// Smaller answers are sent as they are.
const WORTH_PACKING: usize = 1024;

/// Bytes of gRPC's frame around a message.
const FRAME: usize = 5;

/// Largest message that carries no tensors.
const SMALL: usize = 64 << 10;

/// A reply before its trailers are sent.
pub(super) type Reply = hyper::Response<Body>;

/// Answers one call.
pub(super) async fn respond(worker: Rc<Worker>, request: hyper::Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let kind = request.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    // A page of a browser cannot send it without asking first.
    if !kind.is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        return Status::invalid_argument("the content type is application/grpc").into_http();
    }
    let Some((service, method)) = path.strip_prefix('/').and_then(|path| path.split_once('/'))
    else {
        return unknown(&path);
    };
    match service {
        SERVICE => inference(worker, method, request).await,
        "grpc.health.v1.Health" => {
            let health = health::Answers(worker.phase.clone());
            let request = request.map(|body| Limited::new(body, SMALL));
            sure(HealthServer::new(health).call(request).await)
        }
        "grpc.reflection.v1.ServerReflection" | "grpc.reflection.v1alpha.ServerReflection" => {
            if let Err(error) = worker.admit(credentials::presented(request.headers())) {
                return refused(&worker, &Error::Denied(error));
            }
            reflection(service, request.map(|body| Limited::new(body, SMALL))).await
        }
        _ => unknown(&path),
    }
}

fn unknown(path: &str) -> Reply {
    Status::unimplemented(format!("no such method \"{path}\"")).into_http()
}

/// What a service that never fails gives.
fn sure(reply: Result<Reply, std::convert::Infallible>) -> Reply {
    let Ok(reply) = reply;
    reply
}

async fn reflection(service: &str, request: hyper::Request<Limited<Incoming>>) -> Reply {
    let all = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let failed =
        |error: tonic_reflection::server::Error| Status::internal(error.to_string()).into_http();
    if service.contains("v1alpha") {
        match all.build_v1alpha() {
            Ok(mut service) => sure(service.call(request).await),
            Err(error) => failed(error),
        }
    } else {
        match all.build_v1() {
            Ok(mut service) => sure(service.call(request).await),
            Err(error) => failed(error),
        }
    }
}

async fn inference(worker: Rc<Worker>, method: &str, request: hyper::Request<Incoming>) -> Reply {
    let admitted = admit(&worker, method, request.headers());
    let (head, incoming) = request.into_parts();
    let packs = head.headers.contains_key("grpc-encoding");
    let mut framed_request = hyper::Request::new(());
    *framed_request.headers_mut() = head.headers.clone();
    let head = Rc::new(head);
    let asked = Rc::new(Asked::new(Rc::clone(&worker), head));
    if let Err(error) = admitted {
        let reply = refused(&worker, &error);
        if matches!(method, "ModelInfer" | "ModelStreamInfer") {
            asked.log_refused(error);
        }
        return reply;
    }
    if method == "ModelStreamInfer" {
        return stream::respond(asked, framed_request.map(|()| incoming)).await;
    }
    let _in_hand = worker.take();
    // The frames of one message and what is around them; tonic bounds what they unpack to.
    let mut room = worker.body_room();
    let limits = &worker.shared.limits;
    let scores = method == "ModelInfer";
    let most = if scores { limits.body_bytes } else { SMALL };
    let limit = most.saturating_add(FRAME);
    let body = match body::read(incoming, &mut room, limit, limits.body_timeout).await {
        Ok(body) => body,
        Err(error) => {
            if scores {
                asked.count_lost(error.status());
            }
            return refused(&worker, &error);
        }
    };
    let request = framed_request.map(|()| Full::new(body));
    let asking = Asking { asked: &asked, packs, most };
    match method {
        "ServerLive" => asking.unary(request, methods::server_live).await,
        "ServerReady" => asking.unary(request, methods::server_ready).await,
        "ModelReady" => asking.unary(request, methods::model_ready).await,
        "ServerMetadata" => asking.unary(request, methods::server_metadata).await,
        "ModelMetadata" => asking.unary(request, methods::model_metadata).await,
        "ModelInfer" => {
            let reply = asking.unary(request, methods::model_infer).await;
            // A message that could not be read.
            asked.count_lost(400);
            reply
        }
        "ModelConfig" => asking.unary(request, methods::model_config).await,
        "ModelStatistics" => asking.unary(request, methods::model_statistics).await,
        "RepositoryIndex" => asking.unary(request, methods::index).await,
        "RepositoryModelLoad" => asking.unary(request, methods::load).await,
        "RepositoryModelUnload" => asking.unary(request, methods::unload).await,
        "LogSettings" => asking.unary(request, methods::log_settings).await,
        _ => unknown(method),
    }
}

/// Health is for everyone; what changes something has a key of its own.
fn admit(worker: &Worker, method: &str, headers: &HeaderMap) -> Result<(), Error> {
    match method {
        "ServerLive" | "ServerReady" => Ok(()),
        "RepositoryModelLoad" | "RepositoryModelUnload" => {
            credentials::control(&worker.shared.control, headers)
        }
        _ => Ok(worker.admit(credentials::presented(headers))?),
    }
}

/// The reply to a call that is not answered; counted where the error is a refusal.
pub(super) fn refused(worker: &Worker, error: &Error) -> Reply {
    if let Some(why) = error.refusal() {
        worker.refused(why);
    }
    status::of(error).into_http()
}

/// A call whose message has come.
#[derive(Clone, Copy)]
struct Asking<'a> {
    asked: &'a Rc<Asked>,
    /// Whether the client packs: every client says that it can unpack, and one that packs wants it.
    packs: bool,
    /// Largest message, bytes.
    most: usize,
}

impl Asking<'_> {
    async fn unary<In, Out, A>(
        self,
        request: hyper::Request<Full<Bytes>>,
        answer: impl Fn(Rc<Asked>, In) -> A,
    ) -> Reply
    where
        In: prost::Message + Default + Send + 'static,
        Out: prost::Message + Send + 'static,
        A: Future<Output = Result<Response<Out>, Error>>,
    {
        let Self { asked, packs, most } = self;
        let service = Unary(|message: Request<In>| {
            let answered = answer(Rc::clone(asked), message.into_inner());
            let worker = Rc::clone(asked.worker());
            async move {
                let mut response = answered.await.map_err(|error| {
                    error.refusal().into_iter().for_each(|why: Refusal| worker.refused(why));
                    status::of(&error)
                })?;
                if !packs || response.get_ref().encoded_len() < WORTH_PACKING {
                    response.disable_compression();
                }
                Ok(response)
            }
        });
        let limits = asked.worker().shared.limits.request;
        framed(most, (most > SMALL).then_some(limits)).unary(service, request).await
    }
}
