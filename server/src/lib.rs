//! Skeg's server: HTTP, router, process life. The only crate that knows hyper.
//!
//! The rooms, in reading order: `cli` and `config` say what is wanted, `app` wires it, `serving`
//! turns specs and models into `endpoint`s; a request walks `http` -> `score` -> `route` ->
//! `deployment` -> (model-loader) -> `http::encode` -> `record` -> (collector).
#![forbid(unsafe_code)]

pub mod cli;
pub mod failure;
pub mod config;
pub mod trial;
pub mod store;
pub mod spec;
pub mod demo;
pub mod app;
pub mod signals;
pub mod shutdown;
pub mod listen;
pub mod serving;
pub mod endpoint;
pub mod deployment;
pub mod sessions;
pub mod worker;
pub mod http;
pub mod score;
pub mod route;
pub mod record;
pub mod error;
pub mod metrics;
