//! What is on the screen, apart from how it is drawn.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::history::History;
use crate::doors::screen::InputLine;
use crate::logic::travel::{Counts, Last, Listed, Place};
use crate::programs::travel::reading::Reading;

/// How long a notice stays, in milliseconds.
const NOTICE_MS: i64 = 8_000;

/// A request as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) place: Option<Place>,
    pub(super) delays: u32,
    pub(super) is_late: bool,
    pub(super) refused: u64,
    pub(super) last: Option<Last>,
    pub(super) is_split: bool,
    pub(super) is_incomplete: bool,
}

impl Row {
    pub(super) fn of(listed: &Listed<'_>, is_incomplete: bool) -> Self {
        let request = listed.request;
        Self {
            id: listed.id.to_owned(),
            place: request.place,
            delays: request.delays,
            is_late: request.is_late,
            refused: request.counts.refused + request.counts.unreadable,
            last: request.last,
            is_split: listed.is_split,
            is_incomplete,
        }
    }

    /// When its last event was sent; long ago when nobody knows.
    fn time_ms(&self) -> i64 {
        self.last.and_then(|last| last.spot.time_ms).unwrap_or(i64::MIN)
    }
}

/// By what the rows are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Newest,
    Id,
    Place,
}

impl Sort {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Newest => Self::Id,
            Self::Id => Self::Place,
            Self::Place => Self::Newest,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Newest => "newest first",
            Self::Id => "by id",
            Self::Place => "by place",
        }
    }
}

/// What covers the screen.
pub(super) enum Overlay {
    Help { top: usize },
    History(History),
}

/// What is on the screen.
pub(super) struct App {
    pub(super) topic: String,
    local: TimeZone,
    pub(super) is_utc: bool,
    pub(super) now_ms: i64,
    /// What the topic forgets.
    pub(super) warnings: Vec<String>,
    /// Why no broker can be reached.
    pub(super) lost: Option<String>,
    /// Whether more was read than is shown.
    pub(super) is_changed: bool,
    pub(super) rows: Vec<Row>,
    /// How many requests are at each place.
    pub(super) places: [u64; Place::ALL.len()],
    pub(super) records: Counts,
    /// Of how many records that were there at the start how many were read; none when all were.
    pub(super) progress: Option<(i64, i64)>,
    /// Records that were there when the rows were frozen.
    pub(super) held: Option<u64>,
    pub(super) sort: Sort,
    pub(super) is_reversed: bool,
    pub(super) overlay: Option<Overlay>,
    /// The request whose history somebody asked for.
    pub(super) wanted: Option<String>,
    pub(super) prompt: Option<InputLine>,
    pub(super) search: Option<String>,
    /// Rows of the list, and of what covers it, as they were last drawn.
    pub(super) list_rows: usize,
    pub(super) list_y: u16,
    pub(super) overlay_rows: usize,
    selected: Option<String>,
    top: usize,
    notice: Option<(String, i64)>,
}

impl App {
    pub(super) fn new(topic: String, is_utc: bool) -> Self {
        Self {
            topic,
            local: TimeZone::system(),
            is_utc,
            now_ms: 0,
            warnings: Vec::new(),
            lost: None,
            is_changed: true,
            rows: Vec::new(),
            places: [0; Place::ALL.len()],
            records: Counts::default(),
            progress: None,
            held: None,
            sort: Sort::Newest,
            is_reversed: false,
            overlay: None,
            wanted: None,
            prompt: None,
            search: None,
            list_rows: 0,
            list_y: 0,
            overlay_rows: 0,
            selected: None,
            top: 0,
            notice: None,
        }
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>) {
        reading.board.settle();
        let progress = reading.progress();
        let progress = (!reading.is_caught_up().unwrap_or(false)).then_some(progress);
        let rows = self.held.is_none().then(|| {
            let row = |listed: Listed<'_>| Row::of(&listed, reading.is_incomplete(&listed));
            reading.board.all().map(row).collect()
        });
        self.set(rows, reading.board.records(), progress);
    }

