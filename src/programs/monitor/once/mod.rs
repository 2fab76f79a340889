//! One summary: plain lines for people and pipes, or one JSON object for machines.

mod json;
mod lines;

use std::io::Write;

use jiff::Timestamp;

use super::args::MonitorArgs;
use super::error::MonitorError;
use super::sources::{SourceOptions, Sources};
use super::texts::{Clock, Medium, Place, Texts};
use crate::base::language::Language;
use crate::logic::monitor::{Figures, FileState};
use crate::tools::exit::Exit;
use crate::tools::moment::now_ms;
use crate::tools::shutdown::Shutdown;

/// What is read before a signal is looked for again.
const BUDGET_BYTES: u64 = 16 * 1024 * 1024;

/// Reads both files to their ends, and writes what they tell to `out`. A signal ends the reading: what is
/// known by then is told, as lower bounds.
pub(super) fn run(args: &MonitorArgs, shutdown: &Shutdown, out: &mut dyn Write) -> Result<Exit, MonitorError> {
    let (events, log) = (args.events(), args.log());
    let options = SourceOptions { events: events.clone(), log: log.clone() };
    let mut sources = Sources::open(options, now_ms());
    while sources.look(now_ms(), BUDGET_BYTES).is_busy && !shutdown.is_requested() {}
    let figures = sources.model().figures(now_ms());
    if let (Some(events_reason), Some(log_reason)) =
        (why_unreadable(&figures.events_file), why_unreadable(&figures.log_file))
    {
        return Err(MonitorError::NoFile { events, events_reason, log, log_reason });
    }
    let clock = Clock::of_machine(args.screen().utc);
    let place = Place { events: &events, log: &log, clock: &clock, medium: Medium::Summary };
    let text = if args.is_json() {
        json::object(&figures, place)
    } else {
        lines::summary(&figures, place, Texts::of(args.language()), args.screen().ascii)
    };
    write(&text, out).map(|()| Exit::Done)
}

/// In one write, so that a closed pipe is met once.
fn write(text: &str, out: &mut dyn Write) -> Result<(), MonitorError> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(MonitorError::output)
}

/// Why a file cannot be read; `None` when it can.
fn why_unreadable(state: &FileState) -> Option<String> {
    match state {
        FileState::Readable { .. } => None,
        FileState::Missing | FileState::Gone { .. } => Some("it is not there".to_owned()),
        FileState::Unreadable { reason } => Some(reason.clone()),
    }
}

/// The words that machines read, whatever the language of the screen.
fn machine_texts() -> &'static Texts {
    Texts::of(Language::En)
}

/// Seconds, to the millisecond.
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}

/// The moment of the figures: RFC 3339, UTC.
fn as_of(figures: &Figures) -> Option<String> {
    Timestamp::from_millisecond(figures.as_of_ms).ok().map(|time| time.to_string())
}
