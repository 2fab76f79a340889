//! The screen while it lives: wait for a key, look at the files, draw what changed.

use std::time::{Duration, Instant};

use super::app::{App, Notice};
use super::error::MonitorError;
use super::keys::{Around, Effect};
use super::layout::Layout;
use super::sources::{Looked, Sources};
use super::view::View;
use crate::doors::screen::{Input, Screen};
use crate::logic::monitor::BucketSize;
use crate::tools::moment::now_ms;
use crate::tools::shutdown::Shutdown;

/// How long a key is waited for before the files are looked at again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// At most ten frames a second.
const FRAME: Duration = Duration::from_millis(100);

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
pub(super) fn run(
    mut screen: Screen,
    mut app: App,
    mut sources: Sources,
    shutdown: &Shutdown,
) -> Result<(), MonitorError> {
    let outcome = live(&mut screen, &mut app, &mut sources, shutdown);
    // What went wrong first is what is told.
    outcome.and(screen.close().map_err(|source| MonitorError::Screen { source }))
}

fn live(screen: &mut Screen, app: &mut App, sources: &mut Sources, shutdown: &Shutdown) -> Result<(), MonitorError> {
    let mut view = View::new();
    let mut drawn = Instant::now().checked_sub(FRAME);
    let mut is_stale = true;
    let mut figures_at: Option<Instant> = None;
    let mut is_busy = false;
    app.refresh(sources);
    while !shutdown.is_requested() {
        let wait = if is_busy || app.is_busy() { Duration::ZERO } else { waiting(is_stale, drawn) };
        let mut input = screen.next_input(wait).map_err(|source| MonitorError::Screen { source })?;
        // Everything that was typed meanwhile is answered before the next frame.
        while let Some(one) = input {
            is_stale = true;
            let around = Around { sources, layout: view.layout(), now_ms: now_ms(), bucket: view.bucket() };
            let effect = app.on_input(one, &around);
            if act(effect, screen, app)? {
                return Ok(());
            }
            if one == Input::Resized {
                break;
            }
            input = screen.next_input(Duration::ZERO).map_err(|source| MonitorError::Screen { source })?;
        }
        let looked = read(sources);
        is_busy = looked.is_busy;
        let now = now_ms();
        is_stale |= app.tick(&looked, sources, now);
        // Ages tick, and figures change, once a second.
        if figures_at.is_none_or(|at| at.elapsed() >= FIGURES) || looked.rebuilt {
            view.figures_of(sources, app, now);
            (figures_at, is_stale) = (Some(Instant::now()), true);
        }
        if is_stale && drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME) {
            is_stale = !screen
                .draw(|canvas| view.draw(canvas, app, sources, now))
                .map_err(|source| MonitorError::Screen { source })?;
            drawn = Some(Instant::now());
            // A larger screen has room for rows that nobody has read yet.
            is_stale |= app.fill(sources);
        }
    }
    Ok(())
}

/// How long a key may be waited for: until the next look, or the next frame when one is due.
fn waiting(is_stale: bool, drawn: Option<Instant>) -> Duration {
    match drawn {
        Some(drawn) if is_stale => FRAME.saturating_sub(drawn.elapsed()).min(LOOK_EVERY),
        _ => LOOK_EVERY,
    }
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

/// Does what the terminal has to do for a key; true when that is the end.
fn act(effect: Effect, screen: &mut Screen, app: &mut App) -> Result<bool, MonitorError> {
    match effect {
        Effect::Nothing => {}
        Effect::Quit => return Ok(true),
        Effect::Suspend => {
            screen.suspend().map_err(|source| MonitorError::Screen { source })?;
        }
        Effect::Copy(text) => {
            let bytes = screen.copy(&text).map_err(|source| MonitorError::Screen { source })?;
            app.tell(Notice::Copied { bytes, is_cut: bytes < text.len() }, now_ms());
        }
        Effect::NextTheme => {
            screen.set_theme(screen.theme().next());
        }
    }
    Ok(false)
}

/// The bucket that fits until anything is known.
pub(super) const FIRST_BUCKET: BucketSize = BucketSize::Seconds30;

/// Where everything stands before the first frame.
pub(super) fn no_layout() -> Layout {
    Layout::of(crate::doors::screen::Area::default(), super::layout::Needs::default())
}
