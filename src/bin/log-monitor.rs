//! The `log-monitor` command.

use std::io::{self, IsTerminal as _};

use clap::Parser as _;
use ordertrail::programs::monitor::{MonitorArgs, run};
use ordertrail::services::output::is_quiet_end;
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::tools::stderr::fail;

fn main() -> Exit {
    let args = MonitorArgs::parse();
    args.common().apply_color();
    match args.write_completions(&mut io::stdout()) {
        Ok(false) => {}
        Ok(true) => return Exit::Done,
        Err(error) if is_quiet_end(&error) => return Exit::Done,
        Err(error) => return fail(&error, Exit::Failed),
    }
    let shutdown = match Shutdown::on_signals() {
        Ok(shutdown) => shutdown,
        Err(error) => return fail(&error, Exit::Failed),
    };
    match run(&args, &shutdown, io::stdout().is_terminal(), &mut io::stdout()) {
        Ok(exit) => exit,
        Err(error) if error.is_quiet_end() => Exit::Done,
        Err(error) => fail(&error, error.exit()),
    }
}
