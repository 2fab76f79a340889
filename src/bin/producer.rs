//! The `producer` command.

use clap::Parser as _;
use ordertrail::programs::producer::{ProducerArgs, Terminal, run};
use ordertrail::services::output::aside;
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::tools::stderr::fail;

fn main() -> Exit {
    let args = ProducerArgs::parse();
    args.common().apply_color();
    if let Some(command) = args.side() {
        return aside::<ProducerArgs>(command);
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
