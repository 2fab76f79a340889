//! The subcommands, one a file: its flags, and what it does with them.

pub(super) mod stats;
