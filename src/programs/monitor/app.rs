//! What is on the screen, apart from how it is drawn: panes, lists, what is open above them, what is looked for.

use super::filter::{EventFilter, Pattern, Target};
use super::list::{Filter, List};
use super::order::OrderView;
use super::record::RecordView;
use super::rows::{EventRow, LogRow, Row};
use super::seek::{HitCount, IsHit, Seek, Seeking};
use super::sources::{SourceOptions, Sources};
use super::texts::{self, Clock};
use super::timeline::TimelineView;
use crate::doors::health::Language;
use crate::doors::screen::InputLine;
use crate::doors::tail::{Direction, Place, TailError};
use crate::logic::monitor::{BucketSize, ThroughputAxis};

/// How long a notice stays, in milliseconds.
const NOTICE_MS: i64 = 4_000;

/// Lists are read again at most so often, in milliseconds.
const REFRESH_MS: i64 = 250;

/// What can be chosen with Tab, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    Throughput,
    Success,
    Logs,
    Events,
}

impl Pane {
    pub(super) const ALL: [Self; 4] = [Self::Throughput, Self::Success, Self::Logs, Self::Events];
}

/// What covers the screen.
pub(super) enum Overlay {
    Help { top: usize },
    Record(Box<RecordView>),
    Order(Box<OrderView>),
    Timeline(Box<TimelineView>),
}

/// What a line that is being typed is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PromptKind {
    Search,
    Go,
    Filter,
}

/// A line that is being typed.
pub(super) struct Prompt {
    pub(super) kind: PromptKind,
    pub(super) line: InputLine,
    /// What is wrong with it, in one line.
    pub(super) complaint: Option<String>,
    /// Where the selection stood when it was opened.
    pub(super) origin: Option<Place>,
}

/// A search that goes on until it is cleared.
pub(super) struct Search {
    pub(super) pattern: Pattern,
    pub(super) pane: Pane,
    /// Of the hit that is shown; `None` until one is found.
    pub(super) count: Option<HitCount>,
    /// No line holds it.
    pub(super) is_vain: bool,
}

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

/// Since when lists and plots stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frozen {
    pub(super) since_ms: i64,
    /// Messages that came meanwhile.
    pub(super) new_lines: u64,
}

/// A short word on the row above the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Copied { bytes: usize, is_cut: bool },
    Wrapped { to_the_top: bool },
    NothingFound,
    NoError,
    NothingToCopy,
    NoOrder,
    PlacesAreVoid,
    Trouble(String),
}

/// What is on the screen.
pub(super) struct App {
    pub(super) lang: Language,
    pub(super) clock: Clock,
    /// The files, as they were named.
    pub(super) files: SourceOptions,
    pub(super) focus: Pane,
    /// One pane has the whole screen.
    pub(super) is_zoomed: bool,
    pub(super) events: List<EventRow>,
    pub(super) logs: List<LogRow>,
    pub(super) frozen: Option<Frozen>,
    /// `None`: whatever fits the rate.
    pub(super) bucket: Option<BucketSize>,
    pub(super) axis: ThroughputAxis,
    pub(super) overlay: Option<Overlay>,
    pub(super) prompt: Option<Prompt>,
    pub(super) search: Option<Search>,
    pub(super) filter: Option<EventFilter>,
    pub(super) job: Option<Job>,
    /// Further columns of the lists, chosen with `c`.
    pub(super) columns: Columns,
    /// By how many columns the rows of the lists are moved to the left.
    pub(super) sideways: usize,
    /// Rows of what covers the screen, as they were last drawn.
    pub(super) overlay_rows: usize,
    notice: Option<(Notice, i64)>,
    refreshed_ms: i64,
    /// Something was read since the lists were.
    is_stale: bool,
}

/// Which columns an event's row has beside those that it always has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Columns {
    /// What fits.
    #[default]
    Fitting,
    /// The order's number instead of its items.
    OrderId,
    /// The payload's first bytes.
    Payload,
}

impl App {
    pub(super) fn new(lang: Language, clock: Clock, files: SourceOptions) -> Self {
        Self {
            lang,
            clock,
            files,
            focus: Pane::Events,
            is_zoomed: false,
            events: List::new(),
            logs: List::new(),
            frozen: None,
            bucket: None,
            axis: ThroughputAxis::default(),
            overlay: None,
            prompt: None,
            search: None,
            filter: None,
            job: None,
            columns: Columns::default(),
            sideways: 0,
            overlay_rows: 20,
            notice: None,
            refreshed_ms: i64::MIN,
            is_stale: true,
        }
    }

