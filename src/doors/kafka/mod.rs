//! Kafka: the only room that names rdkafka.
//!
//! [`connect()`] waits for a broker and gives a [`Cluster`], which knows topics and their ends and
//! opens a [`Consumer`] or a [`Producer`]. Whatever C API the safe crate hides is reached
//! in `raw`, the one place with `unsafe`.

mod batch;
mod budget;
mod census;
mod cluster;
mod connect;
mod consumer;
mod deliveries;
mod error;
mod fetcher;
mod flight;
mod incarnation;
mod inflow;
mod inlet;
mod last_values;
mod limit;
mod loss;
mod parting;
mod peek;
mod poller;
mod processing;
mod producer;
mod raw;
mod reader;
mod settings;
mod statistics;
mod table;
mod target;
mod topics;
mod transaction_error;
mod transactions;
mod unreadable;
mod watch;

pub use batch::MessageBatch;
pub use census::{Census, CensusError};
pub use cluster::Cluster;
pub use connect::{ConnectError, Patience, connect};
pub use consumer::{ConsumeError, Consumer, Ends, Fetched, StartAt};
pub use error::ClusterError;
pub use inflow::Inflow;
pub use inlet::Inlet;
pub use last_values::{Gather, LastValues, Reach, ReadBackError};
pub use producer::{DeliveryError, HearingError, ProduceError, Producer, ProducerEvent, Record, SendError};
pub use reader::Reader;
pub use settings::{PropertyError, Role, check};
pub use statistics::{PartitionStatistics, Statistics};
pub use table::Table;
pub use target::TopicTerms;
pub use topics::{KeptTopic, TopicError, TopicInfo, TopicShape};
pub use transaction_error::TransactionError;
pub use transactions::{RecordPlace, TransactionalProducer, Transactions};
pub use unreadable::{EndError, UnreadableBatch, UnreadableBatches, unreadable};
pub use watch::Watch;
