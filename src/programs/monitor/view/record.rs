//! One line in full.

use super::View;
use super::footer::keys_text;
use super::header::inside;
use super::lists::highlighted;
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::programs::monitor::app::{App, Pane};
use crate::programs::monitor::record::{Form, RECORD_BYTES, RecordKind, RecordView, Value};
use crate::programs::monitor::rows::Row as _;
use crate::programs::monitor::sources::Sources;
use crate::programs::monitor::texts::Texts;
use crate::tools::shown::width;

/// Headers that are shown at most.
const MOST_HEADERS: usize = 12;

impl View {
    #[allow(clippy::too_many_arguments)] // What is drawn, where, from what.
    pub(super) fn record(
        &self,
        canvas: &mut Canvas<'_>,
        screen: Area,
        record: &mut RecordView,
        app: &mut App,
        texts: &Texts,
        now_ms: i64,
    ) {
        let (head, rest) = screen.split_top(1);
        let (rest, foot) = rest.split_bottom(1);
        canvas.rule(
            head,
            &self.record_title(record, texts),
            &Text::of(Role::Label, self.record_place(record, texts)),
            true,
        );
        let fields = self.fields(record, app, texts, now_ms);
        let body = self.sheet(canvas, rest, record, &fields, texts);
        record.lay_out(usize::from(body.width));
        app.overlay_rows = usize::from(body.height);
        record.top = record.top.min(record.body().len().saturating_sub(app.overlay_rows.max(1)));
        self.body(canvas, body, record, app, record.top);
        match self.prompt(app, foot.width, texts) {
            Some((left, right)) => canvas.put_both(foot, &left, &right),
            None => canvas.put(foot, &keys_text(&texts.record_keys(), foot.width)),
        }
    }

    /// The selected record below the lists, on the largest screens.
    pub(super) fn preview(&mut self, canvas: &mut Canvas<'_>, area: Area, app: &App, texts: &Texts, now_ms: i64) {
        if area.is_empty() {
            return;
        }
        let Some(mut record) = self.preview.take() else {
            canvas.rule(area.row(0), &Text::of(Role::Label, texts.record), &Text::new(), false);
            canvas.put(inside(area.split_top(1).1), &Text::of(Role::Muted, texts.no_message_yet));
            return;
        };
        let (left, right) = area.split_left(area.width * 2 / 5 + 3);
        let (head, rest) = left.split_top(1);
        let place = Text::of(Role::Label, self.record_place(&record, texts));
        canvas.rule(head, &self.record_title(&record, texts), &place, false);
        let fields = self.fields(&record, app, texts, now_ms);
        let rows = field_rows(&fields, usize::from(rest.width));
        let (top, below) = rest.split_top(u16::try_from(rows.len()).unwrap_or(u16::MAX));
        canvas.put_lines(inside(top), &rows);
        canvas.put_lines(inside(below.split_top(1).1), &header_rows(&record, usize::from(below.width)));
        let (head, body) = right.split_top(1);
        canvas.rule(
            head,
            &Text::of(Role::Label, texts.payload),
            &Text::of(Role::Label, texts.form(record.form)),
            false,
        );
        let body = inside(body);
        record.lay_out(usize::from(body.width));
        self.body(canvas, body, &record, app, 0);
        canvas.divider(Area { x: right.x.saturating_sub(1), width: 1, ..right });
        self.preview = Some(record);
    }

    /// Opens what the preview shows, when another line was selected.
    pub(super) fn open_preview(&mut self, app: &App, sources: &Sources) {
        let place = app.events.current().map(|row| row.place());
        // A line without its end is read again until it has one.
        let is_same = self.preview.as_ref().is_some_and(|record| Some(record.place) == place && !record.is_torn);
        if is_same {
            return;
        }
        self.preview = place.and_then(|place| {
            let line = sources.events().whole(place, RECORD_BYTES).ok().flatten()?;
            Some(RecordView::of_event(line))
        });
    }

    fn record_title(&self, record: &RecordView, texts: &Texts) -> Text {
        let title = Text::of(Role::Focus, format!("{} {} ", texts.record, record.name));
        match record.kind {
            RecordKind::Valid | RecordKind::Log => title,
            RecordKind::Invalid => title.badge(Role::BadgeBad, "BAD"),
            RecordKind::Gap => title.badge(Role::BadgeBad, texts.gap),
            RecordKind::Unreadable => title.badge(Role::BadgeBad, "??"),
        }
    }

    fn record_place(&self, record: &RecordView, texts: &Texts) -> String {
        let file = if record.pane == Pane::Logs { "tracker.log" } else { "tracker.events" };
        format!("{file} · {} {}", texts.byte_word, texts.count(record.place.byte))
    }

    fn plain_fields(&self, record: &RecordView, app: &App, texts: &Texts, now_ms: i64) -> Vec<(String, Text)> {
        let shown = record.fields.iter().map(|(field, value)| {
            let text = match value {
                Value::Text(text) => Text::of(Role::Value, text),
                Value::Bytes(bytes) => Text::of(Role::Value, texts.size(*bytes)),
                Value::Number(number) => {
                    let sign = if *number < 0 { "−" } else { "" };
                    Text::of(Role::Value, format!("{sign}{}", texts.count(number.unsigned_abs())))
                }
                Value::None => Text::of(Role::Muted, "–"),
                Value::Moment { time_ms, by_broker } => {
                    let age = texts.age(now_ms.saturating_sub(*time_ms));
                    let clock = match by_broker {
                        Some(true) => "LogAppendTime",
                        Some(false) => "CreateTime",
                        None => age.as_str(),
                    };
                    Text::of(Role::Value, app.clock.full_millisecond(*time_ms)).label(format!("  {clock}"))
                }
            };
            (texts.field(*field).to_owned(), text)
        });
        shown.collect()
    }

