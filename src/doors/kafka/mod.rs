//! Kafka: the only room that names rdkafka.
//!
//! [`connect`] waits for a broker and gives a [`Cluster`], which knows topics and their ends and
//! opens a [`Consumer`] or a [`Producer`]. Whatever C API the safe crate hides is reached
//! in `raw`, the one place with `unsafe`.

mod batch;
mod cluster;
mod connect;
mod consumer;
mod deliveries;
mod fetcher;
mod limit;
mod producer;
mod raw;
mod raw_produce;
mod settings;
mod statistics;
mod target;
mod topics;

pub use batch::MessageBatch;
pub use cluster::Cluster;
pub use connect::{ConnectError, Patience, connect};
pub use consumer::{ConsumeError, Consumer, Ends, Fetched, StartAt};
pub use producer::{DeliveryError, ProduceError, Producer, ProducerEvent, Record, SendError};
pub use settings::{PropertyError, Role, check};
pub use statistics::{PartitionStatistics, Statistics};
pub use target::TopicTerms;
pub use topics::{TopicError, TopicInfo, TopicShape};
