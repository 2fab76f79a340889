//! Kafka: the only room that names rdkafka.
//!
//! [`connect`] waits for a broker and gives a [`Cluster`], which knows topics and their ends and
//! opens a [`Consumer`] or a producer. Whatever C API the safe crate hides is reached
//! in `raw`, the one place with `unsafe`.

mod batch;
mod cluster;
mod connect;
mod consumer;
mod fetcher;
mod raw;
mod settings;
mod statistics;
mod topics;

pub use batch::MessageBatch;
pub use cluster::Cluster;
pub use connect::{ConnectError, Patience, connect};
pub use consumer::{ConsumeError, Consumer, Ends, Fetched, StartAt};
pub use settings::{PropertyError, Role, check};
pub use statistics::{PartitionStatistics, Statistics};
pub use topics::{TopicError, TopicInfo, TopicShape};
