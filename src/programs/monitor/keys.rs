//! What keys and the mouse do.

use super::app::{App, Columns, Frozen, MoveBy, Notice, Overlay, Pane, Prompt, PromptKind, Search};
use super::app::{ToBeginning, ToEnd, hits};
use super::filter::{EventFilter, Pattern, Target, event_grade, is_gap, log_grade};
use super::jobs::Arrival;
use super::layout::Layout;
use super::record::{RECORD_BYTES, RecordView};
use super::rows::{Grade, Row as _};
use super::seek::{IsHit, unread_end};
use super::sources::Sources;
use super::timeline::TimelineView;
use crate::base::language::Language;
use crate::doors::screen::{Effect, Input, InputLine, Key};
use crate::doors::tail::{Direction, Place};
use crate::logic::monitor::BucketSize;

/// What a key needs beside the screen itself.
pub(super) struct Around<'a> {
    pub(super) sources: &'a Sources,
    pub(super) layout: &'a Layout,
    pub(super) now_ms: i64,
    /// The bucket that the plots show.
    pub(super) bucket: BucketSize,
}

impl App {
    /// Does what an input means.
    pub(super) fn on_input(&mut self, input: Input, around: &Around<'_>) -> Effect {
        match input {
            Input::Suspend => Effect::Suspend,
            Input::Resized => Effect::Nothing,
            Input::Wheel { x, y, is_up } => {
                self.on_wheel(x, y, is_up, around);
                Effect::Nothing
            }
            Input::Click { x, y } | Input::DoubleClick { x, y } => {
                self.on_click(x, y, matches!(input, Input::DoubleClick { .. }), around);
                Effect::Nothing
            }
            Input::Key(key) => self.on_key(key, around),
        }
    }

    fn on_key(&mut self, key: Key, around: &Around<'_>) -> Effect {
        if key == Key::Ctrl('c') {
            return Effect::Quit;
        }
        self.hush();
        if self.prompt.is_some() {
            self.on_prompt(key, around);
            return Effect::Nothing;
        }
        match self.overlay.take() {
            Some(overlay) => self.on_overlay(overlay, key, around),
            None => self.on_main(key, around),
        }
    }

    fn on_main(&mut self, key: Key, around: &Around<'_>) -> Effect {
        let page = isize::try_from(around.layout.list_rows(self.list_pane())).unwrap_or(1).max(2);
        match key {
            Key::Char('q') => return Effect::Quit,
            Key::Char('?') | Key::Char('H') => self.overlay = Some(Overlay::Help { top: 0 }),
            Key::Tab => self.next_pane(around.layout, 1),
            Key::BackTab => self.next_pane(around.layout, -1),
            Key::Char(digit @ '1'..='4') => self.choose_pane(digit, around.layout),
            Key::Up | Key::Char('k') => self.on_list(around.sources, MoveBy(-1)),
            Key::Down | Key::Char('j') => self.on_list(around.sources, MoveBy(1)),
            Key::PageUp => self.on_list(around.sources, MoveBy(1 - page)),
            Key::PageDown => self.on_list(around.sources, MoveBy(page - 1)),
            Key::Ctrl('u') => self.on_list(around.sources, MoveBy(-page / 2)),
            Key::Ctrl('d') => self.on_list(around.sources, MoveBy(page / 2)),
            Key::Home | Key::Char('g') => self.on_list(around.sources, ToBeginning),
            Key::End | Key::Char('G') => self.on_list(around.sources, ToEnd),
            Key::Left | Key::Char('h') => self.sideways = self.sideways.saturating_sub(8),
            Key::Right | Key::Char('l') => self.sideways = (self.sideways + 8).min(400),
            Key::Enter => self.open_record(around),
            Key::Esc => self.clear_one(around),
            Key::Char('f' | ' ') => self.freeze(around),
            Key::Char('z') => self.is_zoomed = !self.is_zoomed,
            Key::Char('u') => self.clock.toggle(),
            Key::Char('c') => self.columns = self.columns.next(),
            Key::Char('+') => self.bucket = Some(around.bucket.smaller()),
            Key::Char('-') => self.bucket = Some(around.bucket.bigger()),
            Key::Char('=') => self.bucket = None,
            Key::Char('L') => self.lang = if self.lang == Language::En { Language::Fr } else { Language::En },
            Key::Char('T') => return Effect::NextTheme,
            Key::Char('t') => {
                let is_log = self.list_pane() == Pane::Logs;
                let view = TimelineView::around(around.sources, &self.events, &self.logs, is_log, self.overlay_rows);
                self.overlay = Some(Overlay::Timeline(Box::new(view)));
            }
            Key::Char('o') => self.open_order(around),
            Key::Char('y') => return self.copy(around),
            Key::Char('x') => self.save_hits(around.sources, around.now_ms),
            _ => self.on_search_key(key),
        }
        Effect::Nothing
    }

