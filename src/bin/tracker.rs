//! The `tracker` command.

use clap::Parser as _;
use ordertrail::programs::monitor::page;
use ordertrail::programs::tracker::{TrackerArgs, TrackerConfig, TrackerError, run};
use ordertrail::services::output::aside;
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::tools::stderr::fail;

fn main() -> Exit {
    let args = TrackerArgs::parse();
    args.common.apply_color();
    if let Some(command) = &args.command {
        return aside::<TrackerArgs>(command);
    }
    // Before anything that takes a moment: a service manager may stop at once what it has just started.
    let outcome = Shutdown::on_signals().map_err(|source| TrackerError::Start { source }).and_then(|shutdown| {
        let config = TrackerConfig::try_from(args)?;
        run(&config, page::site, &shutdown)
    });
    match outcome {
        Ok(_) => Exit::Done,
        Err(error) => fail(&error, error.exit()),
    }
}
