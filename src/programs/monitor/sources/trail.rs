//! `tracker.events`: counted without reading all of it where a seal allows that, and followed.

use std::cmp::Ordering;
use std::path::Path;

use super::count::Count;
use super::fill::{Fill, Filled};
use super::{Looked, Pieces, file_state};
use crate::doors::audit::read::sealed_totals;
use crate::doors::tail::{Change, Checked, FileId, Pages, Place, Step, Tail, TailError, Torn};
use crate::logic::monitor::{EventSeen, FileState, Model, Rotation, Tally, TornTail, Totals};

/// The trail, followed.
#[derive(Debug)]
pub(super) struct TrailSource {
    tail: Tail,
    pieces: Pieces,
    known: Option<Known>,
    trouble: Option<String>,
    state: Option<FileState>,
}

/// What is known of a trail that is there.
#[derive(Debug)]
struct Known {
    /// The lines before `split`, as far as they were counted or sealed.
    base: Tally,
    is_sealed: bool,
    /// Whether the first line that is here is the first of the trail.
    is_from_line_1: bool,
    split: Place,
    /// The lines from `split` on.
    count: Count,
    /// Whether it has reached the end once.
    has_caught_up: bool,
    /// The lines before `split`, when nobody vouches for them.
    background: Option<Background>,
    fill: Option<Fill>,
    torn: Option<(Torn, i64)>,
    totals: Option<Totals>,
    topic: String,
}

#[derive(Debug)]
struct Background {
    count: Count,
    read_bytes: u64,
    total_bytes: u64,
    /// Lines before this place fill the plots too: filling them backwards ended here.
    fills_to: Option<Place>,
    /// Whether all that were counted so far did so.
    has_filled: bool,
}

/// Where to begin.
struct Base {
    place: Place,
    tally: Tally,
    sealed_from: Option<u64>,
}

impl TrailSource {
    pub(super) fn new(path: &Path, pieces: Pieces) -> Self {
        Self { tail: Tail::open(path), pieces, known: None, trouble: None, state: None }
    }

    pub(super) fn pages(&self) -> &Pages {
        self.tail.pages()
    }

    /// How much stands behind the last line that was counted.
    pub(super) fn unread_bytes(&self) -> u64 {
        let (Some(known), Some(end)) = (&self.known, self.pages().end()) else { return 0 };
        let place = known.count.place();
        if place.file == end.file { end.byte.saturating_sub(place.byte) } else { end.byte }
    }

    /// Looks at the file and counts what is new. Gives how many bytes were read.
    pub(super) fn look(&mut self, model: &mut Model, now_ms: i64, budget: u64, looked: &mut Looked) -> u64 {
        let change = self.tail.look(now_ms);
        looked.events_grew |= change != Change::Nothing;
        let read = self.follow(model, change, now_ms, budget, looked);
        let read = self.settle(read, looked).unwrap_or(0);
        let state = file_state(&self.tail, self.trouble.as_deref());
        if self.state.as_ref() != Some(&state) {
            looked.figures_changed = true;
            model.set_events_file(state.clone());
            self.state = Some(state);
        }
        self.tell(model, looked);
        read
    }

    /// Fills the plots, then counts what stands before. Gives how many bytes were read.
    pub(super) fn work(&mut self, model: &mut Model, now_ms: i64, budget: u64, looked: &mut Looked) -> u64 {
        let Some(known) = &mut self.known else { return 0 };
        let worked = if known.fill.is_some() {
            known.fill(self.tail.pages(), model, now_ms, budget)
        } else {
            known.count_before(self.tail.pages(), model, now_ms, budget)
        };
        let is_left = known.fill.is_some() || known.background.is_some();
        let read = self.settle(worked, looked);
        looked.is_busy |= is_left && read.is_some();
        looked.figures_changed |= read.is_some_and(|read| read > 0);
        self.tell(model, looked);
        read.unwrap_or(0)
    }

    /// Notes an error as trouble; what is gone is looked for anew.
    fn settle<T>(&mut self, result: Result<T, TailError>, looked: &mut Looked) -> Option<T> {
        match result {
            Ok(value) => {
                self.trouble = None;
                return Some(value);
            }
            Err(TailError::Gone) => {
                looked.rebuilt |= self.known.take().is_some();
                self.tail.distrust();
            }
            Err(error) => self.trouble = Some(error.to_string()),
        }
        None
    }

