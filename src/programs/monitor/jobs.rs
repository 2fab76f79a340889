//! Looking for a line: what was begun by a key goes on a slice at a time, and arrives in its list.

use super::app::{App, Notice, Overlay, Pane, ToEnd, hits, with_filter};
use super::filter::{Target, line_time};
use super::record::RECORD_BYTES;
use super::save::{Save, Saving};
use super::seek::{HitCount, IsHit, Seek, Seeking};
use super::sources::Sources;
use crate::doors::tail::{Direction, Place, TailError};

/// What a seek does when it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A hit of the search.
    Hit,
    /// An error, a warning or a gap.
    Problem,
    /// An error, to be opened.
    Record,
    /// An offset.
    Offset,
}

/// A seek that is under way in one of the lists.
pub(super) struct Job {
    pub(super) seek: Seek,
    pub(super) pane: Pane,
    pub(super) arrival: Arrival,
    pub(super) direction: Direction,
    /// The line that it began from.
    pub(super) from: Option<Place>,
}

impl App {
    /// Begins to look for a line, from the selected one; from the end when nothing is selected.
    pub(super) fn seek(&mut self, pane: Pane, is_hit: IsHit, direction: Direction, arrival: Arrival) {
        let from = self.current_place(pane);
        self.seek_from(pane, is_hit, direction, arrival, from);
    }

    /// As [`App::seek`], from a place; from the end without one.
    pub(super) fn seek_from(
        &mut self,
        pane: Pane,
        is_hit: IsHit,
        direction: Direction,
        arrival: Arrival,
        from: Option<Place>,
    ) {
        // Nothing lies behind the end: whoever follows means the newest one.
        let direction = if from.is_none() { Direction::Backwards } else { direction };
        let may_wrap = matches!(arrival, Arrival::Hit | Arrival::Problem | Arrival::Record);
        self.job = Some(Job { seek: Seek::new(is_hit, direction, from, may_wrap), pane, arrival, direction, from });
    }

    /// Goes to the target of a `:` prompt: at once to a moment, which is bisected; an offset is looked for from the
    /// newest line back.
    pub(super) fn go_to(&mut self, target: Target, sources: &Sources, now_ms: i64) {
        match target {
            Target::Time(time_ms) => {
                let pane = self.list_pane();
                let pages = pane.pages(sources);
                match pages.at_time(time_ms, &line_time) {
                    Ok(Some(place)) => self.show(pane, place, sources),
                    Ok(None) => self.on_list(sources, ToEnd),
                    Err(error) => self.trouble(&error, now_ms),
                }
            }
            Target::Offset { .. } => {
                self.focus = Pane::Events;
                let is_hit: IsHit = Box::new(move |line| target.is_reached(line));
                self.seek_from(Pane::Events, is_hit, Direction::Backwards, Arrival::Offset, None);
            }
        }
    }

    /// Shows the line at a place of a list.
    pub(super) fn show(&mut self, pane: Pane, place: Place, sources: &Sources) {
        match pane {
            Pane::Logs => self.logs.go_to_place(sources.log(), place, None),
            _ => with_filter(self.filter.as_ref(), |filter| self.events.go_to_place(sources.events(), place, filter)),
        }
    }

    /// Begins to save the lines of the trail that the search and the filter mean.
    pub(super) fn save_hits(&mut self, sources: &Sources, now_ms: i64) {
        let search = self.search.as_ref().filter(|search| search.pane == Pane::Events);
        let is_hit: IsHit = match (search, self.filter.clone()) {
            (Some(search), filter) => hits(search.pattern.clone(), filter),
            (None, Some(filter)) => Box::new(move |line| filter.lets_through(line)),
            (None, None) => return self.tell(Notice::NothingToSave, now_ms),
        };
        match Save::begin(&self.folder, sources.events(), is_hit, now_ms) {
            Ok(save) => self.save = Some(save),
            Err(error) => self.tell(Notice::Trouble(error.to_string()), now_ms),
        }
    }

