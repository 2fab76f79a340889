//! The two lists: a row a line, columns that keep their places.

use super::View;
use super::header::{apart, inside, time};
use super::log_message::log_message;
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::logic::monitor::Figures;
use crate::programs::monitor::app::{App, Columns, Pane};
use crate::programs::monitor::filter::Pattern;
use crate::programs::monitor::rows::{EventKind, EventRow, Glance, LogRow};
use crate::programs::monitor::texts::Texts;
use crate::tools::shown::{self, cut};
use crate::words::record::Level;

/// Columns of a place; the topic's name is cut to fit.
const LONGEST_PLACE: usize = 28;

impl View {
    pub(super) fn logs(&self, canvas: &mut Canvas<'_>, area: Area, app: &App, figures: &Figures, texts: &Texts) {
        if area.is_empty() {
            return;
        }
        let (title, body) = area.split_top(1);
        let body = apart(canvas, body);
        let right = match &figures.log {
            Some(tally) => texts.log_title(tally),
            None => String::new(),
        };
        let right = self.list_state(app, Pane::Logs, app.logs.follows(), texts).unwrap_or(right);
        let name = if area.width >= 100 { texts.logs_long } else { texts.logs };
        self.title(canvas, title, name, &Text::of(Role::Label, right), app, Pane::Logs);
        let (rows, selected) = app.logs.shown();
        if rows.is_empty() {
            let empty = app.logs.trouble.clone().unwrap_or_else(|| texts.no_log_yet.to_owned());
            canvas.put(inside(body), &Text::of(Role::Muted, empty));
        }
        let pattern = self.pattern(app, Pane::Logs);
        for (at, (row, area)) in rows.iter().zip(body.rows()).enumerate() {
            let text = self.log_row(row, app, usize::from(area.width), texts);
            let text = highlighted(text, pattern).skip(if app.focus == Pane::Logs { app.sideways } else { 0 });
            canvas.row(area, selected == Some(at), &text, &Text::new());
        }
    }

    pub(super) fn events(&self, canvas: &mut Canvas<'_>, area: Area, app: &App, figures: &Figures, texts: &Texts) {
        if area.is_empty() {
            return;
        }
        let (title, body) = area.split_top(1);
        let right = match figures.throughput.per_second {
            Some(rate) if rate >= 10.0 => texts.newest_of_rate(rate),
            _ => texts.following.to_owned(),
        };
        let right = self.list_state(app, Pane::Events, app.events.follows(), texts).unwrap_or(right);
        let name = if area.width >= 100 { texts.events_long } else { texts.events };
        self.title(canvas, title, name, &Text::of(Role::Label, right), app, Pane::Events);
        let (rows, selected) = app.events.shown();
        if rows.is_empty() {
            let empty = match (&app.events.trouble, &app.filter) {
                (Some(trouble), _) => trouble.clone(),
                (None, Some(_)) if app.events.is_looking() => texts.searching.to_owned(),
                (None, Some(_)) => texts.nothing_fits.to_owned(),
                (None, None) => texts.no_message_yet.to_owned(),
            };
            canvas.put(inside(body), &Text::of(Role::Muted, empty));
        }
        let pattern = self.pattern(app, Pane::Events);
        for (at, (row, area)) in rows.iter().zip(body.rows()).enumerate() {
            let (left, right) = self.event_row(row, app, usize::from(area.width), texts);
            let left = highlighted(left, pattern).skip(if app.focus == Pane::Events { app.sideways } else { 0 });
            canvas.row(area, selected == Some(at), &left, &highlighted(right, pattern));
        }
    }