    fn on_search_key(&mut self, key: Key) {
        use Direction::{Backwards, Forwards};
        match key {
            Key::Char('/') => self.open_prompt(PromptKind::Search),
            Key::Char(':') => self.open_prompt(PromptKind::Go),
            Key::Char('F') => self.open_prompt(PromptKind::Filter),
            Key::Char('n') => self.next_hit(Forwards),
            Key::Char('N') => self.next_hit(Backwards),
            Key::Char('e') => self.next_problem(Grade::Error, Forwards),
            Key::Char('E') => self.next_problem(Grade::Error, Backwards),
            Key::Char('w') => self.next_problem(Grade::Warning, Forwards),
            Key::Char('W') => self.next_problem(Grade::Warning, Backwards),
            Key::Char('d') => self.next_gap(Forwards),
            Key::Char('D') => self.next_gap(Backwards),
            _ => {}
        }
    }

    fn next_pane(&mut self, layout: &Layout, by: isize) {
        if self.is_zoomed {
            self.focus = cycle(&Pane::ALL, self.focus, by);
            return;
        }
        let panes: Vec<Pane> = layout.panes().collect();
        if !panes.is_empty() {
            self.focus = cycle(&panes, self.focus, by);
        }
    }

    fn choose_pane(&mut self, digit: char, layout: &Layout) {
        let chosen = digit.to_digit(10).and_then(|digit| Pane::ALL.get(usize::try_from(digit).ok()?.checked_sub(1)?));
        if let Some(pane) = chosen
            && (self.is_zoomed || !layout.pane(*pane).is_empty())
        {
            self.focus = *pane;
        }
    }

    fn freeze(&mut self, around: &Around<'_>) {
        let (events, log) = (around.sources.events(), around.sources.log());
        match self.frozen.take() {
            None => {
                self.frozen = Some(Frozen { since_ms: around.now_ms, new_lines: 0 });
                self.events.freeze(unread_end(events));
                self.logs.freeze(unread_end(log));
            }
            Some(_) => {
                self.events.freeze(None);
                self.logs.freeze(None);
                self.refresh(around.sources);
            }
        }
    }

    /// Esc takes back one thing: the filter, the search, the selection.
    fn clear_one(&mut self, around: &Around<'_>) {
        if self.job.take().is_some() {
            return;
        }
        if self.search.take().is_some() {
            return;
        }
        if self.filter.take().is_some() {
            self.events.restart(around.sources.events(), None);
            return;
        }
        if self.is_zoomed {
            self.is_zoomed = false;
            return;
        }
        self.on_list(around.sources, ToEnd);
    }

    fn open_prompt(&mut self, kind: PromptKind) {
        let text = match kind {
            PromptKind::Filter => self.filter.as_ref().map(ToString::to_string),
            _ => None,
        };
        let origin = self.current_place(self.list_pane());
        let line = InputLine::new(&text.unwrap_or_default());
        self.prompt = Some(Prompt { kind, line, complaint: None, origin });
    }

    fn on_prompt(&mut self, key: Key, around: &Around<'_>) {
        let Some(mut prompt) = self.prompt.take() else { return };
        match key {
            Key::Esc => {
                if prompt.kind == PromptKind::Search {
                    (self.search, self.job) = (None, None);
                    self.go_back(prompt.origin, around);
                }
                return;
            }
            Key::Enter => {
                if self.accept(&mut prompt, around) {
                    return;
                }
            }
            key => {
                if prompt.line.press(key) {
                    prompt.complaint = None;
                    if prompt.kind == PromptKind::Search {
                        self.search_for(&mut prompt);
                    }
                }
            }
        }
        self.prompt = Some(prompt);
    }

    /// Takes over what was typed; false when something is wrong with it.
    fn accept(&mut self, prompt: &mut Prompt, around: &Around<'_>) -> bool {
        let text = prompt.line.text();
        let complaint = match prompt.kind {
            PromptKind::Search => {
                if text.is_empty() {
                    self.search = None;
                }
                return prompt.complaint.is_none();
            }
            PromptKind::Go if text.trim().is_empty() => None,
            PromptKind::Go => match Target::new(&text, around.now_ms) {
                Ok(target) => {
                    self.go_to(target, around.sources, around.now_ms);
                    None
                }
                Err(complaint) => Some(complaint),
            },
            PromptKind::Filter => match EventFilter::new(&text) {
                Ok(filter) => {
                    self.filter = Some(filter).filter(|filter| !filter.is_empty());
                    self.focus = Pane::Events;
                    super::app::with_filter(self.filter.as_ref(), |filter| {
                        self.events.restart(around.sources.events(), filter);
                    });
                    None
                }
                Err(complaint) => Some(complaint),
            },
        };
        prompt.complaint = complaint;
        prompt.complaint.is_none()
    }