    /// One slice of whatever is looked for; whether anything on screen changed.
    pub(super) fn go_on(&mut self, sources: &Sources, now_ms: i64) -> bool {
        let mut changed = false;
        if let Some(mut job) = self.job.take() {
            let pages = job.pane.pages(sources);
            match job.seek.step(pages) {
                Ok(Seeking::GoOn) => self.job = Some(job),
                Ok(Seeking::Found { place, wrapped }) => {
                    self.arrive(&job, place, wrapped, sources, now_ms);
                    changed = true;
                }
                Ok(Seeking::Nothing) => {
                    self.find_nothing(&job, now_ms);
                    changed = true;
                }
                Err(error) => {
                    self.trouble(&error, now_ms);
                    changed = true;
                }
            }
        } else if let Some((count, pane)) =
            self.search.as_mut().and_then(|search| Some((search.count.as_mut()?, search.pane)))
            && !count.is_done()
        {
            let pages = pane.pages(sources);
            if let Err(error) = count.step(pages) {
                self.trouble(&error, now_ms);
            }
            changed = true;
        }
        if self.events.is_looking() {
            changed |= with_filter(self.filter.as_ref(), |filter| self.events.look(sources.events(), filter));
        }
        if let Some(save) = &mut self.save {
            match save.step(sources.events()) {
                Saving::GoOn => {}
                Saving::Done { lines, path } => {
                    self.save = None;
                    self.tell(Notice::Saved { lines, path }, now_ms);
                    changed = true;
                }
                Saving::Failed { reason } => {
                    self.save = None;
                    self.tell(Notice::Trouble(reason), now_ms);
                    changed = true;
                }
            }
        }
        if let Some(Overlay::Order(order)) = &mut self.overlay {
            changed |= order.step(sources.events());
        }
        changed
    }

    fn arrive(&mut self, job: &Job, place: Place, wrapped: bool, sources: &Sources, now_ms: i64) {
        if job.arrival == Arrival::Offset {
            self.unhide(place, sources, now_ms);
        }
        self.show(job.pane, place, sources);
        if wrapped {
            self.tell(Notice::Wrapped { to_the_top: job.direction == Direction::Forwards }, now_ms);
        }
        if job.arrival == Arrival::Hit
            && let Some(search) = &mut self.search
        {
            search.is_vain = false;
            let filter = self.filter.clone().filter(|_| job.pane == Pane::Events);
            let is_neighbour =
                search.count.as_mut().is_some_and(|count| !wrapped && count.moved(job.from, place, job.direction));
            if !is_neighbour {
                search.count = Some(HitCount::around(hits(search.pattern.clone(), filter), place));
            }
        }
        if job.arrival == Arrival::Record {
            self.open_place(job.pane, place, sources, now_ms);
        }
    }

    /// Takes the filter away when it hides the line that somebody asked for.
    fn unhide(&mut self, place: Place, sources: &Sources, now_ms: i64) {
        let line = sources.events().whole(place, RECORD_BYTES).ok().flatten();
        let is_hidden = line.zip(self.filter.as_ref()).is_some_and(|(line, filter)| !filter.lets_through(&line.bytes));
        if is_hidden {
            self.filter = None;
            self.tell(Notice::FilterCleared, now_ms);
        }
    }

    fn find_nothing(&mut self, job: &Job, now_ms: i64) {
        match job.arrival {
            Arrival::Hit => {
                if let Some(search) = &mut self.search {
                    (search.is_vain, search.count) = (true, None);
                }
            }
            Arrival::Problem | Arrival::Record => self.tell(Notice::NoError, now_ms),
            Arrival::Offset => self.tell(Notice::NothingFound, now_ms),
        }
    }

    fn trouble(&mut self, error: &TailError, now_ms: i64) {
        self.job = None;
        self.tell(Notice::Trouble(error.to_string()), now_ms);
    }
}