    /// Shows these rows, or goes on with those that are frozen.
    pub(super) fn set(&mut self, rows: Option<Vec<Row>>, records: Counts, progress: Option<(i64, i64)>) {
        self.is_changed = false;
        (self.records, self.progress) = (records, progress);
        if let Some(rows) = rows {
            self.rows = rows;
            self.places = [0; Place::ALL.len()];
            for place in self.rows.iter().filter_map(|row| row.place) {
                if let Some(count) = self.places.get_mut(place as usize) {
                    *count += 1;
                }
            }
            self.arrange();
        }
    }

    /// Puts the rows in order.
    pub(super) fn arrange(&mut self) {
        match self.sort {
            Sort::Newest => {
                self.rows
                    .sort_unstable_by(|one, other| other.time_ms().cmp(&one.time_ms()).then(one.id.cmp(&other.id)));
            }
            Sort::Id => self.rows.sort_unstable_by(|one, other| one.id.cmp(&other.id)),
            Sort::Place => {
                let newest = |one: &Row, other: &Row| other.time_ms().cmp(&one.time_ms()).then(one.id.cmp(&other.id));
                self.rows.sort_unstable_by(|one, other| one.place.cmp(&other.place).then(newest(one, other)));
            }
        }
        if self.is_reversed {
            self.rows.reverse();
        }
    }

    pub(super) fn tick(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        self.notice.take_if(|(_, until_ms)| *until_ms <= now_ms);
    }

    pub(super) fn tell(&mut self, notice: String) {
        self.notice = Some((notice, self.now_ms + NOTICE_MS));
    }

    pub(super) fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|(notice, _)| notice.as_str())
    }

    /// `09:41:07`; a dash beyond the calendar.
    pub(super) fn clock(&self, time_ms: i64) -> String {
        let zone = if self.is_utc { TimeZone::UTC } else { self.local.clone() };
        Timestamp::from_millisecond(time_ms)
            .map_or_else(|_| "–".to_owned(), |time| time.to_zoned(zone).strftime("%H:%M:%S").to_string())
    }

    pub(super) fn freeze(&mut self) {
        self.held = if self.held.is_some() { None } else { Some(self.records.all()) };
        self.is_changed = true;
    }

    pub(super) fn open(&mut self, history: History) {
        self.overlay = Some(Overlay::History(history));
    }

    /// Takes a history that has come; whether one has.
    pub(super) fn hear_history(&mut self) -> bool {
        match &mut self.overlay {
            Some(Overlay::History(history)) => history.hear(),
            _ => false,
        }
    }

    /// The selected row: the same request wherever it moves, the first where it went or none was chosen.
    pub(super) fn selected(&self) -> usize {
        let Some(id) = &self.selected else { return 0 };
        self.rows.iter().position(|row| row.id == *id).unwrap_or(0)
    }

    pub(super) fn select(&mut self, index: usize) {
        let last = self.rows.len().saturating_sub(1);
        // On the first row whatever comes newest is selected.
        self.selected = if index == 0 { None } else { self.rows.get(index.min(last)).map(|row| row.id.clone()) };
    }

    pub(super) fn selected_id(&self) -> Option<&str> {
        self.rows.get(self.selected()).map(|row| row.id.as_str())
    }

    pub(super) fn move_by(&mut self, rows: isize) {
        self.select(self.selected().saturating_add_signed(rows));
    }

    /// The first row that is seen, so that the selected one is.
    pub(super) fn top(&mut self) -> usize {
        let (selected, rows) = (self.selected(), self.list_rows);
        let top = self.top.min(selected).max((selected + 1).saturating_sub(rows.max(1)));
        self.top = top.min(self.rows.len().saturating_sub(rows));
        self.top
    }

    /// Selects the next request whose id holds what is looked for.
    pub(super) fn next_hit(&mut self, is_forwards: bool) {
        let Some(search) = self.search.clone() else { return };
        let is_cased = search.chars().any(char::is_uppercase);
        let holds =
            |row: &Row| if is_cased { row.id.contains(&search) } else { row.id.to_lowercase().contains(&search) };
        let (count, here) = (self.rows.len(), self.selected());
        let steps = (1..=count).map(|step| if is_forwards { here + step } else { here + count - step });
        let found = steps.map(|at| at % count.max(1)).find(|at| self.rows.get(*at).is_some_and(holds));
        match found {
            Some(at) => self.select(at),
            None => self.tell("no hit".to_owned()),
        }
    }
}
