//! The board: every request on a terminal, live.
//!
//! One thread turns a wheel: it waits for a key, reads for some milliseconds, and draws what changed. `app` is what is
//! on the screen, `keys` change it, `view` draws it and decides nothing; `history` reads one request's records again,
//! beside it.

mod app;
mod history;
mod keys;
#[cfg(test)]
mod tests;
mod view;

use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{ConsumeArgs, Consuming};
use crate::doors::screen::{Done, LiveScreen, Screen};
use crate::programs::travel::reading::News;
use crate::programs::travel::{Travel, TravelError};
use app::App;

/// How long records are read before a key is looked for.
const READ: Duration = Duration::from_millis(50);

/// Ages settle once a second.
const AGES: Duration = Duration::from_secs(1);

/// Making the rows may take one part in so many of the time.
const SHARE: u32 = 10;

/// Shows the board until a person or a signal ends it.
pub(super) fn run(travel: &Travel<'_>, args: &ConsumeArgs, consuming: &mut Consuming<'_>) -> Result<(), TravelError> {
    travel.context.shutdown.on_hangup()?;
    let mut app = App::new(travel.topic.clone(), args.screen.utc);
    app.warnings.clone_from(&consuming.warnings);
    let mut screen = LiveScreen::new(Screen::open(args.screen.options()).map_err(gone)?);
    let outcome = live(travel, &mut screen, &mut app, consuming);
    // What went wrong first is what is told.
    outcome.and(screen.close().map_err(gone))
}

fn live(
    travel: &Travel<'_>,
    screen: &mut LiveScreen,
    app: &mut App,
    consuming: &mut Consuming<'_>,
) -> Result<(), TravelError> {
    let mut settled = Instant::now();
    let (mut has_news, mut rows_due) = (true, Instant::now());
    while !travel.context.shutdown.is_requested() {
        // While there is something to read no key is waited for.
        let wait = if has_news { Duration::ZERO } else { screen.wait() };
        while let Some(input) = screen.next_input(wait).map_err(gone)? {
            match screen.carry_out(app.on_input(input)).map_err(gone)? {
                Done::Nothing => {}
                Done::Quit => return Ok(()),
                Done::Copied { bytes, .. } => app.tell(format!("{bytes} bytes copied")),
            }
            if let Some(id) = app.wanted.take() {
                app.open(history::read(travel, id)?);
            }
        }
        has_news = read(app, consuming)?;
        app.is_changed |= has_news;
        if app.hear_history() {
            screen.changed();
        }
        if let Some(reason) = consuming.look_after() {
            app.tell(reason);
        }
        if app.is_changed && Instant::now() >= rows_due {
            let began = Instant::now();
            app.take(&mut consuming.reading);
            rows_due = Instant::now() + began.elapsed() * SHARE;
            screen.changed();
        }
        app.tick(Timestamp::now().as_millisecond());
        if settled.elapsed() >= AGES {
            settled = Instant::now();
            screen.changed();
        }
        screen.draw(|canvas| view::draw(canvas, app)).map_err(gone)?;
    }
    Ok(())
}

/// Reads for a little while; whether there was anything.
fn read(app: &mut App, consuming: &mut Consuming<'_>) -> Result<bool, TravelError> {
    let (began, mut is_changed, mut has_records) = (Instant::now(), false, false);
    while began.elapsed() < READ {
        let news = consuming.reading.step(Duration::ZERO, |_, _, _| {
            has_records = true;
            Ok(())
        })?;
        let Some(news) = news else { break };
        match news {
            News::None => {}
            News::Anew(reason) | News::Merging(reason) => app.tell(format!("{reason}; read again from the beginning")),
            News::Note(note) => app.tell(note),
            News::Lost(reason) => app.lost = Some(reason),
            News::Back => app.lost = None,
        }
        is_changed = true;
    }
    // The rest is no reason to write anything.
    if has_records {
        consuming.changed();
    }
    Ok(is_changed)
}

fn gone(source: io::Error) -> TravelError {
    TravelError::Failed { reason: format!("the terminal cannot be used: {source}") }
}
