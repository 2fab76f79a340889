//! The screen while it lives: wait for a key, take what was seen, draw what changed.

use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::app::App;
use super::look::{Looker, Seen};
use super::view;
use crate::doors::screen::{Done, LiveScreen, Screen};
use crate::programs::techshop::TechshopError;
use crate::tools::shutdown::Shutdown;

/// Figures and ages settle once a second.
const FIGURES: Duration = Duration::from_secs(1);

/// Shows the cluster until a person or a signal ends it.
///
/// # Errors
/// [`TechshopError`] when the terminal is gone, or Kafka will never answer.
pub(super) fn run(screen: Screen, mut app: App, looker: &Looker, shutdown: &Shutdown) -> Result<(), TechshopError> {
    let mut screen = LiveScreen::new(screen);
    let outcome = live(&mut screen, &mut app, looker, shutdown);
    // The thread that looks has nobody left to tell.
    shutdown.request();
    // What went wrong first is what is told.
    outcome.and(screen.close().map_err(gone))
}

fn live(screen: &mut LiveScreen, app: &mut App, looker: &Looker, shutdown: &Shutdown) -> Result<(), TechshopError> {
    let mut settled: Option<Instant> = None;
    while !shutdown.is_requested() {
        let wait = screen.wait();
        while let Some(input) = screen.next_input(wait).map_err(gone)? {
            match screen.carry_out(app.on_input(input)).map_err(gone)? {
                Done::Nothing => {}
                Done::Quit => return Ok(()),
                Done::Copied { bytes, .. } => {
                    app.tell(app.texts().choose(format!("{bytes} bytes copied"), format!("{bytes} octets copiés")));
                }
            }
        }
        let mut has_seen = false;
        while let Some((seen, at_ms)) = looker.next(Duration::ZERO) {
            has_seen = true;
            match seen {
                Seen::Round(round) => app.watch.observe(*round, at_ms),
                Seen::Nothing(reason) => app.watch.fail(&reason, at_ms),
                Seen::Refused(error) => return Err(error),
            }
        }
        if has_seen || settled.is_none_or(|at| at.elapsed() >= FIGURES) {
            app.tick(Timestamp::now().as_millisecond());
            settled = Some(Instant::now());
            screen.changed();
        }
        screen.draw(|canvas| view::draw(canvas, app)).map_err(gone)?;
    }
    Ok(())
}

fn gone(source: io::Error) -> TechshopError {
    TechshopError::Failed { reason: format!("the terminal cannot be used: {source}") }
}
