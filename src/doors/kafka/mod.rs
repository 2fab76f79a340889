//! Kafka: the only room that names rdkafka.
//!
//! [`connect`] waits for a broker and gives a [`Cluster`], which knows topics and their ends and
//! opens a [`Consumer`] or a producer. Whatever C API the safe crate hides is reached
//! in `raw`, the one place with `unsafe`.

mod cluster;
mod connect;
mod raw;
mod settings;
mod topics;

pub use cluster::Cluster;
pub use connect::{ConnectError, Patience, connect};
pub use settings::{PropertyError, Role};
pub use topics::{TopicError, TopicInfo, TopicShape};
