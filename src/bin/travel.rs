//! The `travel` command.

use clap::Parser as _;
use ordertrail::programs::travel::{TravelArgs, run};
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use ordertrail::tools::stderr::fail;

fn main() -> Exit {
    let args = TravelArgs::parse();
    args.common.apply_color();
    let outcome = Shutdown::on_signals().map_err(Into::into).and_then(|shutdown| run(&args, &shutdown));
    match outcome {
        Ok(exit) => exit,
        Err(error) => fail(&error, error.exit()),
    }
}
