//! `audit`: reads a trail, with no broker running, and sends it again to one that is.
//!
//! [`args`] names the subcommands; each has a file of its own in [`commands`], and implements
//! [`Command`]. Data goes to the given output, messages to standard error.

mod against_kafka;
mod args;
mod commands;
mod context;
mod error;
mod flat;
mod named;
#[cfg(feature = "parquet")]
mod parquet;
mod progress;
mod record;
mod replay;
mod search;
mod selection;
mod table;
mod tally;
mod trails;
mod trust;

#[cfg(test)]
mod tests;

pub use args::AuditArgs;
pub use context::Terminal;
pub use error::AuditError;

use std::io::{BufWriter, Write};

use crate::doors::health::diagnostics_on_stderr;
use crate::tools::exit::Exit;
use crate::tools::shown::HarmlessWriter;
use crate::tools::shutdown::Shutdown;
use context::Context;

/// What goes out in one write.
const OUTPUT_BYTES: usize = 64 * 1024;

/// One subcommand of `audit`.
trait Command {
    /// Does it. `out` is standard output, buffered; it is flushed afterwards.
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError>;

    /// Whether it writes what strangers wrote as they did, though `--json` was not passed.
    fn is_raw(&self) -> bool {
        false
    }
}

/// Carries out one `audit` command, writing its data to `out`.
///
/// # Errors
/// [`AuditError`]; it knows its exit code. One that [`is_quiet_end`](AuditError::is_quiet_end)
/// only means that the reader of `out` has gone.
pub fn run(args: &AuditArgs, shutdown: &Shutdown, terminal: Terminal, out: &mut dyn Write) -> Result<Exit, AuditError> {
    diagnostics_on_stderr().begin();
    let context = Context::new(args, shutdown, terminal);
    let is_as_written = args.json() || args.command().is_raw();
    // A terminal obeys what it is sent; into a pipe or a file go the bytes themselves.
    let out: Box<dyn Write + '_> = match terminal.stdout_is_terminal && is_as_written {
        true => Box::new(HarmlessWriter::new(out)),
        false => Box::new(out),
    };
    let mut out = BufWriter::with_capacity(OUTPUT_BYTES, out);
    let done = args.command().run(&context, &mut out);
    // What was found before an error is worth having as well.
    let flushed = out.flush().map_err(AuditError::output);
    let exit = done?;
    flushed.map(|()| exit)
}
