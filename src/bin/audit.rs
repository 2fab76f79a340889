//! The `audit` command.

use std::io;

use ordertrail::programs::auditor::{AuditArgs, Terminal, run};
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::tools::stderr::fail;

fn main() -> Exit {
    let args = AuditArgs::of_process();
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
