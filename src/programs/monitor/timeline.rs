//! Both files on one clock: what the log said stands beside the messages of that moment.

use super::filter::line_time;
use super::list::List;
use super::rows::{EventRow, Grade, LogRow, ROW_BYTES, Row};
use super::sources::Sources;
use crate::doors::tail::{Pages, Place, TailError};

/// So many lines of each file are laid beside each other.
const MOST_LINES: usize = 240;

/// Of so many lines that are all fine and have nothing beside them only the first and the last are shown.
const CALM: usize = 6;

/// A silence of so long gets a row of its own, in milliseconds.
const SILENCE_MS: i64 = 10_000;

/// One row: what stands on the left and on the right at a moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Moment {
    /// A line of one file, or of both in the same second.
    Lines { time_ms: i64, log: Option<Box<LogRow>>, event: Option<Box<EventRow>> },
    /// So many messages, all fine, that are not shown one by one.
    Calm { count: usize, first_ms: i64, last_ms: i64 },
    /// Nothing came for so long.
    Silence { from_ms: i64, to_ms: i64 },
}

/// Both files on one clock.
pub(super) struct TimelineView {
    pub(super) moments: Vec<Moment>,
    pub(super) top: usize,
    pub(super) selected: usize,
    /// Somebody went to another moment than the one that it began with.
    pub(super) has_moved: bool,
    pub(super) trouble: Option<String>,
}

impl TimelineView {
    /// Lays both files beside each other around the line that is selected in either; around the newest without one.
    pub(super) fn around(
        sources: &Sources,
        events: &List<EventRow>,
        logs: &List<LogRow>,
        is_log_chosen: bool,
        height: usize,
    ) -> Self {
        let centre =
            if is_log_chosen { logs.current().and_then(Row::time_ms) } else { events.current().and_then(Row::time_ms) };
        let near_event = if is_log_chosen { None } else { events.selected().map(Row::place) };
        let near_log = if is_log_chosen { logs.selected().map(Row::place) } else { None };
        let read = || -> Result<(Vec<LogRow>, Vec<EventRow>), TailError> {
            let event_rows: Vec<EventRow> = around(sources.events(), near_event, centre.filter(|_| is_log_chosen))?;
            let log_rows: Vec<LogRow> = around(sources.log(), near_log, centre.filter(|_| !is_log_chosen))?;
            Ok((log_rows, event_rows))
        };
        let (moments, trouble) = match read() {
            Ok((logs, events)) => (lay_out(&logs, &events), None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let selected = match centre {
            Some(centre) => moments.partition_point(|moment| moment.time_ms() < centre),
            None => moments.len(),
        };
        let selected = selected.min(moments.len().saturating_sub(1));
        Self { top: selected.saturating_sub(height / 2), selected, has_moved: false, moments, trouble }
    }

    /// Moves the selection.
    pub(super) fn move_by(&mut self, by: isize, height: usize) {
        self.has_moved = true;
        self.selected = self.selected.saturating_add_signed(by).min(self.moments.len().saturating_sub(1));
        if self.selected < self.top {
            self.top = self.selected;
        } else if self.selected >= self.top + height.max(1) {
            self.top = self.selected + 1 - height.max(1);
        }
    }

    /// The lines of the selected row: of the log, of the trail.
    pub(super) fn places(&self) -> (Option<Place>, Option<Place>) {
        match self.moments.get(self.selected) {
            Some(Moment::Lines { log, event, .. }) => {
                (log.as_ref().map(|row| row.place()), event.as_ref().map(|row| row.place()))
            }
            _ => (None, None),
        }
    }
}

impl Moment {
    pub(super) fn time_ms(&self) -> i64 {
        match self {
            Self::Lines { time_ms, .. } => *time_ms,
            Self::Calm { first_ms, .. } => *first_ms,
            Self::Silence { from_ms, .. } => *from_ms,
        }
    }
}

/// Lines on both sides of a place, or of a moment, or the newest.
fn around<R: Row>(pages: &Pages, place: Option<Place>, time_ms: Option<i64>) -> Result<Vec<R>, TailError> {
    let centre = match (place, time_ms) {
        (Some(place), _) => Some(place),
        (None, Some(time_ms)) => pages.at_time(time_ms, &line_time)?,
        (None, None) => None,
    };
    let mut lines = pages.before(centre, MOST_LINES / 2, ROW_BYTES)?;
    if centre.is_some() {
        lines.extend(pages.from(centre, MOST_LINES / 2, ROW_BYTES)?);
    }
    Ok(lines.iter().map(R::of).collect())
}

/// Puts two rows of lines, each in its order, onto one clock of seconds.
fn lay_out(logs: &[LogRow], events: &[EventRow]) -> Vec<Moment> {
    let mut moments = Vec::new();
    let (mut log_at, mut event_at) = (0, 0);
    let mut clock = i64::MIN;
    while log_at < logs.len() || event_at < events.len() {
        let log = logs.get(log_at);
        let event = events.get(event_at);
        // A line without a time stands where the file has it.
        let log_ms = log.map(|log| log.time_ms().unwrap_or(clock));
        let event_ms = event.map(|event| event.time_ms().unwrap_or(clock));
        let second = |ms: i64| ms.div_euclid(1_000);
        let (takes_log, takes_event) = match (log_ms, event_ms) {
            (Some(log), Some(event)) if second(log) == second(event) => (true, true),
            (Some(log), Some(event)) => (log < event, log >= event),
            (log, event) => (log.is_some(), event.is_some()),
        };
        let time_ms = match (takes_log, takes_event) {
            (true, true) => log_ms.zip(event_ms).map(|(log, event)| log.min(event)),
            (true, false) => log_ms,
            _ => event_ms,
        }
        .unwrap_or(clock);
        clock = clock.max(time_ms);
        moments.push(Moment::Lines {
            time_ms,
            log: log.filter(|_| takes_log).cloned().map(Box::new),
            event: event.filter(|_| takes_event).cloned().map(Box::new),
        });
        log_at += usize::from(takes_log);
        event_at += usize::from(takes_event);
        // Only between two messages that were both read is it known that none came.
        let next = events.get(event_at).and_then(Row::time_ms);
        if let (true, Some(from_ms), Some(to_ms)) = (takes_event, event.and_then(Row::time_ms), next)
            && to_ms.saturating_sub(from_ms) >= SILENCE_MS
        {
            moments.push(Moment::Silence { from_ms, to_ms });
        }
    }
    calmed(moments)
}

/// Rows of messages that are all fine and have nothing beside them, put together.
fn calmed(moments: Vec<Moment>) -> Vec<Moment> {
    let is_calm = |moment: &Moment| matches!(moment, Moment::Lines { log: None, event: Some(event), .. } if event.grade() == Grade::Fine);
    let mut result = Vec::with_capacity(moments.len());
    let mut calm: Vec<Moment> = Vec::new();
    let put = |calm: &mut Vec<Moment>, result: &mut Vec<Moment>| {
        if calm.len() > CALM {
            let middle: Vec<Moment> = calm.drain(1..calm.len() - 1).collect();
            let last = calm.pop();
            result.append(calm);
            let ends = middle.first().map(Moment::time_ms).zip(middle.last().map(Moment::time_ms));
            result.extend(ends.map(|(first_ms, last_ms)| Moment::Calm { count: middle.len(), first_ms, last_ms }));
            result.extend(last);
        } else {
            result.append(calm);
        }
    };
    for moment in moments {
        if is_calm(&moment) {
            calm.push(moment);
        } else {
            put(&mut calm, &mut result);
            result.push(moment);
        }
    }
    put(&mut calm, &mut result);
    result
}
