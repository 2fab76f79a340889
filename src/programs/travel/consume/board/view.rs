//! Drawing: from what is on the screen to cells. Nothing is decided here.

use super::app::{App, Overlay, Row};
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::logic::travel::{Place, delay_mark};
use crate::programs::travel::show::{Line, LineKind};
use crate::tools::shown::grouped;
use crate::words::travel::{Etat, Verdict};

/// Columns of the list beside the id, with a blank before each: place, RETARD, refused, last event, age.
const PLACE: usize = 21;
const DELAYS: usize = 6;
const REFUSED: usize = 4;
const AGE: usize = 6;
const LAST_LEAST: usize = 23;

/// More columns than these no id needs.
const ID_MOST: usize = 40;

/// With fewer columns or rows only the first row is drawn.
const LEAST: (u16, u16) = (40, 8);

/// Columns of the keys in the help.
const KEY_COLUMNS: usize = 12;

const HELP: &[(&str, &str)] = &[
    ("", "KEYS"),
    ("↑ ↓ j k", "a row up, down"),
    ("PgUp PgDn", "a page; Ctrl-u Ctrl-d half of one"),
    ("g G", "first row, last row"),
    ("Enter", "the request's whole history, with what was made of each event"),
    ("/ n N", "find an id; next, previous; Esc clears"),
    ("s r", "sort by time, id, place; the other way round"),
    ("f Space", "freeze the rows; reading goes on"),
    ("u T", "UTC, theme"),
    ("y", "copy the selected id"),
    ("q", "quit"),
    ("", "WORDS"),
    ("PLACE", "where in its life the request is; ANNULATION: called off"),
    ("RETARD", "delays that were accepted; ! from a RETARD until the next step"),
    ("REF", "events that were refused, and records that are no events"),
    ("LAST", "the last event: ✓ accepted, = the same as before, ✗ refused"),
    ("split", "its events stand in several partitions: merged by Kafka's time"),
    ("gaps", "older records are gone: its history may be incomplete"),
];

/// Draws everything.
pub(super) fn draw(canvas: &mut Canvas<'_>, app: &mut App) {
    let screen = canvas.area();
    let (head, rest) = screen.split_top(1);
    header(canvas, head, app);
    if screen.width < LEAST.0 || screen.height < LEAST.1 {
        return;
    }
    match app.overlay.take() {
        Some(mut overlay) => {
            app.overlay_rows = match &mut overlay {
                Overlay::Help { top } => {
                    let lines: Vec<Text> = HELP.iter().map(help_line).collect();
                    let right = concat!("travel ", env!("CARGO_PKG_VERSION"));
                    pages(canvas, rest, ("Help", right), &lines, top)
                }
                Overlay::History(history) => {
                    let waiting = || vec![Text::of(Role::Label, " reading its records …")];
                    let lines =
                        history.lines.as_ref().map_or_else(waiting, |all| all.iter().map(history_line).collect());
                    pages(canvas, rest, (&history.id, "read from the topic"), &lines, &mut history.top)
                }
            };
            app.overlay = Some(overlay);
        }
        None => main_screen(canvas, rest, app),
    }
}

fn main_screen(canvas: &mut Canvas<'_>, area: Area, app: &mut App) {
    let counts = places(app, usize::from(area.width));
    let (above, rest) = area.split_top(u16::try_from(counts.len()).unwrap_or(1));
    canvas.put_lines(above, &counts);
    let (banner, rest) = rest.split_top(u16::from(!app.warnings.is_empty()));
    if let Some(warning) = app.warnings.first() {
        let more = if app.warnings.len() > 1 { format!(" (+{})", app.warnings.len() - 1) } else { String::new() };
        canvas.put(banner, &Text::of(Role::Warn, format!(" ▲ {warning}{more}")));
    }
    let (rest, keys) = rest.split_bottom(1);
    let (rest, prompt) = rest.split_bottom(1);
    list(canvas, rest, app);
    footer(canvas, prompt, keys, app);
}

