//! HTTP: the only room that names hyper.
//!
//! In the order a request walks: `serve` takes the connection at a `pace`, `op` reads what is
//! asked, `credentials` whether that is allowed, `scoring` reads the `body`, unpacks it (`coding`),
//! has it scored in its protocol, and `encode` writes the reply; `labels` has what was true of
//! scored rows stored, `describe` answers the questions about health and metadata, `admin` serves
//! the second port.

pub mod serve;
pub mod pace;
pub mod op;
pub mod credentials;
pub mod body;
pub mod coding;
pub mod scoring;
pub mod labels;
pub mod encode;
pub mod describe;
mod drift;
mod openapi;
pub mod repository;
pub mod shown;
pub mod admin;
pub mod manage;
