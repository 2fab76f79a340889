//! What every door needs: flags and files, stopping, durable writes.

pub mod config;
pub mod durable;
pub mod exit;
pub mod shutdown;
