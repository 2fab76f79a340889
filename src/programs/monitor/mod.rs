//! `log-monitor`: both files of the tracker, live.

pub mod sources;
