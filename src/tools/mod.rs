//! What every door needs: flags and files, stopping, durable writes, text that is safe to show.

pub mod config;
pub mod durable;
pub mod exit;
pub mod shown;
pub mod shutdown;