    fn follow(
        &mut self,
        model: &mut Model,
        change: Change,
        now_ms: i64,
        budget: u64,
        looked: &mut Looked,
    ) -> Result<u64, TailError> {
        self.check(model, change, looked)?;
        if self.known.is_none() {
            self.start(model, now_ms)?;
        }
        let Some(known) = &mut self.known else { return Ok(0) };
        let (mut lines, mut messages) = (0, 0);
        let counted = known.count.read(self.tail.pages(), None, budget, &mut |place, seen| {
            lines += 1;
            messages += seen.as_ref().map_or(0, |event| event.tally().received());
            see(model, place, seen, now_ms);
        })?;
        looked.is_busy |= counted.step == Step::GoOn;
        looked.figures_changed |= lines > 0;
        looked.events_grew |= lines > 0;
        if known.has_caught_up {
            looked.new_messages += messages;
            if let Some(before) = counted.before_next_file {
                model.set_rotation(Rotation { at_ms: now_ms, first_line: known.next_line(before) });
            }
        }
        if counted.step == Step::End {
            known.arrive(model, now_ms, looked);
        }
        Ok(counted.read_bytes)
    }

    /// Whether what was counted is still there; goes back to where it is, or forgets all of it.
    fn check(&mut self, model: &mut Model, change: Change, looked: &mut Looked) -> Result<(), TailError> {
        let Some(known) = &mut self.known else { return Ok(()) };
        let pages = self.tail.pages();
        if change != Change::Created {
            if known.count.check(pages)? == Checked::Same {
                return Ok(());
            }
            if known.count.go_back(pages)? {
                known.begin_again(model, self.pieces);
                looked.rebuilt = true;
                looked.events_grew = true;
                return Ok(());
            }
        }
        self.known = None;
        looked.rebuilt = true;
        looked.events_grew = true;
        Ok(())
    }

    fn start(&mut self, model: &mut Model, now_ms: i64) -> Result<(), TailError> {
        if self.tail.pages().segments().is_empty() {
            return Ok(());
        }
        let sealed = self.sealed(now_ms);
        let pages = self.tail.pages();
        let base = match sealed {
            Some(base) => base,
            None => {
                let is_small = pages.bytes() <= self.pieces.small_bytes;
                let place = if is_small { pages.first() } else { pages.near_end(0)? };
                let Some(place) = place else { return Ok(()) };
                Base { place, tally: Tally::default(), sealed_from: None }
            }
        };
        let Some(first) = pages.first() else { return Ok(()) };
        let is_from_line_1 = match pages.segments().first().and_then(|segment| segment.first_line) {
            Some(number) => number == 1,
            None => base.sealed_from.is_none_or(|number| number == 1),
        };
        let count = Count::new(pages, base.place, self.pieces.mark_bytes)?;
        let (is_at_beginning, is_sealed) = (base.place == first, base.sealed_from.is_some());
        let background = if is_sealed || is_at_beginning {
            None
        } else {
            let count = Count::new(pages, first, u64::MAX)?;
            let total_bytes = bytes_before(pages, base.place);
            Some(Background { count, read_bytes: 0, total_bytes, fills_to: None, has_filled: true })
        };
        model.forget_events();
        let mut known = Known {
            base: base.tally,
            is_sealed,
            is_from_line_1,
            split: base.place,
            count,
            has_caught_up: false,
            background,
            fill: Some(Fill::new(base.place, self.pieces.fill_bytes)),
            torn: None,
            totals: None,
            topic: String::new(),
        };
        if is_at_beginning {
            known.fill = None;
            known.set_filled(model, None);
        }
        self.known = Some(known);
        Ok(())
    }

    /// What the seal vouches for, when it is of the lines that are here.
    fn sealed(&mut self, now_ms: i64) -> Option<Base> {
        let sealed = sealed_totals(self.tail.path()).ok()?;
        let file = FileId::of_file(&sealed.file).ok()?;
        let is_here = |pages: &Pages| {
            pages.segments().iter().any(|segment| segment.file == file && segment.bytes >= sealed.bytes)
        };
        if !is_here(self.tail.pages()) {
            // Rotated, or grown, since it was looked at.
            self.tail.look(now_ms);
        }
        let seal = &sealed.seal;
        let tally = Tally { valid: seal.valid, invalid: seal.invalid, gaps: seal.gaps, ..Tally::default() };
        let place = Place { file, byte: sealed.bytes };
        is_here(self.tail.pages()).then_some(Base { place, tally, sealed_from: Some(seal.segment.first_line) })
    }

    fn tell(&mut self, model: &mut Model, looked: &mut Looked) {
        let pages = self.tail.pages();
        let Some(known) = &mut self.known else { return };
        let totals = known.totals(pages);
        if known.totals != Some(totals) {
            known.totals = Some(totals);
            looked.figures_changed = true;
            model.set_totals(totals);
        }
        if known.topic != known.count.topic() {
            known.count.topic().clone_into(&mut known.topic);
            model.set_topic(&known.topic);
        }
    }
}

impl Known {
    /// Everything that was counted behind the place of the count was taken back.
    fn begin_again(&mut self, model: &mut Model, pieces: Pieces) {
        model.forget_events();
        self.totals = None;
        self.torn = None;
        self.topic.clear();
        self.has_caught_up = false;
        self.fill = Some(Fill::new(self.count.place(), pieces.fill_bytes));
        if let Some(background) = &mut self.background {
            background.fills_to = None;
            background.has_filled = background.read_bytes == 0;
        }
    }