fn header(canvas: &mut Canvas<'_>, area: Area, app: &App) {
    let badge = match (&app.lost, app.progress, app.held) {
        (Some(_), ..) => Text::new().badge(Role::BadgeBad, "NO KAFKA"),
        (None, Some((read, all)), _) => {
            let percent = if all > 0 { 100 * i128::from(read) / i128::from(all) } else { 0 };
            Text::new().badge(Role::BadgeNeutral, format!("READING {percent} %"))
        }
        (None, None, Some(before)) => {
            let more = app.records.all().saturating_sub(before);
            Text::new().badge(Role::BadgeWarn, format!("PAUSED +{} new", grouped(more)))
        }
        (None, None, None) => Text::new().badge(Role::BadgeGood, "LIVE"),
    };
    let count = |count: u64, word: &str| format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" });
    let words = match &app.lost {
        Some(reason) => reason.clone(),
        None => {
            let records = count(app.records.all(), "record");
            let refused = app.records.refused + app.records.unreadable;
            let requests = count(app.rows.len() as u64, "request");
            format!("{requests}   {records}, {} refused", grouped(refused))
        }
    };
    let left = badge.value(format!(" {words}"));
    let right = Text::of(Role::Label, format!("{} ", app.topic)).value(app.clock(app.now_ms));
    canvas.put_both(area, &left, &right);
}

/// How many requests are at each place, in as many rows as it takes.
fn places(app: &App, width: usize) -> Vec<Text> {
    let mut rows = vec![Text::new()];
    for (place, count) in Place::ALL.into_iter().zip(app.places) {
        let role = if count > 0 { Role::Strong } else { Role::Label };
        let piece = Text::of(Role::Label, format!(" {} ", place.as_str())).and(role, grouped(count)).value(" ");
        match rows.last_mut() {
            Some(last) if last.width() + piece.width() <= width => *last = std::mem::take(last).join(piece),
            _ => rows.push(piece),
        }
    }
    rows
}

/// How many columns the id and the last event have.
fn widths(width: usize) -> (usize, usize) {
    let rest = width.saturating_sub(1 + PLACE + DELAYS + REFUSED + AGE + 5);
    let id = rest.saturating_sub(LAST_LEAST).clamp(8, ID_MOST);
    (id, rest.saturating_sub(id))
}

fn list(canvas: &mut Canvas<'_>, area: Area, app: &mut App) {
    let (title, body) = area.split_top(1);
    let order = if app.is_reversed { format!("{}, reversed", app.sort.word()) } else { app.sort.word().to_owned() };
    canvas.rule(title, &Text::of(Role::Focus, "Requests"), &Text::of(Role::Label, format!("{order}, s sorts")), true);
    let (names, list) = body.split_top(1);
    let (id, last) = widths(usize::from(area.width));
    let names_row = Text::new()
        .padded(Role::Label, "ID", id)
        .value(" ")
        .padded(Role::Label, "PLACE", PLACE)
        .value(" ")
        .padded_left(Role::Label, "RETARD", DELAYS)
        .value(" ")
        .padded_left(Role::Label, "REF", REFUSED)
        .value(" ")
        .padded(Role::Label, "LAST", last)
        .value(" ")
        .padded_left(Role::Label, "AGE", AGE);
    canvas.put(names.split_left(1).1, &names_row);
    app.list_rows = usize::from(list.height);
    app.list_y = list.y;
    if app.rows.is_empty() {
        let why = if app.progress.is_some() { "reading …" } else { "no request yet: travel produce sends one" };
        canvas.put(list.split_left(1).1, &Text::of(Role::Label, why));
        return;
    }
    let (top, selected) = (app.top(), app.selected());
    for ((index, row), place) in app.rows.iter().enumerate().skip(top).zip(list.rows()) {
        canvas.row(place, index == selected, &row_text(app, row, id, last), &Text::new());
    }
}

fn row_text(app: &App, row: &Row, id: usize, last: usize) -> Text {
    let place_role = match row.place {
        Some(Place::Annulee) => Role::Warn,
        Some(place) if place.is_final() => Role::Label,
        Some(_) => Role::Strong,
        None => Role::Label,
    };
    let delays = delay_mark(row.delays, row.is_late);
    let refused = if row.refused > 0 { grouped(row.refused) } else { String::new() };
    let age =
        row.last.and_then(|last| last.spot.time_ms).map_or_else(String::new, |ms| age(app.now_ms.saturating_sub(ms)));
    let mut notes = Vec::new();
    notes.extend(row.is_split.then_some("split"));
    notes.extend(row.is_incomplete.then_some("gaps"));
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    let (role, words) = last_words(row);
    Text::new()
        .padded(Role::Value, &row.id, id)
        .value(" ")
        .padded(place_role, row.place.map_or("–", Place::as_str), PLACE)
        .value(" ")
        .padded_left(if row.is_late { Role::Warn } else { Role::Value }, delays, DELAYS)
        .value(" ")
        .padded_left(if row.refused > 0 { Role::Bad } else { Role::Value }, refused, REFUSED)
        .value(" ")
        .padded(role, format!("{words}{notes}"), last)
        .value(" ")
        .padded_left(Role::Label, age, AGE)
}

