//! `log-monitor` as people run it: in a terminal, with keys, and with files that change under it.
//!
//! | file | what it is for |
//! |---|---|
//! | `terminal.rs` | a program in a pseudo-terminal: its screen, its keys, its end |
//! | `files.rs` | a folder with a trail and a log that grow |
//! | `self_checks.rs` | that the two above tell the truth, and can fail |
//! | `life.rs` | the terminal is taken, and given back whatever happens |
//! | `uses.rs` | what people do with it: search, open, freeze, select, copy, click; files that are rotated, cut and made anew |
//! | `looks.rs` | what reaches the terminal: no colour, ASCII alone, nothing hostile, clicks only where wanted |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed, and says so; there is nobody else to tell"
)]

mod files;
mod life;
mod looks;
mod self_checks;
mod terminal;
mod uses;

use files::Files;
use portable_pty::CommandBuilder;
use std::path::Path;
use terminal::Terminal;

/// The monitor in a terminal of this size, in the folder with the files.
fn monitor(files: &Files, flags: &[&str], columns: u16, rows: u16) -> Terminal {
    monitor_with(files, flags, &[], columns, rows)
}

/// As [`monitor`], with variables of the environment.
fn monitor_with(files: &Files, flags: &[&str], variables: &[(&str, &str)], columns: u16, rows: u16) -> Terminal {
    let mut command = in_plain_environment(CommandBuilder::new(env!("CARGO_BIN_EXE_log-monitor")), files.path());
    command.args(flags);
    for (name, value) in variables {
        command.env(name, value);
    }
    Terminal::start(command, columns, rows)
}

/// The same environment on every machine, in this folder.
fn in_plain_environment(mut command: CommandBuilder, folder: &Path) -> CommandBuilder {
    command.env_clear();
    for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")] {
        command.env(name, value);
    }
    command.cwd(folder);
    command
}
