//! The `log-monitor` command.

use std::io::{self, IsTerminal as _};

use clap::Parser as _;
use ordertrail::programs::monitor::{MonitorArgs, run};
use ordertrail::services::output::aside;
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::tools::stderr::fail;

fn main() -> Exit {
    let args = MonitorArgs::parse();
    args.common().apply_color();
    if let Some(command) = args.side() {
        return aside::<MonitorArgs>(command);
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
