//! The server crate from outside: the house rules of the workspace, and the life of connections.
//!
//! One binary for all integration tests: each further one would link the whole server once more.

mod hostile;
mod life;
mod tidy;
