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

pub use args::{MonitorArgs, Terminal, ThemeChoice};
pub use error::MonitorError;

use std::io::Write;

use crate::doors::screen::{Glyphs, Screen, ScreenOptions, Theme};
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
    terminal: Terminal,
    out: &mut dyn Write,
) -> Result<Exit, MonitorError> {
    if args.is_once(terminal) {
        return once::run(args, shutdown, out);
    }
    let files = SourceOptions { events: args.events(), log: args.log() };
    let clock = Clock::of_machine(args.is_utc());
    let mut sources = Sources::open(files.clone(), now_ms());
    let options = ScreenOptions {
        wants_mouse: args.has_mouse(),
        theme: theme(args.theme(), terminal),
        glyphs: Glyphs::choose(args.is_ascii(), variable),
    };
    shutdown.on_hangup().map_err(|source| MonitorError::Screen { source })?;
    // The first frame shows what is there, not an empty screen.
    sources.look(now_ms(), live::BUDGET_BYTES);
    let screen = Screen::open(options).map_err(|source| MonitorError::Screen { source })?;
    live::run(screen, App::new(args.language(), clock, files), sources, shutdown)?;
    Ok(Exit::Done)
}

/// The colours that were asked for; none where none are wanted.
fn theme(choice: ThemeChoice, terminal: Terminal) -> Theme {
    use crate::doors::screen::ThemeChoice as Choice;
    let given = match choice {
        ThemeChoice::Auto if !terminal.color => return Theme::NoColor,
        ThemeChoice::Auto => Choice::Auto,
        ThemeChoice::Dark => Choice::Given(Theme::Dark),
        ThemeChoice::Light => Choice::Given(Theme::Light),
        ThemeChoice::Contrast => Choice::Given(Theme::HighContrast),
        ThemeChoice::None => Choice::Given(Theme::NoColor),
    };
    given.theme(variable)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
