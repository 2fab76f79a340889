//! What every door needs: flags and files, stopping, exit codes, durable writes.

pub mod config;
pub mod durable;
pub mod exit;
pub mod shutdown;
