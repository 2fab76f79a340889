//! `tracker`: writes every message of a topic to `tracker.events`, exactly once and in order, and
//! its own health to `tracker.log`.
//!
//! The way of a message: the consumer's thread fetches it into a batch; [`session`] asks the
//! ledger whether it is due; [`encode`] asks [`judge`] what it is and writes its line into a piece, on several
//! threads where there are cores for it; [`record`] hands the pieces, in their order, to the trail's writing thread; the syncing thread follows; what is synced is published as the group's
//! offset. After a crash the file's own tail says where to go on.

mod anchor;
mod args;
mod config;
mod dead_letters;
mod encode;
mod error;
mod judge;
mod learn;
mod limit;
mod print;
mod published;
mod record;
mod report;
mod run;
mod session;
mod status;
mod unreadable;
mod waiting;
mod written;

pub use args::{Payload, Print, TrackerArgs};
pub use config::TrackerConfig;
pub use error::TrackerError;
pub use report::Tally;
pub use run::run;
pub use status::PageMaker;