/// The last event: its mark, what it says, and why it was refused.
fn last_words(row: &Row) -> (Role, String) {
    let Some(last) = row.last else { return (Role::Label, "–".to_owned()) };
    let etat = last.etat.map_or("?", Etat::as_str);
    match last.verdict {
        Verdict::Accepted => (Role::Good, format!("✓ {etat}")),
        Verdict::Duplicate => (Role::Label, format!("= {etat}")),
        verdict => (Role::Bad, format!("✗ {etat} {}", verdict.reason().unwrap_or_default())),
    }
}

/// `6 s`, `5 min`, `2 h`, `4 d`.
fn age(milliseconds: i64) -> String {
    match (milliseconds / 1_000).max(0) {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ ..3_600 => format!("{} min", seconds / 60),
        seconds @ ..86_400 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// What is being typed or was just done; and the keys.
fn footer(canvas: &mut Canvas<'_>, prompt: Area, keys: Area, app: &App) {
    let words = match (&app.prompt, app.notice(), &app.search) {
        (Some(line), ..) => Text::of(Role::Strong, " /").join(line.view(usize::from(prompt.width) / 2)),
        (None, Some(notice), _) => Text::of(Role::Value, format!(" {notice}")),
        (None, None, Some(search)) => {
            Text::of(Role::Value, format!(" /{search}   ")).label("n next  N previous  Esc clear")
        }
        _ => Text::new(),
    };
    canvas.put(prompt, &words);
    let freeze = if app.held.is_some() { "resume" } else { "freeze" };
    let all = [
        ("q", "quit"),
        ("?", "help"),
        ("Enter", "history"),
        ("/", "find"),
        ("s", "sort"),
        ("f", freeze),
        ("r", "reverse"),
        ("y", "copy"),
        ("u", "UTC"),
    ];
    let mut text = Text::new();
    for (key, meaning) in all {
        let more = Text::of(Role::Value, " ").and(Role::Strong, key).label(format!(" {meaning} "));
        // The blank at the end may be cut.
        if text.width() + more.width() > usize::from(keys.width) + 1 {
            break;
        }
        text = text.join(more);
    }
    canvas.put(keys, &text);
}

/// Lines on the whole screen. Tells how many rows of them are seen.
fn pages(canvas: &mut Canvas<'_>, area: Area, (left, right): (&str, &str), lines: &[Text], top: &mut usize) -> usize {
    let (head, rest) = area.split_top(1);
    let (body, foot) = rest.split_bottom(1);
    canvas.rule(head, &Text::of(Role::Focus, left), &Text::of(Role::Label, right), true);
    let rows = usize::from(body.height);
    *top = (*top).min(lines.len().saturating_sub(rows));
    canvas.put_lines(body, lines.get(*top..).unwrap_or_default());
    let more = if lines.len() > rows { "↑↓ more   " } else { "" };
    canvas.put(foot, &Text::of(Role::Label, format!(" {more}Esc back   y copy the id   q quit")));
    rows
}

fn help_line((key, meaning): &(&str, &str)) -> Text {
    match key.is_empty() {
        true => Text::of(Role::Strong, format!(" {meaning}")),
        false => Text::new().value(" ").padded(Role::Strong, key, KEY_COLUMNS).value(meaning),
    }
}

/// A line of a history, by what it is: its text is somebody's.
fn history_line(line: &Line) -> Text {
    let role = match line.kind {
        LineKind::Heading => Role::Strong,
        LineKind::Accepted | LineKind::State => Role::Value,
        LineKind::Refused => Role::Bad,
        LineKind::Duplicate | LineKind::Beside => Role::Label,
    };
    Text::of(role, format!(" {}", line.text))
}