    /// The fields, and whether the line is sealed.
    fn fields(&self, record: &RecordView, app: &App, texts: &Texts, now_ms: i64) -> Vec<(String, Text)> {
        let mut fields = self.plain_fields(record, app, texts, now_ms);
        if let Some(is_sealed) = record.is_sealed {
            let told = if is_sealed { texts.is_sealed(record.message.as_deref()) } else { texts.not_yet.to_owned() };
            fields.push((texts.sealed.to_owned(), Text::of(Role::Value, told)));
        }
        if let Some(bytes) = record.cut_from_bytes {
            fields.push((String::new(), Text::of(Role::Warn, texts.only_beginning(bytes))));
        }
        fields
    }

    /// Fields and headers above, and what is left for the payload.
    fn sheet(
        &self,
        canvas: &mut Canvas<'_>,
        rest: Area,
        record: &RecordView,
        fields: &[(String, Text)],
        texts: &Texts,
    ) -> Area {
        let rows = field_rows(fields, usize::from(rest.width));
        let (top, rest) = rest.split_top(u16::try_from(rows.len()).unwrap_or(u16::MAX).min(rest.height / 2));
        canvas.put_lines(inside(top), &rows);
        let headers = header_rows(record, usize::from(rest.width));
        let mut rest = rest;
        if !headers.is_empty() && rest.height > 8 {
            let (head, below) = rest.split_top(1);
            let title = format!("{} {}", texts.headers, record.headers.len());
            canvas.rule(head, &Text::of(Role::Label, title), &Text::new(), false);
            let (area, below) = below.split_top(u16::try_from(headers.len()).unwrap_or(u16::MAX).min(below.height / 3));
            canvas.put_lines(inside(area), &headers);
            rest = below;
        }
        let (head, body) = rest.split_top(1);
        let right = Text::of(Role::Label, format!("v {}", texts.form(record.form)));
        canvas.rule(head, &Text::of(Role::Label, texts.payload), &right, false);
        inside(body)
    }

    fn body(&self, canvas: &mut Canvas<'_>, area: Area, record: &RecordView, app: &App, top: usize) {
        let pattern = app.search.as_ref().filter(|search| search.pane == record.pane).map(|search| &search.pattern);
        let lines: Vec<Text> = record
            .body()
            .iter()
            .skip(top)
            .take(usize::from(area.height))
            .map(|line| highlighted(coloured(line, record.form), pattern))
            .collect();
        canvas.put_lines(area, &lines);
        let width = usize::from(area.width).max(8);
        if let (Form::Raw, Some(column @ 1..)) = (record.form, record.failed_at) {
            // Below the place at which reading failed, when it is in sight and the row below is free.
            let (row, at) = ((column - 1) / width, (column - 1) % width);
            let row = row.checked_sub(top).map(|row| row + 1).filter(|row| *row < usize::from(area.height));
            if let Some(row) = row
                && lines.len() <= row
            {
                let mark = Text::of(Role::Bad, format!("{}▲", " ".repeat(at)));
                canvas.put(area.row(u16::try_from(row).unwrap_or(u16::MAX)), &mark);
            }
        }
    }
}

/// Names, and what they stand for; a long value takes several rows.
fn field_rows(fields: &[(String, Text)], columns: usize) -> Vec<Text> {
    let names = fields.iter().map(|(name, _)| width(name)).max().unwrap_or(0) + 2;
    let room = columns.saturating_sub(names + 2).max(8);
    let mut rows = Vec::new();
    for (name, value) in fields {
        let mut rest = value.clone();
        let mut name = name.as_str();
        loop {
            let is_long = rest.width() > room;
            let row = Text::new().padded(Role::Label, name, names);
            if !is_long || rows.len() > 40 {
                rows.push(row.join(rest));
                break;
            }
            let first = rest.clone().cut(room + 1);
            // Without the `…` that says that something is missing: it follows in the next row.
            let plain: String = first.plain().chars().filter(|character| *character != '…').collect();
            let role = rest.pieces().next().map_or(Role::Value, |(role, _)| role);
            let taken = width(&plain);
            if taken == 0 {
                rows.push(row.join(rest));
                break;
            }
            rows.push(row.and(role, &plain));
            rest = rest.skip(taken);
            name = "";
        }
    }
    rows
}

fn header_rows(record: &RecordView, columns: usize) -> Vec<Text> {
    let names = record.headers.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(columns / 3) + 2;
    let rows = record.headers.iter().take(MOST_HEADERS);
    rows.map(|(name, value)| Text::new().padded(Role::Label, name, names).value(value)).collect()
}

/// A row of JSON with its keys and numbers told apart.
fn coloured(line: &str, form: Form) -> Text {
    if form != Form::Pretty {
        return Text::of(Role::Value, line);
    }
    let start = line.len() - line.trim_start().len();
    let (indent, rest) = line.split_at(start);
    let text = Text::of(Role::Value, indent);
    match rest.split_once("\": ") {
        Some((key, value)) if key.starts_with('"') && !key.trim_start_matches('"').contains('"') => {
            let is_number = value.trim_end_matches(',').parse::<f64>().is_ok();
            text.and(Role::JsonKey, format!("{key}\""))
                .value(": ")
                .and(if is_number { Role::JsonNumber } else { Role::Value }, value)
        }
        _ => text.value(rest),
    }
}
