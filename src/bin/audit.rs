//! The `audit` command.

use std::io::{self, Write as _};

use clap::Parser as _;
use ordertrail::programs::auditor::{AuditArgs, Terminal, run};
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;

fn main() -> Exit {
    let args = AuditArgs::parse();
    args.common().apply_color();
    let shutdown = match Shutdown::on_signals() {
        Ok(shutdown) => shutdown,
        Err(error) => return fail(&error, Exit::Failed),
    };
    match run(&args, &shutdown, Terminal::of_process(), &mut io::stdout()) {
        Ok(exit) => exit,
        Err(error) if error.is_quiet_end() => Exit::Done,
        Err(error) => fail(&error, error.exit()),
    }
}

fn fail(error: &dyn std::error::Error, exit: Exit) -> Exit {
    // With standard error closed as well, the exit code is all that is left to say.
    let _told = writeln!(io::stderr(), "{error}");
    exit
}
