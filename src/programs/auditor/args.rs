//! What a person types.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser, Subcommand};

use super::Command;
use super::commands;
use super::context::Context;
use super::error::AuditError;
use crate::tools::config::{CommonArgs, SideCommand};
use crate::tools::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  audit stats                               what the trail in this folder holds
  audit verify                              is the trail what was signed?
  audit query --invalid --from '2 h ago'    what was no order lately
  audit query --order-id 7c1f2a90-… --json  the lines of one order as they are
  audit show 1/627                          one record, whole; or by line: 1,866
  audit show 1/627 --raw > payload          its payload, byte for byte
  audit extract -0 | xargs -0 -n1 handle    every payload, whatever it holds
  audit export --format csv -o orders.csv   for a spreadsheet
  audit follow --customer client04          as they come, across rotations
  audit replay --to-topic orders-copy --dry-run
  audit --dir /srv/a --dir /srv/b stats     two trackers that share one topic

Exit codes: 0 done, 1 failed, 2 usage, 3 verify found damage, 4 no broker,
75 some messages were not delivered.";

/// Read, search, prove and replay the audit trail tracker.events; no broker is needed but to replay
#[derive(Clone, Debug, Parser)]
#[command(name = "audit", version, after_help = EXAMPLES, disable_help_subcommand = true, disable_help_flag = true,
    max_term_width = 80)]
pub struct AuditArgs {
    /// Folder of tracker.events [default: .]; several are read as one topic
    #[arg(long = "dir", value_name = "DIR", global = true, display_order = 90)]
    dirs: Vec<PathBuf>,

    /// Print JSON, for machines
    #[arg(long, global = true, display_order = 91)]
    json: bool,

    #[command(flatten)]
    common: CommonArgs,

    #[command(subcommand)]
    command: AuditCommand,
}

impl AuditArgs {
    /// Reads the command line of this process; ends it where help or a wrong flag does.
    pub fn of_process() -> Self {
        Self::parse_from(behind_subcommand(std::env::args_os().collect()))
    }

    /// The flags that every binary has.
    pub fn common(&self) -> &CommonArgs {
        &self.common
    }

    /// The folders to read: at least one.
    pub(super) fn dirs(&self) -> Vec<PathBuf> {
        if self.dirs.is_empty() { vec![Path::new(".").to_owned()] } else { self.dirs.clone() }
    }

    /// Whether machines read the output.
    pub(super) fn json(&self) -> bool {
        self.json
    }

    pub(super) fn command(&self) -> &AuditCommand {
        &self.command
    }
}

/// Moves the common flags that stand before the subcommand behind it: clap would take only the later ones
/// of a flag that is given on both sides, and forget a `--dir` or a `-X` without a word.
fn behind_subcommand(mut words: Vec<OsString>) -> Vec<OsString> {
    let command = <AuditArgs as CommandFactory>::command();
    let common = |word: &str| {
        command.get_arguments().filter(|flag| flag.is_global_set()).find(|flag| match word.strip_prefix("--") {
            Some(long) => flag.get_long().is_some_and(|name| long.split('=').next() == Some(name)),
            None => word.chars().nth(1).is_some_and(|short| flag.get_short() == Some(short)),
        })
    };
    let mut at = 1;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        if !word.starts_with('-') {
            if let Some(words) = words.get_mut(1..=at) {
                words.rotate_right(1);
            }
            return words;
        }
        let Some(flag) = common(word) else { return words };
        let has_value_inside = if word.starts_with("--") { word.contains('=') } else { word.len() > 2 };
        at += if flag.get_action().takes_values() && !has_value_inside { 2 } else { 1 };
    }
    words
}

/// The subcommands: for each its help, its name, and its flags, which know how to run.
macro_rules! subcommands {
    ($($(#[$meta:meta])* $name:ident($args:ty),)*) => {
        /// What to do with the trail.
        #[derive(Clone, Debug, Subcommand)]
        pub(super) enum AuditCommand {
            $($(#[$meta])* $name($args),)*
            #[command(flatten)]
            Side(SideCommand),
        }

        impl Command for AuditCommand {
            fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
                match self {
                    $(Self::$name(args) => args.run(context, out),)*
                    Self::Side(side) => {
                        let written = out.write_all(side.text::<AuditArgs>().as_bytes());
                        written.map_err(AuditError::output).map(|()| Exit::Done)
                    }
                }
            }

            fn is_raw(&self) -> bool {
                match self {
                    $(Self::$name(args) => args.is_raw(),)*
                    Self::Side(_) => false,
                }
            }
        }
    };
}

subcommands! {
    /// Show one record, whole
    Show(commands::show::ShowArgs),
    /// List the records that fit, as a table, JSON or CSV
    Query(commands::query::QueryArgs),
    /// Write payloads as they were received, one a line
    Extract(commands::extract::ExtractArgs),
    /// Write the records as a CSV or Parquet file
    Export(commands::export::ExportArgs),
    /// Print lines as they come, across rotations
    Follow(commands::follow::FollowArgs),
    /// Send messages to a topic, exactly as they were
    Replay(commands::replay::ReplayArgs),
    /// Count lines, messages, gaps and bytes, by partition
    Stats(commands::stats::StatsArgs),
    /// Check every line, root and signature; exit 3 when anything is damaged
    Verify(commands::verify::VerifyArgs),
    /// Write the proof that one line is in the trail
    Prove(commands::prove::ProveArgs),
    /// Check such a proof, with nothing but the line and the public key
    Check(commands::check::CheckArgs),
    /// Let a new key sign from now on, signed by the old one; the tracker must be stopped
    RotateKey(commands::rotate_key::RotateKeyArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(flags: &[&str]) -> AuditArgs {
        let words = ["audit"].iter().chain(flags).map(OsString::from).collect();
        AuditArgs::try_parse_from(behind_subcommand(words)).expect("good flags")
    }

    #[test]
    fn the_flags_fit_together() {
        <AuditArgs as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn common_flags_may_stand_before_or_after_the_subcommand() {
        for flags in [["--json", "--dir", "a", "-b", "x:1", "stats"], ["stats", "--json", "--dir", "a", "-b", "x:1"]] {
            let args = parse(&flags);
            assert!(args.json());
            assert_eq!(args.dirs(), [Path::new("a")]);
            assert_eq!(args.common().brokers.as_deref(), Some("x:1"));
        }
        assert_eq!(parse(&["stats"]).dirs(), [Path::new(".")]);
        for flags in [["stats", "--dir", "a", "--dir", "b"], ["--dir=a", "--json", "stats", "--dir", "b"]] {
            assert_eq!(parse(&flags).dirs(), [Path::new("a"), Path::new("b")]);
        }
        let args = parse(&["-X", "a=stats", "-Xb=2", "-bx:1", "stats", "-X", "c=3"]);
        assert_eq!(args.common().properties, ["a=stats", "b=2", "c=3"]);
        assert_eq!(args.common().brokers.as_deref(), Some("x:1"));
    }
}
