//! `log-monitor`: both files of the tracker, live.
//!
//! `sources` reads and joins the files with [`logic::monitor`](crate::logic::monitor), `app` is what is on the
//! screen, `keys` and `overlay_keys` change it, `view` draws it, `live` turns the wheel. `once` prints a summary
//! instead. `texts` holds every word in both languages.

mod app;
mod args;
mod error;
mod filter;
mod jobs;
mod keys;
mod layout;
mod list;
mod live;
mod mouse;
mod once;
mod order;
mod overlay_keys;
pub mod page;
mod record;
mod rows;
mod save;
mod seek;
pub mod sources;
pub mod texts;
mod timeline;
mod view;

#[cfg(test)]
mod tests;

pub use args::MonitorArgs;
pub use error::MonitorError;

use std::io::Write;

use crate::doors::screen::Screen;
use crate::tools::exit::Exit;
use crate::tools::moment::now_ms;
use crate::tools::shutdown::Shutdown;

use app::App;
use sources::{SourceOptions, Sources};
use texts::Clock;

/// Shows both files: live on a terminal, else as one summary, written to `out`.
///
/// # Errors
/// [`MonitorError`]; one that [`is_quiet_end`](MonitorError::is_quiet_end) only means that the reader of
/// `out` has gone.
pub fn run(
    args: &MonitorArgs,
    shutdown: &Shutdown,
    stdout_is_terminal: bool,
    out: &mut dyn Write,
) -> Result<Exit, MonitorError> {
    if args.is_once(stdout_is_terminal) {
        return once::run(args, shutdown, out);
    }
    let files = SourceOptions { events: args.events(), log: args.log() };
    let clock = Clock::of_machine(args.screen().utc);
    let mut sources = Sources::open(files.clone(), now_ms());
    let options = args.screen().options();
    shutdown.on_hangup().map_err(|source| MonitorError::Screen { source })?;
    // The first frame shows what is there, not an empty screen.
    sources.look(now_ms(), live::BUDGET_BYTES);
    let screen = Screen::open(options).map_err(|source| MonitorError::Screen { source })?;
    live::run(screen, App::new(args.language(), clock, files), sources, shutdown)?;
    Ok(Exit::Done)
}
