//! `ModelStreamInfer`: requests one after the other on one call, each answered in turn.
//!
//! A request that fails is answered with its error, and the stream goes on, as Triton's does.

use std::rc::Rc;

use futures_util::StreamExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::server::StreamingService;
use tonic::{Request, Response, Status, Streaming};

use super::dispatch::{Asked, Reply, framed};
use super::messages::{ModelInferRequest, ModelStreamInferResponse};

/// Answers that wait for the client to take them; then no more requests are read.
const AHEAD: usize = 8;

type Answers = ReceiverStream<Result<ModelStreamInferResponse, Status>>;
/// A stream of requests, and where their answers go.
type Talk = (Streaming<ModelInferRequest>, mpsc::Sender<Result<ModelStreamInferResponse, Status>>);

/// Hands the stream to the thread's own task: tonic's services may be sent to other threads, and
/// workers may not.
struct Hand(mpsc::Sender<Talk>);

impl StreamingService<ModelInferRequest> for Hand {
    type Response = ModelStreamInferResponse;
    type ResponseStream = Answers;
    type Future = std::future::Ready<Result<Response<Answers>, Status>>;

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
    let limit = asked.worker().shared.limits.body_bytes;
    let reply = framed(limit).streaming(Hand(hand), request).await;
    if let Ok((requests, answer)) = talks.try_recv() {
        tokio::task::spawn_local(talk(asked, requests, answer));
    }
    reply
}

async fn talk(
    asked: Rc<Asked>,
    mut requests: Streaming<ModelInferRequest>,
    answer: mpsc::Sender<Result<ModelStreamInferResponse, Status>>,
) {
    while let Some(request) = requests.next().await {
        let Ok(request) = request else { return };
        let asked = asked.again();
        let id = request.id.clone();
        let _in_hand = asked.worker().take();
        let mut response = ModelStreamInferResponse::default();
        match asked.infer(request).await {
            Ok(scored) => response.infer_response = Some(scored.into_inner()),
            Err(error) => {
                response.error_message = error.to_string();
                // The client finds the request by it.
                response.infer_response =
                    Some(super::messages::ModelInferResponse { id, ..Default::default() });
            }
        }
        if answer.send(Ok(response)).await.is_err() {
            return;
        }
    }
}
