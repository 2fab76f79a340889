//! Standard output: what was asked for goes there, and whoever reads it may go at any time.
//!
//! It takes no door, and no door may have it: what they say goes through the programs.

use std::io::{self, Write as _};

use clap::CommandFactory;
use thiserror::Error;

use crate::tools::config::SideCommand;
use crate::tools::exit::Exit;
use crate::tools::stderr::fail;

/// Standard output cannot be written.
#[derive(Debug, Error)]
#[error("cannot write to standard output: {source}")]
pub struct OutputError {
    /// What the operating system said.
    #[from]
    pub source: io::Error,
}

impl OutputError {
    /// Whether only its reader has gone: no failure.
    pub fn is_quiet_end(&self) -> bool {
        is_quiet_end(&self.source)
    }
}

/// Whether an error of printing means only that the reader has gone, as `| head` does: a quiet end.
pub fn is_quiet_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

/// Writes a text to standard output, all of it and at once.
///
/// # Errors
/// [`OutputError`].
pub fn print(text: &str) -> Result<(), OutputError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Does what the binary whose flags are `Args` does beside its one job.
pub fn aside<Args: CommandFactory>(command: &SideCommand) -> Exit {
    match print(&command.text::<Args>()) {
        Err(error) if !error.is_quiet_end() => fail(&error, Exit::Failed),
        _ => Exit::Done,
    }
}
