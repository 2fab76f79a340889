//! What the page shows, in the words of the screen.

use std::path::Path;

use super::fields::{self, state, tone};
use super::reading::{File, Reading, Shown};
use super::{LOG, TRAIL};
use crate::doors::tail;
use crate::doors::web::{Piece, Plot, Row, Tone, View};
use crate::logic::monitor::{Cause, Counted, Figures, SuccessFloor};
use crate::programs::monitor::rows::{EventKind, EventRow, Grade, LogRow, Row as _, level_grade};
use crate::programs::monitor::texts::{Clock, Medium, Place, Texts};
use crate::programs::monitor::view::log_message;
use crate::tools::masking::{masked, without_addresses, without_quotations};
use crate::tools::shown::isolated;

/// As long as a line of the log may get in its row.
const LOG_COLUMNS: usize = 200;

/// The event of the log that says why a message was refused.
pub(super) const REFUSED: &str = "message.invalid";

/// Where a line has its page.
fn page_of(file: File, place: tail::Place) -> String {
    match file {
        File::Events => format!("/records/events/{place}"),
        File::Log => format!("/records/log/{place}"),
    }
}

/// What stands on every page: the verdict, and of when all of it is.
pub(super) fn frame(reading: &Reading, shown: &Shown, texts: &Texts, view: &mut View) {
    let figures = &shown.figures;
    let clock = Clock::naming_utc();
    // Their names: the folder is told in the log, and to nobody who only opens the page.
    let (events, log) = (Path::new(TRAIL), Path::new(LOG));
    let spoken = texts.verdict(figures, Place { events, log, clock: &clock, medium: Medium::Page });
    let is_scored = matches!(figures.verdict.cause, Cause::Health { .. });
    let score = figures.quality.filter(|_| is_scored).map(|quality| format!(" {}/100", quality.score));
    let verdict = format!("{}{}", spoken.word, score.unwrap_or_default());
    view.text("verdict", Piece::from(verdict).tone(tone(figures.verdict.sign)));
    let told: Vec<&str> = [&*spoken.reason, &*spoken.advice].into_iter().filter(|told| !told.is_empty()).collect();
    view.text("verdict.services", reading.without_folder(&told.join(". ")));
    view.text(
        "banner.service",
        shown
            .trouble
            .as_deref()
            .map(|trouble| Piece::from(reading.without_folder(trouble)).tone(Tone::Warn))
            .unwrap_or_default(),
    );
    view.text("since", moment(figures.tracker.started_ms));
    view.text("as_of", moment(Some(figures.as_of_ms)));
    view.total = figures.counts.map_or(0, |counts| counts.received.count);
    let received = texts.count(view.total);
    view.text("summary", texts.choose(format!("{received} received"), format!("{received} reçus")));
}

/// The page itself.
pub(super) fn fill(reading: &Reading, shown: &Shown, texts: &Texts, is_unmasked: bool, view: &mut View) {
    tiles(&shown.figures, texts, view);
    plots(shown, texts, view);
    view.table("health", fields::health(&shown.figures, texts));
    view.table("tracker", fields::tracker(&shown.figures, texts));
    view.table("seal", fields::seal(shown, texts));
    view.table("partitions", partitions(&shown.figures, texts));
    view.table("records", shown.events.iter().rev().map(|row| event(row, texts, is_unmasked)));
    view.table("logs", shown.logs.iter().rev().map(|row| log(reading, row, texts, is_unmasked)));
    view.table("gaps", shown.gaps.iter().map(|row| log(reading, row, texts, is_unmasked)));
    if let Some(log) = &shown.figures.log {
        view.text("logs.context", texts.log_title(log));
    }
}

