//! The subcommands of a binary that otherwise has none.

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
    /// What it prints, for the binary whose flags are `Args`.
    pub fn text<Args: CommandFactory>(&self) -> String {
        let Self::Completions { shell } = self;
        let mut command = Args::command();
        let name = command.get_name().to_owned();
        // Not to where it goes at once: the generator panics on an output that fails.
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut command, name, &mut script);
        String::from_utf8_lossy(&script).into_owned()
    }
}
