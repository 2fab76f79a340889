//! The `tracker` command.

use std::process::ExitCode;

use clap::Parser as _;
use ordertrail::programs::tracker::{TrackerArgs, TrackerConfig, TrackerError, run};
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;

fn main() -> ExitCode {
    let args = TrackerArgs::parse();
    args.common.apply_color();
    let outcome = TrackerConfig::try_from(args).and_then(|config| {
        let shutdown = Shutdown::on_signals().map_err(|source| TrackerError::Start { source })?;
        run(&config, &shutdown)
    });
    let exit = match outcome {
        Ok(_) => Exit::Done,
        Err(error) => {
            anstream::eprintln!("tracker: {error}");
            error.exit()
        }
    };
    ExitCode::from(exit.code())
}
