//! What keys do while something covers the screen: help, a record, an order, both files on one clock.

use super::app::{App, Notice, Overlay, Pane};
use super::filter::event_grade;
use super::jobs::Arrival;
use super::keys::Around;
use super::order::OrderView;
use super::record::{RECORD_BYTES, RecordView};
use super::rows::Grade;
use super::seek::IsHit;
use super::timeline::TimelineView;
use crate::doors::screen::{Effect, Key};
use crate::doors::tail::{Direction, Pages, Place};

impl App {
    pub(super) fn on_overlay(&mut self, overlay: Overlay, key: Key, around: &Around<'_>) -> Effect {
        if matches!(key, Key::Char('q')) {
            self.overlay = Some(overlay);
            return Effect::Quit;
        }
        match overlay {
            Overlay::Help { top } => self.on_help(top, key),
            Overlay::Record(record) => return self.on_record(record, key, around),
            Overlay::Order(order) => return self.on_order(order, key, around),
            Overlay::Timeline(timeline) => return self.on_timeline(timeline, key, around),
        }
        Effect::Nothing
    }

    fn on_help(&mut self, top: usize, key: Key) {
        if matches!(key, Key::Esc | Key::Char('?') | Key::Enter) {
            return;
        }
        let by = scrolling(key, self.overlay_rows).unwrap_or(0);
        // How far it goes is known when it is drawn.
        self.overlay = Some(Overlay::Help { top: top.saturating_add_signed(by) });
    }

    fn on_record(&mut self, mut record: Box<RecordView>, key: Key, around: &Around<'_>) -> Effect {
        let mut effect = Effect::Nothing;
        match key {
            Key::Esc | Key::Enter | Key::Backspace => return effect,
            Key::Char('v') => record.form = record.form.next(),
            Key::Char('[') | Key::Left => self.leaf(&mut record, Direction::Backwards, around),
            Key::Char(']') | Key::Right => self.leaf(&mut record, Direction::Forwards, around),
            Key::Char('e') => self.leaf_to_bad(&record, Direction::Forwards),
            Key::Char('E') => self.leaf_to_bad(&record, Direction::Backwards),
            Key::Char('u') => self.clock.toggle(),
            Key::Char('y') => effect = Effect::Copy(String::from_utf8_lossy(record.payload()).into_owned()),
            Key::Char('Y') => effect = Effect::Copy(String::from_utf8_lossy(record.line()).into_owned()),
            Key::Char('o') if record.pane == Pane::Events => {
                if let Some(order) = open_order(around.sources.events(), record.place) {
                    self.overlay = Some(Overlay::Order(Box::new(order)));
                    return effect;
                }
                self.tell(Notice::NoOrder, around.now_ms);
            }
            key => record.scroll(scrolling(key, self.overlay_rows).unwrap_or(0)),
        }
        self.overlay = Some(Overlay::Record(record));
        effect
    }

    /// Opens the record before or after, and selects it in its list too.
    fn leaf(&mut self, record: &mut RecordView, direction: Direction, around: &Around<'_>) {
        let pages = record.pane.pages(around.sources);
        let found = match direction {
            Direction::Backwards => {
                pages.before(Some(record.place), 1, 1).map(|lines| lines.first().map(|line| line.place))
            }
            Direction::Forwards => pages.after(record.place),
        };
        match found {
            Ok(Some(place)) => self.show_record(record, place, around),
            Ok(None) => self.tell(Notice::NothingFound, around.now_ms),
            Err(error) => self.tell(Notice::Trouble(error.to_string()), around.now_ms),
        }
    }

    /// Looks for the next bad record, which is opened when it is found.
    fn leaf_to_bad(&mut self, record: &RecordView, direction: Direction) {
        let is_hit: IsHit = match record.pane {
            Pane::Logs => Box::new(|line| super::filter::log_grade(line) == Grade::Error),
            _ => self.filtered(|line| event_grade(line) == Grade::Error),
        };
        self.seek_from(record.pane, is_hit, direction, Arrival::Record, Some(record.place));
    }

