//! Messages in and out of their frames: tonic's work, within this process's bounds.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use hyper::body::{Body, Frame, Incoming};
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::{ProstCodec, ProstEncoder};

use super::{bounds, status};
use crate::limits::RequestLimits;

/// tonic's server for a method of these messages; no message is larger than `limit`, and infer
/// messages hold no more than `infer` allows.
pub(super) fn framed<In, Out>(limit: usize, infer: Option<RequestLimits>) -> Grpc<Checked<In, Out>>
where
    In: prost::Message + Default + Send + 'static,
    Out: prost::Message + Send + 'static,
{
    let mut framed = Grpc::new(Checked { infer, messages: PhantomData })
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    for coding in [CompressionEncoding::Gzip, CompressionEncoding::Deflate] {
        framed = framed.accept_compressed(coding).send_compressed(coding);
    }
    framed
}

/// Messages that are counted before they are made.
#[derive(Debug)]
pub(super) struct Checked<In, Out> {
    infer: Option<RequestLimits>,
    messages: PhantomData<fn(In) -> Out>,
}

impl<In, Out> Codec for Checked<In, Out>
where
    In: prost::Message + Default + Send + 'static,
    Out: prost::Message + Send + 'static,
{
    type Encode = Out;
    type Decode = In;
    type Encoder = ProstEncoder<Out>;
    type Decoder = CheckedDecoder<In>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<Out, In>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        CheckedDecoder { infer: self.infer, messages: PhantomData }
    }
}

/// Reads one message after the other.
#[derive(Debug)]
pub(super) struct CheckedDecoder<In> {
    infer: Option<RequestLimits>,
    messages: PhantomData<fn() -> In>,
}

impl<In: prost::Message + Default> Decoder for CheckedDecoder<In> {
    type Item = In;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<In>, Status> {
        // The whole message, which tonic has put together.
        if let Some(limits) = self.infer {
            bounds::check(source.chunk(), limits).map_err(|error| status::of(&error))?;
        }
        let message = In::decode(source);
        message.map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}

/// A method that takes one message and gives one.
pub(super) struct Unary<F>(pub(super) F);

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

/// Bytes of a stream's message that is on its way, which are kept until it is whole.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    mine: Arc<AtomicUsize>,
    /// Of all streams of the worker.
    all: Arc<AtomicUsize>,
    /// Most of those.
    most: usize,
}

/// A body whose bytes are counted as they come.
#[derive(Debug)]
pub(super) struct Metered {
    body: Incoming,
    meter: Meter,
}

// === impl Meter ===

impl Meter {
    /// Counts into `all`, of which there may be `most`.
    pub(super) fn new(all: &Arc<AtomicUsize>, most: usize) -> Self {
        Self { mine: Arc::default(), all: Arc::clone(all), most }
    }

    /// A body that is counted.
    pub(super) fn of(&self, body: Incoming) -> Metered {
        Metered { body, meter: self.clone() }
    }

    /// Whether a message has begun and is not whole.
    pub(super) fn is_between(&self) -> bool {
        self.mine.load(Ordering::Relaxed) > 0
    }

    /// The message is whole, or will not be: nothing is kept of it here.
    pub(super) fn done(&self) {
        let mine = self.mine.swap(0, Ordering::Relaxed);
        self.all.fetch_sub(mine, Ordering::Relaxed);
    }

    /// Whether so many more bytes may be kept.
    fn take(&self, bytes: usize) -> bool {
        self.mine.fetch_add(bytes, Ordering::Relaxed);
        let all = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        all <= self.most
    }
}

// === impl Metered ===

impl Drop for Metered {
    fn drop(&mut self) {
        self.meter.done();
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(context);
        polled.map(|frame| {
            frame.map(|frame| {
                let frame = frame.map_err(|_| Status::cancelled("the stream broke off"))?;
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                if this.meter.take(bytes) {
                    Ok(frame)
                } else {
                    Err(status::of(&crate::error::Error::BodiesTooLarge))
                }
            })
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
