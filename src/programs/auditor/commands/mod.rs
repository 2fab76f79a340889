//! The subcommands, one a file: its flags, and what it does with them.

pub(super) mod extract;
pub(super) mod query;
pub(super) mod show;
pub(super) mod stats;
