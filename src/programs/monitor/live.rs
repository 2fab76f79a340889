//! The screen while it lives: wait for a key, look at the files, draw what changed.

use std::io;
use std::time::{Duration, Instant};

use super::app::{App, Notice};
use super::error::MonitorError;
use super::keys::Around;
use super::layout::Layout;
use super::sources::{Looked, Sources};
use super::view::View;
use crate::doors::screen::{Done, LiveScreen, Screen};
use crate::logic::monitor::BucketSize;
use crate::tools::moment::now_ms;
use crate::tools::shutdown::Shutdown;

/// So much is read in one go: a key is answered within a frame.
pub(super) const BUDGET_BYTES: u64 = 8 * 1024 * 1024;

/// So long reading may take before a key is looked for again, while there is much to read.
const READING: Duration = Duration::from_millis(60);

/// Figures settle once a second.
const FIGURES: Duration = Duration::from_secs(1);

/// Shows both files until a person or a signal ends it.
///
/// # Errors
/// [`MonitorError::Screen`] when the terminal is gone.
pub(super) fn run(screen: Screen, mut app: App, mut sources: Sources, shutdown: &Shutdown) -> Result<(), MonitorError> {
    let mut screen = LiveScreen::new(screen);
    let outcome = live(&mut screen, &mut app, &mut sources, shutdown);
    // What went wrong first is what is told.
    outcome.and(screen.close().map_err(gone))
}

fn live(
    screen: &mut LiveScreen,
    app: &mut App,
    sources: &mut Sources,
    shutdown: &Shutdown,
) -> Result<(), MonitorError> {
    let mut view = View::new();
    let mut figures_at: Option<Instant> = None;
    let mut is_busy = false;
    app.refresh(sources);
    while !shutdown.is_requested() {
        let wait = if is_busy || app.is_busy() { Duration::ZERO } else { screen.wait() };
        while let Some(input) = screen.next_input(wait).map_err(gone)? {
            let around = Around { sources, layout: view.layout(), now_ms: now_ms(), bucket: view.bucket() };
            match screen.carry_out(app.on_input(input, &around)).map_err(gone)? {
                Done::Nothing => {}
                Done::Quit => return Ok(()),
                Done::Copied { bytes, is_cut } => app.tell(Notice::Copied { bytes, is_cut }, now_ms()),
            }
        }
        let looked = read(sources);
        is_busy = looked.is_busy;
        let now = now_ms();
        if app.tick(&looked, sources, now) {
            screen.changed();
        }
        // Ages tick, and figures change, once a second.
        if figures_at.is_none_or(|at| at.elapsed() >= FIGURES) || looked.rebuilt {
            view.figures_of(sources, app, now);
            figures_at = Some(Instant::now());
            screen.changed();
        }
        let is_drawn = screen.draw(|canvas| view.draw(canvas, app, sources, now)).map_err(gone)?;
        // A larger screen has room for rows that nobody has read yet.
        if is_drawn && app.fill(sources) {
            screen.changed();
        }
    }
    Ok(())
}

fn gone(source: io::Error) -> MonitorError {
    MonitorError::Screen { source }
}

/// Looks at the files, again and again while there is much to read, but never long.
fn read(sources: &mut Sources) -> Looked {
    let began = Instant::now();
    let mut all = sources.look(now_ms(), BUDGET_BYTES);
    while all.is_busy && began.elapsed() < READING {
        let looked = sources.look(now_ms(), BUDGET_BYTES);
        all = both(all, looked);
    }
    all
}

/// What two looks found together.
fn both(first: Looked, second: Looked) -> Looked {
    Looked {
        events_grew: first.events_grew || second.events_grew,
        log_grew: first.log_grew || second.log_grew,
        figures_changed: first.figures_changed || second.figures_changed,
        rebuilt: first.rebuilt || second.rebuilt,
        is_busy: second.is_busy,
        new_messages: first.new_messages.saturating_add(second.new_messages),
    }
}

/// The bucket that fits until anything is known.
pub(super) const FIRST_BUCKET: BucketSize = BucketSize::Seconds30;

/// Where everything stands before the first frame.
pub(super) fn no_layout() -> Layout {
    Layout::of(crate::doors::screen::Area::default(), super::layout::Needs::default())
}
