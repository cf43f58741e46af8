//! `ModelStreamInfer`: requests one after the other on one call, each answered in turn.
//!
//! A request that fails is answered with its error, and the stream goes on, as Triton's does. It
//! ends when the client says so, when a message cannot be read or does not come to its end in time,
//! and when the process drains.

use std::rc::Rc;

use futures_util::StreamExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::server::StreamingService;
use tonic::{Request, Response, Status, Streaming};

use super::asked::Asked;
use super::dispatch::Reply;
use super::framing::{Meter, framed};
use super::messages::{ModelInferRequest, ModelInferResponse, ModelStreamInferResponse};
use super::status;
use crate::error::Error;
use crate::shutdown::Phase;

/// Answers that wait for the client to take them; then no more requests are read.
const AHEAD: usize = 8;

type Answer = Result<ModelStreamInferResponse, Status>;
/// A stream of requests, and where their answers go.
type Talk = (Streaming<ModelInferRequest>, mpsc::Sender<Answer>);

/// Hands the stream to the thread's own task: tonic's services may be sent to other threads, and
/// workers may not.
struct Hand(mpsc::Sender<Talk>);

impl StreamingService<ModelInferRequest> for Hand {
    type Response = ModelStreamInferResponse;
    type ResponseStream = ReceiverStream<Answer>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<ModelInferRequest>>) -> Self::Future {
        let (answer, answers) = mpsc::channel(AHEAD);
        let handed = self.0.try_send((request.into_inner(), answer));
        let handed = handed.map_err(|_| Status::internal("the stream broke off"));
        std::future::ready(handed.map(|()| Response::new(ReceiverStream::new(answers))))
    }
}

/// Answers a stream.
pub(super) async fn respond(asked: Rc<Asked>, request: hyper::Request<Incoming>) -> Reply {
    let (hand, mut talks) = mpsc::channel(1);
    let worker = asked.worker();
    let limits = &worker.shared.limits;
    let meter = Meter::new(&worker.streamed, limits.bodies_bytes_per_worker);
    let request = request.map(|body| meter.of(body));
    let mut framed = framed(limits.body_bytes, Some(limits.request));
    let reply = framed.streaming(Hand(hand), request).await;
    if let Ok((requests, answer)) = talks.try_recv() {
        tokio::task::spawn_local(talk(asked, meter, requests, answer));
    }
    reply
}

async fn talk(
    asked: Rc<Asked>,
    meter: Meter,
    mut requests: Streaming<ModelInferRequest>,
    answer: mpsc::Sender<Answer>,
) {
    let worker = Rc::clone(asked.worker());
    let mut phase = worker.phase.clone();
    let patience = worker.shared.limits.body_timeout;
    loop {
        let request = tokio::select! {
            biased;
            () = phase.reached(Phase::Draining) => Some(Err(status::of(&Error::Ending))),
            request = requests.next() => request,
            () = answer.closed() => None,
            // Silence between two messages is the client's affair, within one it is not.
            () = tokio::time::sleep(patience) => match meter.is_between() {
                true => Some(Err(status::of(&Error::BodyTimeout))),
                false => continue,
            },
        };
        meter.done();
        let request = match request {
            Some(Ok(request)) => request,
            Some(Err(status)) => {
                let _ = answer.send(Err(status)).await;
                return;
            }
            None => return,
        };
        let _in_hand = worker.take();
        let id = request.id.clone();
        let mut response = ModelStreamInferResponse::default();
        match asked.again().infer(request).await {
            Ok(scored) => response.infer_response = Some(scored.into_inner()),
            Err(error) => {
                response.error_message = error.to_string();
                // The client finds the request by it.
                response.infer_response = Some(ModelInferResponse { id, ..Default::default() });
            }
        }
        if answer.send(Ok(response)).await.is_err() {
            return;
        }
    }
}
