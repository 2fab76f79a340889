//! What every door needs: flags and files, stopping, durable writes; and what several programs say alike:
//! text that is safe to show, what is hidden of people, JSON laid out, places as people write them; and work on several threads.

pub mod config;
pub mod dice;
pub mod durable;
pub mod exit;
pub mod failpoint;
pub mod in_order;
pub mod masking;
pub mod moment;
pub mod pretty;
pub mod printer;
pub mod quota;
pub mod regular;
pub mod shown;
pub mod shutdown;
pub mod stderr;