fn tiles(figures: &Figures, texts: &Texts, view: &mut View) {
    let unknown = || texts.unknown.to_owned();
    let counts = figures.counts;
    let count = |counted: Option<Counted>| counted.map_or_else(unknown, |counted| texts.counted(counted));
    view.text("received.all", count(counts.map(|counts| counts.received)));
    let mut parts = Vec::new();
    if let Some(counts) = counts {
        parts.push(format!("{} {}", texts.counted(counts.valid), texts.choose("valid", "traités")));
        parts.push(format!("{} {}", texts.counted(counts.invalid), texts.choose("invalid", "échoués")));
        parts.push(format!("{} {}", texts.counted(counts.gaps), texts.gaps.to_lowercase()));
        if counts.unreadable.count > 0 {
            parts.push(format!("{} {}", texts.counted(counts.unreadable), texts.unreadable_short.to_lowercase()));
        }
    }
    view.text("received.context", parts.join(" · "));
    let success = &figures.success;
    view.text("success.all", success.whole.map_or_else(unknown, |share| texts.percent(share)));
    let word = success.state.map(|state| texts.success_state(state));
    view.text("success.state", state(success.state.map(|state| state.sign()), word));
    let lately = success.last_15_min.map(|share| format!("{} {}", texts.percent(share), texts.in_15_min));
    view.text("success.context", lately.unwrap_or_default());
    let throughput = &figures.throughput;
    view.text("throughput.now", throughput.per_second.map_or_else(unknown, |rate| texts.rate(rate)));
    let word = throughput.state.map(|state| texts.throughput_state(state));
    view.text("throughput.state", state(throughput.state.map(|state| state.sign()), word));
    let age = figures.last_message_age_ms.map_or_else(unknown, |age_ms| texts.age(age_ms));
    view.text("throughput.context", format!("{} {age}", texts.last_message.to_lowercase()));
    let lag = figures.lag.as_ref();
    view.text("lag.all", lag.map_or_else(unknown, |lag| texts.count(lag.messages)));
    view.text("lag.trend", lag.map(|lag| texts.lag_way(lag)).unwrap_or_default());
    let to_zero = lag.and_then(|lag| lag.to_zero_ms);
    let to_zero = to_zero.map(|to_zero_ms| format!("{} {} · ", texts.to_zero, texts.duration(to_zero_ms)));
    let told = lag.map_or_else(|| texts.no_metrics_yet.to_owned(), |lag| texts.age(lag.age.age_ms));
    view.text("lag.context", format!("{}{told}", to_zero.unwrap_or_default()));
    let sealed = figures.sealed;
    view.text("sealed.age", sealed.map_or_else(|| texts.not_yet.to_owned(), |sealed| texts.age(sealed.age.age_ms)));
    let lines = sealed.map(|sealed| format!("{} {}", texts.count(sealed.lines), texts.lines_word));
    view.text("sealed.context", lines.unwrap_or_default());
}

fn plots(shown: &Shown, texts: &Texts, view: &mut View) {
    let plot = &shown.plot;
    let known = |index: usize| plot.columns.get(index).filter(|column| column.is_known);
    let x: Vec<i64> = (0..plot.columns.len()).map(|at| plot.column_begins_ms(at) / 1_000).collect();
    let each = |value: &dyn Fn(usize) -> Option<f64>| (0..x.len()).map(value).collect::<Vec<_>>();
    let seconds = plot.bucket.span_ms() as f64 / 1_000.0;
    let rate = |messages: u32| f64::from(messages) / seconds;
    let valid = each(&|at| known(at).map(|column| rate(column.received.saturating_sub(column.invalid))));
    let invalid = each(&|at| known(at).map(|column| rate(column.invalid)));
    let share = |at: usize| known(at).and_then(|column| column.success());
    let shares = each(&|at| share(at).map(|share| f64::from(share.hundredths()) / 100.0));
    let floor = f64::from(SuccessFloor::of(plot).0.hundredths()) / 100.0;
    let limit = Some(95.0).filter(|limit| *limit > floor);
    view.plots.insert("throughput", Plot { x: x.clone(), y: vec![valid, invalid], limit: None, range: None });
    view.plots.insert("success", Plot { x: x.clone(), y: vec![shares], limit, range: Some((floor, 100.0)) });
    let time = |at: usize| moment(Some(plot.column_begins_ms(at)));
    let key = |at: usize| x.get(at).copied().unwrap_or_default().to_string();
    let number =
        |messages: Option<u32>| messages.map_or(texts.unknown.to_owned(), |count| texts.rate_number(rate(count)));
    let of_rate = |at: usize| {
        let column = known(at);
        let valid = column.map(|column| column.received.saturating_sub(column.invalid));
        Row::new(key(at), [time(at), number(valid).into(), number(column.map(|column| column.invalid)).into()])
    };
    let of_share = |at: usize| {
        let share = share(at).map_or_else(|| texts.unknown.to_owned(), |share| texts.percent(share));
        Row::new(key(at), [time(at), share.into()])
    };
    view.table("plot.throughput", (0..x.len()).rev().map(of_rate));
    view.table("plot.success", (0..x.len()).rev().map(of_share));
    let mut parts = Vec::new();
    parts.extend(plot.mean_per_second().map(|mean| format!("{} {}", texts.mean, texts.rate(mean))));
    parts.push(format!("{} {}", texts.peak, texts.rate(plot.peak_per_second())));
    parts.push(texts.a_bar_of(plot.bucket));
    view.text("plot.throughput.caption", parts.join(" · "));
    let shares = match (plot.newest_success(), plot.lowest_success()) {
        (Some(newest), Some(lowest)) => {
            format!("{} {} · {} {}", texts.now_word, texts.percent(newest), texts.low, texts.percent(lowest))
        }
        _ => texts.no_message_in_it.to_owned(),
    };
    view.text("plot.success.caption", shares);
}

fn partitions(figures: &Figures, texts: &Texts) -> Vec<Row> {
    let unknown = || texts.unknown.to_owned();
    let offset = |offset: Option<i64>| {
        offset.map_or_else(unknown, |offset| texts.count(u64::try_from(offset).unwrap_or_default()))
    };
    let row = |one: &crate::logic::monitor::PartitionFigures| {
        let lag = Piece::from(one.lag.map_or_else(unknown, |lag| texts.count(lag)));
        let gap = one.gap.map_or_else(String::new, |(from, to)| format!("{from} → {to}"));
        let gap = Piece::from(gap);
        Row::new(
            one.partition.to_string(),
            [
                one.partition.to_string().into(),
                offset(one.next).into(),
                offset(one.readable_end).into(),
                lag,
                one.per_second.map_or_else(unknown, |rate| texts.rate_number(rate)).into(),
                if one.gap.is_some() { gap.tone(Tone::Bad) } else { gap },
            ],
        )
    };
    figures.partitions.iter().map(row).collect()
}

