//! The subcommands of a binary that otherwise has none.

use std::io;

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;

/// What a binary does beside its one job.
#[derive(Clone, Debug, Subcommand)]
pub enum SideCommand {
    /// Print the completion script of a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: Shell,
    },
}

impl SideCommand {
    /// Does it, for the binary whose flags are `Args`.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn run<Args: CommandFactory>(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let Self::Completions { shell } = self;
        let mut command = Args::command();
        let name = command.get_name().to_owned();
        // Into memory first: the generator panics on an output that fails.
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut command, name, &mut script);
        out.write_all(&script)
    }
}
