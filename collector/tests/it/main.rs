//! The collector from outside: appended rows against what the store holds afterwards.
//!
//! One binary, so that it links once. Every test ends by asserting the conservation law.

mod azureml;
mod damaged;
mod export;
mod finishing;
mod hours;
mod killed;
mod labels;
mod outage;
mod overflow;
mod privacy;
mod reading;
mod rolling;
mod rows;
mod schema;
mod scripted;
mod verify;
mod written;