    /// Looks for what was typed so far; a bad pattern keeps the last good one and its hits.
    fn search_for(&mut self, prompt: &mut Prompt) {
        let text = prompt.line.text();
        if text.is_empty() {
            (self.search, self.job) = (None, None);
            return;
        }
        match Pattern::new(&text) {
            Ok(pattern) => {
                let pane = self.list_pane();
                self.search = Some(Search { pattern: pattern.clone(), pane, count: None, is_vain: false });
                let filter = self.filter.clone().filter(|_| pane == Pane::Events);
                self.seek_from(pane, hits(pattern, filter), Direction::Forwards, Arrival::Hit, prompt.origin);
            }
            Err(complaint) => prompt.complaint = Some(complaint),
        }
    }

    /// Back to where a search began.
    fn go_back(&mut self, origin: Option<Place>, around: &Around<'_>) {
        match origin {
            Some(place) => self.show(self.list_pane(), place, around.sources),
            None => self.on_list(around.sources, ToEnd),
        }
    }

    fn next_hit(&mut self, direction: Direction) {
        let Some(search) = &self.search else {
            self.open_prompt(PromptKind::Search);
            return;
        };
        let filter = self.filter.clone().filter(|_| search.pane == Pane::Events);
        let (pane, is_hit) = (search.pane, hits(search.pattern.clone(), filter));
        self.seek(pane, is_hit, direction, Arrival::Hit);
    }

    fn next_problem(&mut self, least: Grade, direction: Direction) {
        let pane = self.list_pane();
        let is_hit: IsHit = match (pane, least) {
            (Pane::Logs, Grade::Warning) => Box::new(|line| log_grade(line) == Grade::Warning),
            (Pane::Logs, _) => Box::new(|line| log_grade(line) == Grade::Error),
            (_, Grade::Warning) => self.filtered(|line| event_grade(line) == Grade::Warning),
            _ => self.filtered(|line| event_grade(line) == Grade::Error),
        };
        self.seek(pane, is_hit, direction, Arrival::Problem);
    }

    fn next_gap(&mut self, direction: Direction) {
        self.focus = Pane::Events;
        let is_hit = self.filtered(is_gap);
        self.seek(Pane::Events, is_hit, direction, Arrival::Problem);
    }

    /// What is looked for, among the lines that the filter shows.
    pub(super) fn filtered(&self, is_hit: impl Fn(&[u8]) -> bool + 'static) -> IsHit {
        match self.filter.clone() {
            Some(filter) => Box::new(move |line| is_hit(line) && filter.lets_through(line)),
            None => Box::new(is_hit),
        }
    }

    pub(super) fn open_record(&mut self, around: &Around<'_>) {
        let pane = self.list_pane();
        let place = match pane {
            Pane::Logs => self.logs.current().map(|row| row.place()),
            _ => self.events.current().map(|row| row.place()),
        };
        if let Some(place) = place {
            self.open_place(pane, place, around.sources, around.now_ms);
        }
    }

    /// Opens the line at a place.
    pub(super) fn open_place(&mut self, pane: Pane, place: Place, sources: &Sources, now_ms: i64) {
        match pane.pages(sources).whole(place, RECORD_BYTES) {
            Ok(Some(line)) if pane == Pane::Logs => {
                self.overlay = Some(Overlay::Record(Box::new(RecordView::of_log(line))));
            }
            Ok(Some(line)) => self.overlay = Some(Overlay::Record(Box::new(RecordView::of_event(line)))),
            Ok(None) => self.tell(Notice::PlacesAreVoid, now_ms),
            Err(error) => self.tell(Notice::Trouble(error.to_string()), now_ms),
        }
    }

    fn open_order(&mut self, around: &Around<'_>) {
        let place = self.events.current().map(|row| row.place());
        match place.and_then(|place| super::overlay_keys::open_order(around.sources.events(), place)) {
            Some(order) => self.overlay = Some(Overlay::Order(Box::new(order))),
            None => self.tell(Notice::NoOrder, around.now_ms),
        }
    }

    /// What `y` copies: the stored line of the selected row.
    fn copy(&mut self, around: &Around<'_>) -> Effect {
        let (pages, place) = match self.list_pane() {
            Pane::Logs => (around.sources.log(), self.logs.current().map(|row| row.place())),
            _ => (around.sources.events(), self.events.current().map(|row| row.place())),
        };
        let line = place.and_then(|place| pages.whole(place, RECORD_BYTES).ok().flatten());
        match line {
            Some(line) => Effect::Copy(String::from_utf8_lossy(&line.bytes).into_owned()),
            None => {
                self.tell(Notice::NothingToCopy, around.now_ms);
                Effect::Nothing
            }
        }
    }
}

impl Columns {
    fn next(self) -> Self {
        match self {
            Self::Fitting => Self::OrderId,
            Self::OrderId => Self::Payload,
            Self::Payload => Self::Fitting,
        }
    }
}

fn cycle(panes: &[Pane], from: Pane, by: isize) -> Pane {
    let at = panes.iter().position(|pane| *pane == from);
    let count = panes.len().max(1);
    let next = match at {
        Some(at) => (at + count).saturating_add_signed(by) % count,
        None => 0,
    };
    panes.get(next).copied().unwrap_or(from)
}
