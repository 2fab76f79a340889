//! `log-monitor`: both files of the tracker, live.
//!
//! [`args`] is what a person types, [`sources`] reads the files, [`once`] tells one moment of them, [`texts`]
//! holds every word.

mod args;
mod error;
mod once;
pub mod sources;
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
    // The screen is not there yet: a terminal gets the summary as well.
    let _is_wanted_once = args.is_once(terminal);
    once::run(args, shutdown, out)
}
