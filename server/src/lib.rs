//! Skeg's server: HTTP and gRPC, router, process life. The only crate that knows hyper.
//!
//! The rooms, in reading order: `cli` and `config` say what is wanted, `app` wires it, `keeper`
//! turns `specs` and models into `endpoint`s, again and again; a request walks `http` or `grpc` ->
//! `auth` -> `exchange` -> `route` -> `score` -> `admission` -> `protocol` -> `deployment` ->
//! (model-loader) -> `protocol` -> `mirror` -> `record` -> (collector).
#![forbid(unsafe_code)]

pub mod cli;
pub mod failure;
pub mod limits;
pub mod config;
pub mod training;
pub mod trial;
pub mod store;
pub mod audit;
pub mod mlflow;
pub mod spec;
pub mod specs;
pub mod lease;
pub mod alerts;
pub mod demo;
pub mod app;
pub mod runtime;
pub mod signals;
pub mod quiet;
pub mod logging;
pub mod access;
pub mod told;
pub mod trace;
pub mod spans;
pub mod shutdown;
pub mod listen;
pub mod reloaded;
pub mod auth;
pub mod tls;
pub mod renewal;
pub mod background;
pub mod keeper;
pub mod board;
pub mod control;
pub mod endpoint;
pub mod deployment;
pub mod admission;
pub mod sessions;
pub mod crew;
pub mod pool;
pub mod turns;
pub mod worker;
pub mod http;
pub mod grpc;
pub mod exchange;
pub mod route;
pub mod score;
pub mod protocol;
pub mod labels;
pub mod mirror;
pub mod panes;
pub mod monitor;
pub mod record;
pub mod error;
pub mod metrics;
