//! The `producer` command.

use std::io;

use clap::Parser as _;
use ordertrail::programs::producer::{ProducerArgs, Terminal, run};
use ordertrail::services::output::is_quiet_end;
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::tools::stderr::fail;

fn main() -> Exit {
    let args = ProducerArgs::parse();
    args.common().apply_color();
    match args.write_completions(&mut io::stdout()) {
        Ok(false) => {}
        Ok(true) => return Exit::Done,
        Err(error) if is_quiet_end(&error) => return Exit::Done,
        Err(error) => return fail(&error, Exit::Failed),
    }
    // Before anything that takes a moment: a service manager may stop at once what it has just started.
    let shutdown = match Shutdown::on_signals() {
        Ok(shutdown) => shutdown,
        Err(error) => return fail(&error, Exit::Failed),
    };
    match args.check() {
        Ok(config) => run(&config, &shutdown, Terminal::of_process()),
        Err(error) => fail(&error, Exit::Usage),
    }
}