    /// The count is at the end of what is there.
    fn arrive(&mut self, model: &mut Model, now_ms: i64, looked: &mut Looked) {
        self.has_caught_up = true;
        let torn = self.count.torn();
        if torn == self.torn.map(|(torn, _)| torn) {
            return;
        }
        self.torn = torn.map(|torn| (torn, now_ms));
        looked.figures_changed = true;
        model.set_torn_tail(torn.map(|torn| TornTail { byte: torn.place.byte, since_ms: now_ms }));
    }

    fn fill(&mut self, pages: &Pages, model: &mut Model, now_ms: i64, budget: u64) -> Result<u64, TailError> {
        let Some(fill) = &mut self.fill else { return Ok(0) };
        let (filled, read) = fill.read(pages, budget, &mut |place, seen| see(model, place, seen, now_ms))?;
        let oldest_ms = fill.oldest_ms();
        match filled {
            Filled::GoOn => return Ok(read),
            Filled::Beginning => self.set_filled(model, oldest_ms),
            Filled::Day => tell_filled(model, oldest_ms),
            Filled::Enough(place) => {
                tell_filled(model, oldest_ms);
                if let Some(background) = &mut self.background {
                    // Behind the split there may be lines that were counted before others were cut: no one sees
                    // those again, and what lies before them would not be all.
                    let is_before = pages.compare(place, self.split).is_some_and(Ordering::is_le);
                    background.fills_to = is_before.then_some(place);
                }
            }
        }
        self.fill = None;
        Ok(read)
    }

    /// All that is here was seen.
    fn set_filled(&self, model: &mut Model, oldest_ms: Option<i64>) {
        if self.is_from_line_1 {
            model.set_filled_since(i64::MIN);
        } else {
            tell_filled(model, oldest_ms);
        }
    }

    fn count_before(&mut self, pages: &Pages, model: &mut Model, now_ms: i64, budget: u64) -> Result<u64, TailError> {
        let Some(background) = &mut self.background else { return Ok(0) };
        let fills_to = background
            .fills_to
            .filter(|place| pages.compare(background.count.place(), *place).is_some_and(Ordering::is_lt));
        let stop = fills_to.unwrap_or(self.split);
        background.has_filled &= background.fills_to.is_some();
        let counted = background.count.read(pages, Some(stop), budget, &mut |place, seen| {
            if fills_to.is_some() {
                see(model, place, seen, now_ms);
            }
        })?;
        background.read_bytes += counted.read_bytes;
        if counted.step == Step::End && fills_to.is_none() {
            self.base += background.count.tally();
            let has_filled = background.has_filled;
            self.background = None;
            if has_filled {
                self.set_filled(model, None);
            }
        }
        Ok(counted.read_bytes)
    }

    fn totals(&self, pages: &Pages) -> Totals {
        let before = self.background.as_ref().map_or(Tally::default(), |background| background.count.tally());
        let is_exact = self.background.is_none() && self.has_caught_up;
        let percent =
            |done: u64, of: u64| u8::try_from(u128::from(done) * 100 / u128::from(of.max(1))).unwrap_or(99).min(99);
        let percent = match &self.background {
            _ if is_exact => None,
            Some(background) => Some(percent(background.read_bytes, background.total_bytes)),
            None => {
                let start = bytes_before(pages, self.split);
                let done = bytes_before(pages, self.count.place()).saturating_sub(start);
                Some(percent(done, pages.bytes().saturating_sub(start)))
            }
        };
        let is_gap_offsets_exact = is_exact && (!self.is_sealed || self.base.gaps == 0);
        Totals { tally: self.base + before + self.count.tally(), is_exact, is_gap_offsets_exact, percent }
    }

    /// The number of the line behind these, when it is known.
    fn next_line(&self, counted: Tally) -> Option<u64> {
        let is_known = self.background.is_none() && (self.is_sealed || self.is_from_line_1);
        is_known.then(|| (self.base + counted).lines() + 1)
    }
}

fn see(model: &mut Model, place: Place, seen: Option<EventSeen>, now_ms: i64) {
    // The totals are told apart: only who counts knows which lines a seal holds already.
    match seen {
        Some(event) => model.see(&event, false, now_ms),
        None => model.see_unreadable(place.byte, false),
    }
}

/// Not all lines of the oldest second were seen, perhaps: those of the Go program tell no more than the second.
fn tell_filled(model: &mut Model, oldest_ms: Option<i64>) {
    if let Some(oldest_ms) = oldest_ms {
        model.set_filled_since(oldest_ms.div_euclid(1_000).saturating_add(1).saturating_mul(1_000));
    }
}

fn bytes_before(pages: &Pages, place: Place) -> u64 {
    let before = pages.segments().iter().take_while(|segment| segment.file != place.file);
    before.map(|segment| segment.bytes).sum::<u64>() + place.byte
}
