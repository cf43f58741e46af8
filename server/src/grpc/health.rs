//! `grpc.health.v1`: whether the server takes requests, asked once or watched.

use std::pin::Pin;

use futures_util::stream::{self, Stream, StreamExt as _};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::shutdown::{Phase, PhaseView};

/// The services that can be asked about: the server, and its one service.
const KNOWN: [&str; 2] = ["", super::dispatch::SERVICE];

/// Answers from the phase of the process.
#[derive(Clone, Debug)]
pub(super) struct Answers(pub(super) PhaseView);

fn of(phase: Phase) -> HealthCheckResponse {
    let status = match phase {
        Phase::Serving => ServingStatus::Serving,
        Phase::Starting | Phase::Draining | Phase::Closing => ServingStatus::NotServing,
    };
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for Answers {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if KNOWN.contains(&service.as_str()) {
            Ok(Response::new(of(self.0.now())))
        } else {
            Err(Status::not_found(format!("no service \"{service}\"")))
        }
    }

    type WatchStream =
        Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        if !KNOWN.contains(&service.as_str()) {
            // The protocol's way to say that the service may come yet; here it will not, and the
            // stream stands until the process ends.
            let unknown = HealthCheckResponse { status: ServingStatus::ServiceUnknown.into() };
            let mut view = self.0.clone();
            let until = stream::once(async move { view.reached(Phase::Draining).await });
            let until = until.filter_map(|()| std::future::ready(None));
            let said = stream::once(async move { Ok(unknown) });
            return Ok(Response::new(Box::pin(said.chain(until))));
        }
        let view = self.0.clone();
        let changes = stream::unfold((view, None), |(mut view, said)| async move {
            let phase = match said {
                None => view.now(),
                // There is nothing more to say, and the connection is to end.
                Some(Phase::Draining | Phase::Closing) => return None,
                Some(said) => view.after(said).await?,
            };
            Some((Ok(of(phase)), (view, Some(phase))))
        });
        Ok(Response::new(Box::pin(changes)))
    }
}
