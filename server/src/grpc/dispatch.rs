//! Path -> method -> answer. One `match`; the framing, the compression and the bounds on messages
//! are tonic's.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use prost::Message as _;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::codegen::Service;
use tonic::metadata::AsciiMetadataKey;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::HealthServer;
use tonic_prost::ProstCodec;

use super::messages as pb;
use super::{DESCRIPTORS, describe, health, infer, status, stream};
use crate::access::Access;
use crate::control::Wish;
use crate::error::Error;
use crate::exchange::{Arrival, Call, MAX_ID, Scored, exchange};
use crate::http::{body, credentials, encode};
use crate::metrics::refused::Refusal;
use crate::protocol::Protocol;
use crate::protocol::oip::config::Config;
use crate::protocol::oip::metadata::{self, Found};
use crate::protocol::oip::statistics;
use crate::shutdown::Phase;
use crate::trace;
use crate::worker::Worker;

/// The protocol's service.
pub(super) const SERVICE: &str = "inference.GRPCInferenceService";

/// The path of a scoring call, in the access log.
const MODEL_INFER: &str = "/inference.GRPCInferenceService/ModelInfer";

/// Smaller answers are sent as they are.
const WORTH_PACKING: usize = 1024;

/// Bytes of gRPC's frame around a message.
const FRAME: usize = 5;

/// A reply before its trailers are sent.
pub(super) type Reply = hyper::Response<Body>;

