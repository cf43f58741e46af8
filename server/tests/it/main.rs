//! The server crate from outside: the house rules of the workspace, life of connections, alerts.
//!
//! One binary for all integration tests: each further one would link the whole server once more.

mod alerts;
mod hostile;
mod life;
mod tidy;
