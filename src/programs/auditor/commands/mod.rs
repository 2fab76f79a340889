//! The subcommands, one a file: its flags, and what it does with them.

pub(super) mod check;
pub(super) mod export;
pub(super) mod extract;
pub(super) mod follow;
pub(super) mod prove;
pub(super) mod query;
pub(super) mod replay;
pub(super) mod rotate_key;
pub(super) mod show;
pub(super) mod stats;
pub(super) mod verify;
