//! The screen while it lives: wait for a key, take what was seen, draw what changed.

use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::app::App;
use super::keys::Effect;
use super::look::{Looker, Seen};
use super::view;
use crate::doors::screen::{Input, Screen};
use crate::programs::techshop::TechshopError;
use crate::tools::shutdown::Shutdown;

/// How long a key is waited for before new looks are taken; and at most ten frames a second.
const FRAME: Duration = Duration::from_millis(100);

/// Figures and ages settle once a second.
const FIGURES: Duration = Duration::from_secs(1);

/// Shows the cluster until a person or a signal ends it.
///
/// # Errors
/// [`TechshopError`] when the terminal is gone, or Kafka will never answer.
pub(super) fn run(mut screen: Screen, mut app: App, looker: &Looker, shutdown: &Shutdown) -> Result<(), TechshopError> {
    let outcome = live(&mut screen, &mut app, looker, shutdown);
    // The thread that looks has nobody left to tell.
    shutdown.request();
    // What went wrong first is what is told.
    outcome.and(screen.close().map_err(gone))
}

fn live(screen: &mut Screen, app: &mut App, looker: &Looker, shutdown: &Shutdown) -> Result<(), TechshopError> {
    let mut drawn = Instant::now().checked_sub(FRAME);
    let mut settled: Option<Instant> = None;
    let mut is_stale = true;
    while !shutdown.is_requested() {
        let wait = match drawn {
            Some(drawn) if is_stale => FRAME.saturating_sub(drawn.elapsed()),
            _ => FRAME,
        };
        let mut input = screen.next_input(wait).map_err(gone)?;
        while let Some(one) = input {
            is_stale = true;
            if act(app.on_input(one), screen, app)? {
                return Ok(());
            }
            if one == Input::Resized {
                break;
            }
            input = screen.next_input(Duration::ZERO).map_err(gone)?;
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
            (settled, is_stale) = (Some(Instant::now()), true);
        }
        if is_stale && drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME) {
            is_stale = !screen.draw(|canvas| view::draw(canvas, app)).map_err(gone)?;
            drawn = Some(Instant::now());
        }
    }
    Ok(())
}

/// Does what the terminal has to do for a key; true when that is the end.
fn act(effect: Effect, screen: &mut Screen, app: &mut App) -> Result<bool, TechshopError> {
    match effect {
        Effect::Nothing => {}
        Effect::Quit => return Ok(true),
        Effect::Suspend => {
            screen.suspend().map_err(gone)?;
        }
        Effect::Copy(text) => {
            let bytes = screen.copy(&text).map_err(gone)?;
            app.tell(app.texts().choose(format!("{bytes} bytes copied"), format!("{bytes} octets copiés")));
        }
        Effect::NextTheme => screen.set_theme(screen.theme().next()),
    }
    Ok(false)
}

fn gone(source: io::Error) -> TechshopError {
    TechshopError::Failed { reason: format!("the terminal cannot be used: {source}") }
}