    /// Where the screen looks, for what is said about it.
    pub(super) fn place(&self) -> texts::Place<'_> {
        texts::Place { events: &self.files.events, log: &self.files.log, clock: &self.clock }
    }

    /// Whether there is something to do at once, without waiting for a key.
    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some()
            || self.search.as_ref().and_then(|search| search.count.as_ref()).is_some_and(|count| !count.is_done())
            || matches!(&self.overlay, Some(Overlay::Order(order)) if order.is_busy())
    }

    pub(super) fn tell(&mut self, notice: Notice, now_ms: i64) {
        self.notice = Some((notice, now_ms.saturating_add(NOTICE_MS)));
    }

    pub(super) fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref().map(|(notice, _)| notice)
    }

    /// The list that keys act on: that of the chosen pane, the events for a plot.
    pub(super) fn list_pane(&self) -> Pane {
        if self.focus == Pane::Logs { Pane::Logs } else { Pane::Events }
    }

    /// Takes over what was read, goes on with what is looked for, and says whether anything on screen changed.
    pub(super) fn tick(&mut self, looked: &super::sources::Looked, sources: &Sources, now_ms: i64) -> bool {
        let mut changed = false;
        if self.notice.as_ref().is_some_and(|(_, until_ms)| now_ms >= *until_ms) {
            self.notice = None;
            changed = true;
        }
        if looked.rebuilt {
            self.places_are_void(sources, now_ms);
            changed = true;
        }
        if let Some(frozen) = &mut self.frozen {
            frozen.new_lines = frozen.new_lines.saturating_add(looked.new_lines);
        }
        self.is_stale |= looked.events_grew || looked.log_grew;
        if self.frozen.is_none() && self.is_stale && now_ms.saturating_sub(self.refreshed_ms) >= REFRESH_MS {
            (self.is_stale, self.refreshed_ms) = (false, now_ms);
            self.refresh(sources);
            changed = true;
        }
        changed | self.go_on(sources, now_ms)
    }

    /// Reads the newest rows of both lists, as far as they follow.
    pub(super) fn refresh(&mut self, sources: &Sources) {
        with_filter(self.filter.as_ref(), |filter| self.events.refresh(sources.events(), filter));
        self.logs.refresh(sources.log(), None);
    }

    /// A file was cut or is another one: what places said is no more.
    fn places_are_void(&mut self, sources: &Sources, now_ms: i64) {
        let was_elsewhere = !self.events.follows() || !self.logs.follows();
        with_filter(self.filter.as_ref(), |filter| self.events.restart(sources.events(), filter));
        self.logs.restart(sources.log(), None);
        self.job = None;
        if let Some(search) = &mut self.search {
            search.count = None;
        }
        if matches!(self.overlay, Some(Overlay::Timeline(_))) {
            self.overlay = None;
        }
        if was_elsewhere {
            self.tell(Notice::PlacesAreVoid, now_ms);
        }
    }

    /// Does with one of the lists what both can do.
    pub(super) fn on_list(&mut self, sources: &Sources, act: impl ListAct) {
        match self.list_pane() {
            Pane::Logs => act.on(&mut self.logs, sources.log(), None),
            _ => with_filter(self.filter.as_ref(), |filter| act.on(&mut self.events, sources.events(), filter)),
        }
    }

    /// The place that keys start from in a list.
    pub(super) fn current_place(&self, pane: Pane) -> Option<Place> {
        match pane {
            Pane::Logs => self.logs.selected().map(Row::place),
            _ => self.events.selected().map(Row::place),
        }
    }

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

    /// One slice of whatever is looked for; whether anything on screen changed.
    fn go_on(&mut self, sources: &Sources, now_ms: i64) -> bool {
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
            Pane::Logs => self.logs.to_place(sources.log(), place, None),
            _ => with_filter(self.filter.as_ref(), |filter| self.events.to_place(sources.events(), place, filter)),
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
                Pane::Logs => self.logs.to_beginning(sources.log(), None),
                _ => with_filter(self.filter.as_ref(), |filter| self.events.to_beginning(sources.events(), filter)),
            },
        }
    }

    fn trouble(&mut self, error: &TailError, now_ms: i64) {
        self.job = None;
        self.tell(Notice::Trouble(error.to_string()), now_ms);
    }
}

/// What can be done with either list.
pub(super) trait ListAct {
    fn on<R: Row>(self, list: &mut List<R>, pages: &crate::doors::tail::Pages, filter: Filter<'_>);
}

/// Moves the selection.
pub(super) struct MoveBy(pub(super) isize);
/// Goes to the first line.
pub(super) struct ToBeginning;
/// Goes to the end, and follows.
pub(super) struct ToEnd;

impl ListAct for MoveBy {
    fn on<R: Row>(self, list: &mut List<R>, pages: &crate::doors::tail::Pages, filter: Filter<'_>) {
        list.move_by(self.0, pages, filter);
    }
}

impl ListAct for ToBeginning {
    fn on<R: Row>(self, list: &mut List<R>, pages: &crate::doors::tail::Pages, filter: Filter<'_>) {
        list.to_beginning(pages, filter);
    }
}

impl ListAct for ToEnd {
    fn on<R: Row>(self, list: &mut List<R>, pages: &crate::doors::tail::Pages, filter: Filter<'_>) {
        list.to_end(pages, filter);
    }
}

/// The lines that a search means: those that hold its pattern and that a filter shows.
pub(super) fn hits(pattern: Pattern, filter: Option<EventFilter>) -> IsHit {
    Box::new(move |line| pattern.is_in(line) && filter.as_ref().is_none_or(|filter| filter.lets_through(line)))
}

/// Calls with the filter in the form that lists take.
pub(super) fn with_filter<T>(filter: Option<&EventFilter>, act: impl FnOnce(Filter<'_>) -> T) -> T {
    match filter {
        Some(filter) => act(Some(&|line: &[u8]| filter.lets_through(line))),
        None => act(None),
    }
}
