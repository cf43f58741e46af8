//! The Open Inference Protocol over gRPC: `GRPCInferenceService` with Triton's extensions, health
//! and reflection.
//!
//! In the order a call walks: `serve` takes the HTTP/2 connection, on the same threads and under
//! the same limits as `http` does, `dispatch` reads which method is called and whether that is
//! allowed, `framing` and `bounds` read its message, `methods` has a function for each, `asked` and
//! `infer` turn messages into requests and answers into messages, `stream` does so for a stream of
//! them; `describe` answers questions, `health` says who is ready, `status` turns errors into
//! codes. The only room that names tonic.

pub mod serve;
mod in_hand;
mod dispatch;
mod framing;
pub mod bounds;
mod methods;
mod asked;
mod stream;
pub mod infer;
mod describe;
mod health;
mod status;

/// The messages of `server/proto/inference.proto`, made by `server/build.rs`.
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "they are made, not written")]
pub mod messages {
    include!(concat!(env!("OUT_DIR"), "/inference.rs"));
}

/// The same file's descriptors, for reflection.
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/inference.desc"));
