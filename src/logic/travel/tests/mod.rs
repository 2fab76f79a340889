//! The laws of the fold, over random lives and random bytes; and topics whose states were written down.

mod golden;
mod laws;
mod records;
mod snapshots;
