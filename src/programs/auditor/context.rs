//! What every subcommand is given.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use super::args::AuditArgs;
use crate::tools::config::CommonArgs;
use crate::tools::shutdown::Shutdown;

/// What is known of the places where a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Whether a person watches standard output.
    pub stdout_is_terminal: bool,
    /// Whether a person watches standard error: then a long run shows a progress bar.
    pub stderr_is_terminal: bool,
    /// Whether standard output may be coloured.
    pub color: bool,
    /// Columns of the terminal, when there is one.
    pub columns: Option<usize>,
}

impl Terminal {
    /// That of this process.
    pub fn of_process() -> Self {
        Self {
            stdout_is_terminal: io::stdout().is_terminal(),
            stderr_is_terminal: io::stderr().is_terminal(),
            color: anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
            columns: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
        }
    }
}

/// What every subcommand is given.
#[derive(Clone, Debug)]
pub(super) struct Context<'a> {
    /// Folders of the trail: at least one.
    pub(super) dirs: Vec<PathBuf>,
    /// Whether machines read the output.
    pub(super) json: bool,
    /// How to reach the brokers, among others.
    pub(super) common: &'a CommonArgs,
    /// Asked to stop by a signal.
    pub(super) shutdown: &'a Shutdown,
    /// Where the command prints.
    pub(super) terminal: Terminal,
    /// Whether somebody else shows the progress.
    pub(super) is_quiet: bool,
}

impl<'a> Context<'a> {
    /// Whether a progress bar is wanted.
    pub(super) fn shows_progress(&self) -> bool {
        self.terminal.stderr_is_terminal && !self.is_quiet
    }

    pub(super) fn new(args: &'a AuditArgs, shutdown: &'a Shutdown, terminal: Terminal) -> Self {
        Self { dirs: args.dirs(), json: args.json(), common: args.common(), shutdown, terminal, is_quiet: false }
    }
}
