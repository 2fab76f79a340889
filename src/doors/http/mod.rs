//! HTTP calls to others: the only room that names ureq and rustls. Every call is bounded in time and in what is read.

mod callback;
mod gateway;
mod hosts;
mod peer;

pub use callback::{Callback, CallbackError};
pub use gateway::{Gateway, GatewayUrlError, PostError};
pub use hosts::CallbackHosts;
pub use peer::{CallError, Peer, PeerAnswer, PeerUrlError};