    fn show_record(&mut self, record: &mut RecordView, place: Place, around: &Around<'_>) {
        let Ok(Some(line)) = record.pane.pages(around.sources).whole(place, RECORD_BYTES) else {
            self.tell(Notice::PlacesAreVoid, around.now_ms);
            return;
        };
        let form = record.form;
        let was_chosen = record.kind;
        let pane = record.pane;
        *record = if pane == Pane::Logs { RecordView::of_log(line) } else { RecordView::of_event(line) };
        self.show(pane, place, around.sources);
        // A form that was chosen stays while the same kind of record is leafed through.
        if record.kind == was_chosen {
            record.form = form;
        }
    }

    fn on_order(&mut self, mut order: Box<OrderView>, key: Key, around: &Around<'_>) -> Effect {
        match key {
            Key::Esc | Key::Backspace | Key::Char('o') => return Effect::Nothing,
            Key::Char('u') => self.clock.toggle(),
            Key::Char('y') => {
                let copied = Effect::Copy(order.story.order_id.clone());
                self.overlay = Some(Overlay::Order(order));
                return copied;
            }
            Key::Enter => {
                // All records of the customer, as a filter.
                self.filter = Some(super::filter::EventFilter::of_customer(&order.story.customer));
                self.focus = Pane::Events;
                super::app::with_filter(self.filter.as_ref(), |filter| {
                    self.events.restart(around.sources.events(), filter);
                });
                return Effect::Nothing;
            }
            key => order.move_by(scrolling(key, self.overlay_rows).unwrap_or(0)),
        }
        self.overlay = Some(Overlay::Order(order));
        Effect::Nothing
    }

    fn on_timeline(&mut self, mut timeline: Box<TimelineView>, key: Key, around: &Around<'_>) -> Effect {
        match key {
            Key::Esc | Key::Backspace | Key::Char('t') => {
                // What is left is the moment: both lists go there, if somebody went to one.
                let (log, event) = if timeline.has_moved { timeline.places() } else { (None, None) };
                if let Some(place) = log {
                    self.show(Pane::Logs, place, around.sources);
                }
                if let Some(place) = event {
                    self.show(Pane::Events, place, around.sources);
                }
                return Effect::Nothing;
            }
            Key::Char('u') => self.clock.toggle(),
            Key::Enter => {
                let (log, event) = timeline.places();
                let opened = match (event, log) {
                    (Some(place), _) => open(around.sources.events(), place).map(RecordView::of_event),
                    (None, Some(place)) => open(around.sources.log(), place).map(RecordView::of_log),
                    (None, None) => None,
                };
                if let Some(record) = opened {
                    self.overlay = Some(Overlay::Record(Box::new(record)));
                    return Effect::Nothing;
                }
            }
            Key::Home | Key::Char('g') => timeline.move_by(isize::MIN, self.overlay_rows),
            Key::End | Key::Char('G') => timeline.move_by(isize::MAX, self.overlay_rows),
            key => timeline.move_by(scrolling(key, self.overlay_rows).unwrap_or(0), self.overlay_rows),
        }
        self.overlay = Some(Overlay::Timeline(timeline));
        Effect::Nothing
    }
}

fn open(pages: &Pages, place: Place) -> Option<crate::doors::tail::StoredLine> {
    pages.whole(place, RECORD_BYTES).ok().flatten()
}

pub(super) fn open_order(pages: &Pages, place: Place) -> Option<OrderView> {
    OrderView::of(&open(pages, place)?)
}

/// By how many rows a key scrolls.
fn scrolling(key: Key, rows: usize) -> Option<isize> {
    let page = isize::try_from(rows.max(2)).unwrap_or(2) - 1;
    Some(match key {
        Key::Up | Key::Char('k') => -1,
        Key::Down | Key::Char('j') => 1,
        Key::PageUp => -page,
        Key::PageDown | Key::Char(' ') => page,
        Key::Ctrl('u') => -page / 2,
        Key::Ctrl('d') => page / 2,
        Key::Home | Key::Char('g') => isize::MIN,
        Key::End | Key::Char('G') => isize::MAX,
        _ => return None,
    })
}