    /// What a list's title says when it is not simply following.
    fn list_state(&self, app: &App, pane: Pane, follows: bool, texts: &Texts) -> Option<String> {
        let search = app.search.as_ref().filter(|search| search.pane == pane);
        let mut parts = Vec::new();
        match search.map(|search| (&search.count, search.is_vain)) {
            Some((Some(count), _)) => {
                let (which, all) = count.counted();
                parts.push(texts.hit(which, all, count.is_done()));
            }
            Some((None, true)) => parts.push(texts.no_hit.to_owned()),
            _ => {}
        }
        if let Some(frozen) = app.frozen {
            parts.push(format!("{} {}", texts.frozen, app.clock.second(frozen.since_ms)));
        } else if !follows {
            parts.push(texts.scrolled().to_owned());
        }
        let is_filling = pane == Pane::Events && app.events.is_looking();
        if is_filling || app.job.as_ref().is_some_and(|job| job.pane == pane) {
            parts.push(texts.searching.to_owned());
        }
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    fn pattern<'a>(&self, app: &'a App, pane: Pane) -> Option<&'a Pattern> {
        app.search.as_ref().filter(|search| search.pane == pane).map(|search| &search.pattern)
    }

    pub(super) fn log_row(&self, row: &LogRow, app: &App, width: usize, texts: &Texts) -> Text {
        let (word, role) = match row.level {
            Some(Level::Info) => ("INFO", Role::Label),
            Some(Level::Warn) => ("WARN", Role::Warn),
            Some(Level::Error) => ("ERR ", Role::Bad),
            None => ("??  ", Role::Bad),
        };
        let mut text = Text::new().value(time(app, row.time_ms)).value(" ").padded(role, word.trim_end(), 4).value(" ");
        if width >= 60 && !row.event.is_empty() {
            text = text.padded(Role::Label, &row.event, if width >= 100 { 18 } else { 16 }).value(" ");
        }
        let room = width.saturating_sub(text.width() + 1);
        text.value(log_message(row, room, texts))
    }

    pub(super) fn event_row(&self, row: &EventRow, app: &App, width: usize, texts: &Texts) -> (Text, Text) {
        let (word, role) = match &row.kind {
            EventKind::Valid(_) if row.warnings > 0 => ("ok!", Role::Warn),
            EventKind::Valid(_) => ("ok", Role::Good),
            EventKind::Invalid { .. } => ("BAD", Role::Bad),
            EventKind::Gap { .. } => ("GAP", Role::Bad),
            EventKind::Unreadable { .. } if row.is_torn => ("…", Role::Label),
            EventKind::Unreadable { .. } => ("??", Role::Bad),
        };
        let mut text = Text::new().value(time(app, row.time_ms)).value(" ").padded(role, word, 3).value(" ");
        if !matches!(row.kind, EventKind::Unreadable { .. }) {
            let place = match width {
                0..=59 => format!("{}@{}", row.partition, row.offset),
                _ => {
                    let place = format!("/{}@{}", row.partition, texts.count(row.offset.unsigned_abs()));
                    // Of a long name its end may go, never the offset.
                    format!("{}{place}", cut(&row.topic, LONGEST_PLACE.saturating_sub(shown::width(&place)).max(4)))
                }
            };
            let columns = if width < 60 { 6 } else { 13 }.max(shown::width(&place));
            text = text.padded(Role::Value, place, columns).value(" ");
        }
        let size = texts.size(row.size_bytes);
        match &row.kind {
            EventKind::Valid(glance) => self.order(text, row, glance, app, width, texts),
            EventKind::Invalid { reason, sample } => {
                let said = if app.columns == Columns::Payload || reason.is_empty() { sample } else { reason };
                (text.value(said), Text::of(Role::Value, if width >= 72 { size } else { String::new() }))
            }
            EventKind::Gap { kind, reason } => {
                (text.and(Role::Bad, kind.as_str()).value(": ").value(reason), Text::new())
            }
            EventKind::Unreadable { sample } => (text.value(sample), Text::of(Role::Value, size)),
        }
    }

    fn order(
        &self,
        text: Text,
        row: &EventRow,
        glance: &Glance,
        app: &App,
        width: usize,
        texts: &Texts,
    ) -> (Text, Text) {
        let money = glance.total.as_deref().map(|total| texts.money(total, &glance.currency)).unwrap_or_default();
        let mut right = Text::new();
        if width >= 50 {
            right = right.padded_left(Role::Value, money, 9);
        }
        if width >= 72 {
            right = right.padded_left(Role::Value, texts.size(row.size_bytes), 7);
        }
        if width >= 110
            && let Some(id) = &glance.order_id
        {
            right = right.value(" ").padded(Role::Label, id.chars().take(8).collect::<String>(), 8);
        }
        if !glance.sample.is_empty() || app.columns == Columns::Payload {
            return (text.value(&glance.sample), right);
        }
        let number = glance.sequence.map(|number| format!("#{number}")).unwrap_or_default();
        let columns = if width < 60 { 5 } else { 6 }.max(number.len());
        let mut left = text.padded(Role::Value, number, columns).value(" ");
        if app.columns == Columns::OrderId {
            return (left.value(glance.order_id.as_deref().unwrap_or("–")), right);
        }
        if width >= 60 {
            left = left.padded(Role::Value, &glance.customer, 8).value(" ");
        }
        (left.value(&glance.items), right)
    }
}

/// The text with what a search found in it made to stand out.
pub(super) fn highlighted(text: Text, pattern: Option<&Pattern>) -> Text {
    let Some(pattern) = pattern else { return text };
    let mut marked = Text::new();
    for (role, piece) in text.pieces() {
        let mut at = 0;
        for (start, end) in pattern.hits(piece) {
            marked.push(role, piece.get(at..start).unwrap_or_default());
            marked.push(Role::Hit, piece.get(start..end).unwrap_or_default());
            at = end;
        }
        marked.push(role, piece.get(at..).unwrap_or_default());
    }
    marked
}
