//! Everything that decides about the audit trail, without a clock and without I/O.
//!
//! [`Ledger`] is told what was read and learnt, and says what to write and what to read next; its
//! orders ([`Effect`]) are carried out by whoever drives it, the tracker or a simulation. [`Replay`]
//! reads a file back into the state that a ledger starts from, and says where it must be cut.
//! [`Publisher`] says what may be told to the consumer group, [`SyncRhythm`], [`SealRhythm`] and
//! [`RotationRule`] when the file is synced, sealed and rotated.

mod begin;
mod book;
mod partition;
mod publish;
mod replay;
mod rhythm;
mod target;
mod watch;

pub use book::{Decision, Effect, Ledger, Recovered, Standing};
pub use publish::Publisher;
pub use replay::{Replay, Verdict};
pub use rhythm::{Durability, RotationRule, SealDue, SealRhythm, SyncRhythm};
pub use watch::Sight;

use std::time::Duration;

/// A moment: how long after the start of the run.
pub type Moment = Duration;

/// Which cluster and which topic: a topic made anew under its old name has another id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The cluster's id; `None` while unknown.
    pub cluster_id: Option<String>,
    /// The topic's id; `None` while unknown, or with brokers that have none.
    pub topic_id: Option<String>,
}
