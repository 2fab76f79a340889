//! Flags, environment and files, checked before anything else sees them.
//!
//! Two stages: what a person typed ([`CommonArgs`]) and what was made of it
//! ([`ClientSettings`]); only the second reaches a door. Flags win over the environment, that
//! over the file, that over the default.

mod args;
mod client;
mod hosts;
mod side_command;
mod text;

pub use args::{ColorChoice, CommonArgs, TRACKER_GROUP};
pub use client::{ClientSettings, Property, SettingsError};
pub use hosts::HostArgs;
pub use side_command::SideCommand;
pub use text::{byte_size, duration, rate};
