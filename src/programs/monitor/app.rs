//! What is on the screen, apart from how it is drawn: panes, lists, what is open above them, what is looked for.

use std::path::PathBuf;

use super::filter::{EventFilter, Pattern};
use super::jobs::Job;
use super::list::{Filter, List};
use super::order::OrderView;
use super::record::RecordView;
use super::rows::{EventRow, LogRow, Row};
use super::save::Save;
use super::seek::{HitCount, IsHit};
use super::sources::{SourceOptions, Sources};
use super::texts::{self, Clock};
use super::timeline::TimelineView;
use crate::base::language::Language;
use crate::doors::screen::InputLine;
use crate::doors::tail::{Pages, Place};
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
    /// The file whose lines the pane shows: the log, else the trail.
    pub(super) fn pages(self, sources: &Sources) -> &Pages {
        if self == Self::Logs { sources.log() } else { sources.events() }
    }

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
    FilterCleared,
    NoError,
    NothingToCopy,
    Saved { lines: u64, path: PathBuf },
    NothingToSave,
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
    /// Lines on their way into a file.
    pub(super) save: Option<Save>,
    /// Where files are saved.
    pub(super) folder: PathBuf,
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
            save: None,
            folder: PathBuf::from("."),
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
        texts::Place {
            events: &self.files.events,
            log: &self.files.log,
            clock: &self.clock,
            medium: texts::Medium::Screen,
        }
    }

    /// Whether there is something to do at once, without waiting for a key.
    pub(super) fn is_busy(&self) -> bool {
        self.job.is_some()
            || self.save.is_some()
            || self.events.is_looking()
            || self.search.as_ref().and_then(|search| search.count.as_ref()).is_some_and(|count| !count.is_done())
            || matches!(&self.overlay, Some(Overlay::Order(order)) if order.is_busy())
    }

    pub(super) fn tell(&mut self, notice: Notice, now_ms: i64) {
        self.notice = Some((notice, now_ms));
    }

    /// What was told is over: something else is being done.
    pub(super) fn hush(&mut self) {
        self.notice = None;
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
        // A clock that is set back must not keep a word for ever.
        if self.notice.as_ref().is_some_and(|(_, told_ms)| now_ms.saturating_sub(*told_ms).abs() >= NOTICE_MS) {
            self.notice = None;
            changed = true;
        }
        if looked.rebuilt {
            self.places_are_void(sources, now_ms);
            changed = true;
        }
        if let Some(frozen) = &mut self.frozen {
            frozen.new_lines = frozen.new_lines.saturating_add(looked.new_messages);
        }
        self.is_stale |= looked.events_grew || looked.log_grew;
        let is_due = now_ms.saturating_sub(self.refreshed_ms).saturating_abs() >= REFRESH_MS;
        if self.frozen.is_none() && self.is_stale && is_due {
            (self.is_stale, self.refreshed_ms) = (false, now_ms);
            self.refresh(sources);
            changed = true;
        }
        if let Some(count) = self.search.as_mut().and_then(|search| search.count.as_mut())
            && (looked.events_grew || looked.log_grew)
        {
            count.grew();
        }
        changed | self.go_on(sources, now_ms)
    }

    /// Reads what is missing where the screen has become larger; true when anything was read.
    pub(super) fn fill(&mut self, sources: &Sources) -> bool {
        let is_short = (self.events.is_short(), self.logs.is_short());
        with_filter(self.filter.as_ref(), |filter| self.events.fill(sources.events(), filter));
        self.logs.fill(sources.log(), None);
        is_short != (self.events.is_short(), self.logs.is_short())
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
}

/// What can be done with either list.
pub(super) trait ListAct {
    fn on<R: Row>(self, list: &mut List<R>, pages: &Pages, filter: Filter<'_>);
}

/// Moves the selection.
pub(super) struct MoveBy(pub(super) isize);
/// Goes to the first line.
pub(super) struct ToBeginning;
/// Goes to the end, and follows.
pub(super) struct ToEnd;

impl ListAct for MoveBy {
    fn on<R: Row>(self, list: &mut List<R>, pages: &Pages, filter: Filter<'_>) {
        list.move_by(self.0, pages, filter);
    }
}

impl ListAct for ToBeginning {
    fn on<R: Row>(self, list: &mut List<R>, pages: &Pages, filter: Filter<'_>) {
        list.go_to_beginning(pages, filter);
    }
}

impl ListAct for ToEnd {
    fn on<R: Row>(self, list: &mut List<R>, pages: &Pages, filter: Filter<'_>) {
        list.go_to_end(pages, filter);
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
