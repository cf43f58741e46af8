//! HTTP: the only room that names hyper.
//!
//! In the order a request walks: `serve` takes the connection at a `pace`, `op` reads what is
//! asked, `credentials` whether that is allowed, `body` and `decode` turn bytes into tensors,
//! `scoring` walks the corridor, `encode` writes the reply; `describe` answers the questions about
//! health and metadata, `admin` serves the second port.

pub mod serve;
pub mod pace;
pub mod op;
pub mod credentials;
pub mod body;
pub mod decode;
pub mod json;
pub mod scoring;
pub mod encode;
pub mod describe;
pub mod shown;
pub mod admin;
pub mod manage;