/// Answers one call.
pub(super) async fn respond(worker: Rc<Worker>, request: hyper::Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let Some((service, method)) = path.strip_prefix('/').and_then(|path| path.split_once('/'))
    else {
        return unknown(&path);
    };
    match service {
        SERVICE => inference(worker, method, request).await,
        "grpc.health.v1.Health" => {
            let health = health::Answers(worker.phase.clone());
            sure(HealthServer::new(health).call(request).await)
        }
        "grpc.reflection.v1.ServerReflection" | "grpc.reflection.v1alpha.ServerReflection" => {
            if let Err(error) = worker.admit(credentials::presented(request.headers())) {
                return refused(&worker, &Error::Denied(error));
            }
            reflection(service, request).await
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

async fn reflection(service: &str, request: hyper::Request<Incoming>) -> Reply {
    let all = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let made = if service.contains("v1alpha") {
        all.build_v1alpha().map(|mut service| {
            futures_util::future::Either::Left(async move { service.call(request).await })
        })
    } else {
        all.build_v1().map(|mut service| {
            futures_util::future::Either::Right(async move { service.call(request).await })
        })
    };
    match made {
        Ok(reply) => sure(reply.await),
        Err(error) => Status::internal(error.to_string()).into_http(),
    }
}

/// A call of the protocol's service, and what its head says.
pub(super) struct Asked {
    worker: Rc<Worker>,
    headers: HeaderMap,
    arrival: Arrival,
}

async fn inference(worker: Rc<Worker>, method: &str, request: hyper::Request<Incoming>) -> Reply {
    let (head, incoming) = request.into_parts();
    if let Err(error) = admit(&worker, method, &head.headers) {
        return refused(&worker, &error);
    }
    let shared = &worker.shared;
    let arrival = Arrival { instant: (shared.now)(), unix_us: (shared.clock)() };
    let asked =
        Rc::new(Asked { worker: Rc::clone(&worker), headers: head.headers.clone(), arrival });
    if method == "ModelStreamInfer" {
        return stream::respond(asked, hyper::Request::from_parts(head, incoming)).await;
    }
    let _in_hand = worker.take();
    // The frames of one message and what is around them; tonic bounds what they unpack to.
    let mut room = worker.body_room();
    let limits = &shared.limits;
    let limit = limits.body_bytes.saturating_add(FRAME);
    let body = match body::read(incoming, &mut room, limit, limits.body_timeout).await {
        Ok(body) => body,
        Err(error) => return refused(&worker, &error),
    };
    let request = hyper::Request::from_parts(head, Full::new(body));
    match method {
        "ServerLive" => unary(&asked, request, server_live).await,
        "ServerReady" => unary(&asked, request, server_ready).await,
        "ModelReady" => unary(&asked, request, model_ready).await,
        "ServerMetadata" => unary(&asked, request, server_metadata).await,
        "ModelMetadata" => unary(&asked, request, model_metadata).await,
        "ModelInfer" => unary(&asked, request, model_infer).await,
        "ModelConfig" => unary(&asked, request, model_config).await,
        "ModelStatistics" => unary(&asked, request, model_statistics).await,
        "RepositoryIndex" => unary(&asked, request, index).await,
        "RepositoryModelLoad" => unary(&asked, request, load).await,
        "RepositoryModelUnload" => unary(&asked, request, unload).await,
        "LogSettings" => unary(&asked, request, log_settings).await,
        _ => unknown(method),
    }
}

/// Health is for everyone; what changes something has a key of its own.
fn admit(worker: &Worker, method: &str, headers: &HeaderMap) -> Result<(), Error> {
    let presented = credentials::presented(headers);
    match method {
        "ServerLive" | "ServerReady" => Ok(()),
        "RepositoryModelLoad" | "RepositoryModelUnload" => {
            worker.shared.control.admit(presented, None)
        }
        _ => Ok(worker.admit(presented)?),
    }
}

/// The reply to a call that is not answered; counted where the error is a refusal.
pub(super) fn refused(worker: &Worker, error: &Error) -> Reply {
    if let Some(why) = error.refusal() {
        worker.refused(why);
    }
    status::of(error).into_http()
}

/// A method that takes one message and gives one.
struct Unary<F>(F);

impl<In, Out, F, A> UnaryService<In> for Unary<F>
where
    F: FnMut(Request<In>) -> A,
    A: Future<Output = Result<Response<Out>, Status>>,
{
    type Response = Out;
    type Future = A;

    fn call(&mut self, request: Request<In>) -> A {
        self.0(request)
    }
}

/// tonic's server for a method of these messages, with this process's bounds.
pub(super) fn framed<In, Out>(limit: usize) -> Grpc<ProstCodec<Out, In>>
where
    In: prost::Message + Default + Send + 'static,
    Out: prost::Message + Send + 'static,
{
    let mut framed = Grpc::new(ProstCodec::default())
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    for coding in [CompressionEncoding::Gzip, CompressionEncoding::Deflate] {
        framed = framed.accept_compressed(coding).send_compressed(coding);
    }
    framed
}

async fn unary<In, Out, A>(
    asked: &Rc<Asked>,
    request: hyper::Request<Full<Bytes>>,
    answer: impl Fn(Rc<Asked>, In) -> A,
) -> Reply
where
    In: prost::Message + Default + Send + 'static,
    Out: prost::Message + Send + 'static,
    A: Future<Output = Result<Response<Out>, Error>>,
{
    // Every client says that it can unpack; one that packs itself wants it.
    let packs = request.headers().contains_key("grpc-encoding");
    let service = Unary(|message: Request<In>| {
        let answered = answer(Rc::clone(asked), message.into_inner());
        let worker = Rc::clone(&asked.worker);
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
    framed(asked.worker.shared.limits.body_bytes).unary(service, request).await
}

async fn server_live(
    _: Rc<Asked>,
    _: pb::ServerLiveRequest,
) -> Result<Response<pb::ServerLiveResponse>, Error> {
    Ok(Response::new(pb::ServerLiveResponse { live: true }))
}

async fn server_ready(
    asked: Rc<Asked>,
    _: pb::ServerReadyRequest,
) -> Result<Response<pb::ServerReadyResponse>, Error> {
    Ok(Response::new(pb::ServerReadyResponse { ready: asked.is_serving() }))
}

async fn model_ready(
    asked: Rc<Asked>,
    pb::ModelReadyRequest { name, version }: pb::ModelReadyRequest,
) -> Result<Response<pb::ModelReadyResponse>, Error> {
    let ready = match asked.found(&name, &version, |_| ()) {
        Ok(()) => asked.is_serving(),
        Err(Error::Unready { .. }) => false,
        Err(unknown) => return Err(unknown),
    };
    Ok(Response::new(pb::ModelReadyResponse { ready }))
}

async fn server_metadata(
    _: Rc<Asked>,
    _: pb::ServerMetadataRequest,
) -> Result<Response<pb::ServerMetadataResponse>, Error> {
    Ok(Response::new(describe::server()))
}

async fn model_metadata(
    asked: Rc<Asked>,
    pb::ModelMetadataRequest { name, version }: pb::ModelMetadataRequest,
) -> Result<Response<pb::ModelMetadataResponse>, Error> {
    asked.found(&name, &version, |found| describe::model(found.metadata())).map(Response::new)
}

async fn model_config(
    asked: Rc<Asked>,
    pb::ModelConfigRequest { name, version }: pb::ModelConfigRequest,
) -> Result<Response<pb::ModelConfigResponse>, Error> {
    let limits = asked.worker.shared.limits.request;
    let config = asked.found(&name, &version, |found| describe::config(Config::of(found, limits)));
    Ok(Response::new(pb::ModelConfigResponse { config: Some(config?) }))
}

async fn model_statistics(
    asked: Rc<Asked>,
    pb::ModelStatisticsRequest { name, version }: pb::ModelStatisticsRequest,
) -> Result<Response<pb::ModelStatisticsResponse>, Error> {
    let endpoints = asked.worker.shared.endpoints.load();
    let counted = statistics::of(&endpoints, named(&name), named(&version))?;
    Ok(Response::new(describe::statistics(counted)))
}

async fn index(
    asked: Rc<Asked>,
    pb::RepositoryIndexRequest { ready, .. }: pb::RepositoryIndexRequest,
) -> Result<Response<pb::RepositoryIndexResponse>, Error> {
    Ok(Response::new(describe::index(&asked.worker.shared.board.load(), ready)))
}

async fn load(
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
    asked.worker.shared.control.order(Wish::Load, name).await?;
    Ok(Response::new(pb::RepositoryModelLoadResponse {}))
}

async fn unload(
    asked: Rc<Asked>,
    request: pb::RepositoryModelUnloadRequest,
) -> Result<Response<pb::RepositoryModelUnloadResponse>, Error> {
    let name = named(&request.model_name).unwrap_or(&request.repository_name);
    asked.worker.shared.control.order(Wish::Unload, name).await?;
    Ok(Response::new(pb::RepositoryModelUnloadResponse {}))
}

async fn log_settings(
    asked: Rc<Asked>,
    request: pb::LogSettingsRequest,
) -> Result<Response<pb::LogSettingsResponse>, Error> {
    let control = &asked.worker.shared.control;
    let settings = if request.settings.is_empty() {
        control.logging.settings()
    } else {
        control.admit(credentials::presented(&asked.headers), None)?;
        control.logging.change(describe::change(request)?)?
    };
    Ok(Response::new(describe::settings(settings)))
}

async fn model_infer(
    asked: Rc<Asked>,
    request: pb::ModelInferRequest,
) -> Result<Response<pb::ModelInferResponse>, Error> {
    asked.infer(request).await
}

fn named(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

// === impl Asked ===

impl Asked {
    /// The worker that answers.
    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    /// The same, coming now: a stream's next message.
    pub(super) fn again(&self) -> Self {
        let shared = &self.worker.shared;
        let arrival = Arrival { instant: (shared.now)(), unix_us: (shared.clock)() };
        Self { worker: Rc::clone(&self.worker), headers: self.headers.clone(), arrival }
    }

    fn is_serving(&self) -> bool {
        self.worker.phase.now() == Phase::Serving
    }

    fn found<T>(
        &self,
        name: &str,
        version: &str,
        say: impl FnOnce(Found<'_>) -> T,
    ) -> Result<T, Error> {
        let endpoints = self.worker.shared.endpoints.load();
        metadata::find(&endpoints, name, named(version)).map(say)
    }

    /// Scores one message, and says what is to be said of it: its trace, its times, its line in the
    /// access log.
    pub(super) async fn infer(
        &self,
        mut request: pb::ModelInferRequest,
    ) -> Result<Response<pb::ModelInferResponse>, Error> {
        let shared = &self.worker.shared;
        let is_logged = shared.access.takes(|| self.worker.draw());
        let request_bytes = if is_logged { request.encoded_len() } else { 0 };
        let parent = self.text("traceparent");
        let trace = parent.and_then(|parent| trace::continued(parent, self.worker.span()));
        let model = std::mem::take(&mut request.model_name);
        let mut answered = self.score(&model, request).await;
        if let (Ok(response), Some(trace)) = (&mut answered, &trace) {
            say(response, "traceparent", trace);
        }
        if is_logged {
            let said = answered.as_ref().ok().map(Response::metadata);
            let said = |name: &str| said.and_then(|said| said.get(name)?.to_str().ok());
            shared.access.log(Access {
                time_us: self.arrival.unix_us,
                method: "POST",
                path: MODEL_INFER,
                endpoint: named(&model),
                deployment: said(encode::DEPLOYMENT.as_str()),
                protocol: Protocol::OipGrpc,
                code: answered.as_ref().map_or_else(Error::status, |_| 200),
                request_id: said(encode::REQUEST_ID.as_str()).or_else(|| self.id()),
                traceparent: trace.as_deref(),
                request_bytes,
                response_bytes: answered.as_ref().map_or(0, |said| said.get_ref().encoded_len()),
                user_agent: self.text("user-agent"),
                duration: (shared.now)() - self.arrival.instant,
            });
        }
        answered
    }

    async fn score(
        &self,
        model: &str,
        mut request: pb::ModelInferRequest,
    ) -> Result<Response<pb::ModelInferResponse>, Error> {
        let shared = &self.worker.shared;
        let version = std::mem::take(&mut request.model_version);
        let header = |name: &str| self.headers.get(name).map(|value| value.as_bytes());
        let call = Call {
            protocol: Protocol::OipGrpc,
            endpoint: model,
            version: named(&version),
            deployment: self.text(encode::DEPLOYMENT.as_str()),
            header: &header,
            id: self.id(),
            arrival: self.arrival,
        };
        let deadline = deadline(&self.headers);
        let decode = |request, _: &_| {
            let (mut request, wishes) = infer::decode(request, shared.limits.request)?;
            let both = request.timeout.into_iter().chain(deadline);
            request.timeout = both.min();
            Ok((request, wishes))
        };
        let encode = |scored: Scored<'_>, wishes| {
            let mut response = Response::new(infer::encode(model, scored, &wishes)?);
            let total = (shared.now)() - self.arrival.instant;
            say(&mut response, encode::DEPLOYMENT.as_str(), scored.deployment.name.as_ref());
            say(&mut response, encode::REQUEST_ID.as_str(), scored.request_id);
            say(&mut response, "server-timing", &encode::times(scored.answer.spent, total));
            Ok(response)
        };
        exchange(&self.worker, &call, Ok(request), decode, encode).await
    }

    /// The client's name for the request, where a header has it.
    fn id(&self) -> Option<&str> {
        self.text(encode::REQUEST_ID.as_str()).filter(|id| (1..=MAX_ID).contains(&id.len()))
    }

    /// A header's value; one that is no text is one that nothing is called.
    fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or("?"))
    }
}

/// Adds to the response's metadata; a value that is no header text is left out.
fn say<T>(response: &mut Response<T>, name: &str, value: &str) {
    let name = AsciiMetadataKey::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, value.parse()) {
        response.metadata_mut().insert(name, value);
    }
}

/// How long the client waits, from `grpc-timeout`: up to eight digits and a unit.
fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}