/// `09:41:03` of a moment in UTC, which browsers show in their own zone.
pub(super) fn moment(at_ms: Option<i64>) -> Piece {
    let time = at_ms.and_then(|at_ms| Some((at_ms, jiff::Timestamp::from_millisecond(at_ms).ok()?)));
    time.map_or_else(|| "–".into(), |(at_ms, at)| Piece::from(at.strftime("%H:%M:%S").to_string()).at(at_ms))
}

/// A text of somebody, as far as it is shown.
fn hidden(text: &str, is_unmasked: bool) -> String {
    if is_unmasked { text.to_owned() } else { without_addresses(text) }
}

/// Why a message was refused, as far as it is shown.
pub(super) fn refusal(reason: &str, is_unmasked: bool) -> String {
    if is_unmasked { reason.to_owned() } else { without_quotations(&without_addresses(reason)) }
}

/// The beginning of what is no order, or no line of ours: which of it tells of people is not known.
fn foreign(sample: &str, is_unmasked: bool) -> String {
    if is_unmasked || sample.is_empty() { sample.to_owned() } else { "•••".to_owned() }
}

/// What a line of the trail is, in the word of the screen.
fn status(row: &EventRow, texts: &Texts) -> Piece {
    let (word, tone) = match &row.kind {
        EventKind::Valid(_) if row.warnings > 0 => ("ok!", Tone::Warn),
        EventKind::Valid(_) => (texts.status_valid, Tone::Good),
        EventKind::Invalid { .. } => (texts.status_invalid, Tone::Bad),
        EventKind::Gap { .. } => (texts.status_gap, Tone::Bad),
        EventKind::Unreadable { .. } => (texts.status_unreadable, Tone::Bad),
    };
    Piece::from(word).tone(tone)
}

fn event(row: &EventRow, texts: &Texts, is_unmasked: bool) -> Row {
    let is_readable = !matches!(row.kind, EventKind::Unreadable { .. });
    let place = if is_readable { format!("{}@{}", row.partition, row.offset) } else { texts.unknown.to_owned() };
    let place = Piece::from(place).title(format!("{}/{}@{}", row.topic, row.partition, row.offset));
    let shown = |text: &str| hidden(text, is_unmasked);
    let (what, customer, total) = match &row.kind {
        EventKind::Valid(glance) if glance.sample.is_empty() => {
            let number = glance.sequence.map(|number| format!("#{number} ")).unwrap_or_default();
            let customer = if is_unmasked { glance.customer.clone() } else { masked(&glance.customer) };
            let total = glance.total.as_deref().map(|total| texts.money(total, &glance.currency));
            (format!("{number}{}", isolated(&shown(&glance.items))), customer, total.unwrap_or_default())
        }
        EventKind::Valid(glance) => (foreign(&glance.sample, is_unmasked), String::new(), String::new()),
        EventKind::Invalid { reason, sample } => {
            let said = if reason.is_empty() { foreign(sample, is_unmasked) } else { refusal(reason, is_unmasked) };
            (said, String::new(), String::new())
        }
        EventKind::Gap { kind, reason } => {
            (format!("{}: {}", kind.as_str(), shown(reason)), String::new(), String::new())
        }
        EventKind::Unreadable { sample } => (foreign(sample, is_unmasked), String::new(), String::new()),
    };
    let cells = [
        moment(row.time_ms),
        place,
        status(row, texts),
        what.into(),
        customer.into(),
        total.into(),
        texts.size(row.size_bytes).into(),
    ];
    Row::new(row.place.to_string(), cells).href(page_of(File::Events, row.place))
}

fn log(reading: &Reading, row: &LogRow, texts: &Texts, is_unmasked: bool) -> Row {
    let level = match level_grade(row.level) {
        Grade::Fine => Piece::from(row.level.map_or("", |level| texts.level(level))).tone(Tone::Muted),
        Grade::Warning => Piece::from(row.level.map_or("", |level| texts.level(level))).tone(Tone::Warn),
        Grade::Error => Piece::from(row.level.map_or("??", |level| texts.level(level))).tone(Tone::Bad),
    };
    let event = if row.event.is_empty() { "tracker.log" } else { row.event.as_str() };
    let message = log_message(row, LOG_COLUMNS, texts);
    let message = match row.event.as_str() {
        REFUSED => refusal(&message, is_unmasked),
        _ => hidden(&message, is_unmasked),
    };
    let message = reading.without_folder(&message);
    let cells = [moment(row.time_ms), level, event.into(), Piece::from(message.clone()).title(message)];
    Row::new(row.place().to_string(), cells).href(page_of(File::Log, row.place()))
}
