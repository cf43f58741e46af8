//! The store: its URL -> an object store that creates, compares and swaps, on disk or in Azure.
//!
//! Called by the commands and `app`. Everything that reads or writes the store gets it from here,
//! so that a compare-and-swap holds on each kind of store (docs/adr/0018).

mod azure;
mod container;
mod credentials;
mod io_thread;
mod local;
mod secret;
mod url;

pub use self::credentials::AzureVariables;
pub use self::url::StoreUrl;
