//! Looking for a line: what was begun by a key goes on a slice at a time, and arrives in its list.

use super::app::{App, Notice, Overlay, Pane, hits, with_filter};
use super::filter::Target;
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
    /// The line before a moment: the next one is meant.
    BeforeMoment,
    /// An offset.
    Offset,
}

/// A seek that is under way in one of the lists.
pub(super) struct Job {
    pub(super) seek: Seek,
    pub(super) pane: Pane,
    pub(super) arrival: Arrival,
    pub(super) direction: Direction,
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
        let may_wrap = matches!(arrival, Arrival::Hit | Arrival::Problem);
        self.job = Some(Job { seek: Seek::new(is_hit, direction, from, may_wrap), pane, arrival, direction });
    }

    /// Begins to look for the target of a `:` prompt, from the newest line back.
    pub(super) fn go_to(&mut self, target: Target) {
        let arrival = match target {
            Target::Time(_) => Arrival::BeforeMoment,
            Target::Offset { .. } => Arrival::Offset,
        };
        let pane = if arrival == Arrival::Offset { Pane::Events } else { self.list_pane() };
        self.focus = pane;
        let is_hit: IsHit = Box::new(move |line| target.is_reached(line));
        let seek = Seek::new(is_hit, Direction::Backwards, None, false);
        self.job = Some(Job { seek, pane, arrival, direction: Direction::Backwards });
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
            let pages = if job.pane == Pane::Logs { sources.log() } else { sources.events() };
            match job.seek.step(pages) {
                Ok(Seeking::GoOn) => self.job = Some(job),
                Ok(Seeking::Found { place, wrapped }) => {
                    self.arrive(&job, place, wrapped, sources, now_ms);
                    changed = true;
                }
                Ok(Seeking::Nothing) => {
                    self.find_nothing(&job, sources, now_ms);
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
            let pages = if pane == Pane::Logs { sources.log() } else { sources.events() };
            if let Err(error) = count.step(pages) {
                self.trouble(&error, now_ms);
            }
            changed = true;
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
        let mut place = place;
        if job.arrival == Arrival::BeforeMoment {
            let pages = if job.pane == Pane::Logs { sources.log() } else { sources.events() };
            // The line after it is the first one of that moment.
            if let Ok(Some(next)) = pages.after(place) {
                place = next;
            }
        }
        match job.pane {
            Pane::Logs => self.logs.go_to_place(sources.log(), place, None),
            _ => with_filter(self.filter.as_ref(), |filter| self.events.go_to_place(sources.events(), place, filter)),
        }
        if wrapped {
            self.tell(Notice::Wrapped { to_the_top: job.direction == Direction::Forwards }, now_ms);
        }
        if job.arrival == Arrival::Hit
            && let Some(search) = &mut self.search
        {
            search.is_vain = false;
            let pattern = search.pattern.clone();
            let is_hit = self.filter.clone();
            match &mut search.count {
                Some(count) if count.is_done() && !wrapped => count.moved(job.direction),
                _ => search.count = Some(HitCount::around(hits(pattern, is_hit), place)),
            }
        }
    }

    fn find_nothing(&mut self, job: &Job, sources: &Sources, now_ms: i64) {
        match job.arrival {
            Arrival::Hit => {
                if let Some(search) = &mut self.search {
                    (search.is_vain, search.count) = (true, None);
                }
            }
            Arrival::Problem => self.tell(Notice::NoError, now_ms),
            Arrival::Offset => self.tell(Notice::NothingFound, now_ms),
            // All lines are younger than the moment: the first one is meant.
            Arrival::BeforeMoment => match job.pane {
                Pane::Logs => self.logs.go_to_beginning(sources.log(), None),
                _ => with_filter(self.filter.as_ref(), |filter| self.events.go_to_beginning(sources.events(), filter)),
            },
        }
    }

    fn trouble(&mut self, error: &TailError, now_ms: i64) {
        self.job = None;
        self.tell(Notice::Trouble(error.to_string()), now_ms);
    }
}
