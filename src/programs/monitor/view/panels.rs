//! The panels of figures: messages, health, the tracker, the partitions.

use super::View;
use super::ages::Ages;
use super::header::{inside, sign, sign_role};
use crate::doors::screen::{Area, Canvas, Role, Text, sparkline};
use crate::logic::monitor::{Age, Counted, Figures, Sign, Trend};
use crate::programs::monitor::app::App;
use crate::programs::monitor::layout::{Layout, Size};
use crate::programs::monitor::texts::Texts;

/// Bars of the lag's history.
const LAGS: usize = 18;

/// Columns of a state's shape and word.
const STATE_COLUMNS: usize = 12;

/// A health panel as wide as this has room for the longest names.
const LONG_NAMES_FROM: u16 = 48;

/// One row of a panel: what it is called, its figure, what stands beside it.
struct Row {
    name: &'static str,
    value: Text,
    beside: Text,
}

impl Row {
    fn new(name: &'static str, value: impl AsRef<str>) -> Self {
        Self { name, value: Text::of(Role::Value, value), beside: Text::new() }
    }

    fn beside(mut self, text: Text) -> Self {
        self.beside = text;
        self
    }

    /// The last that is known: no longer bright, nor what is said about it.
    fn muted(self) -> Self {
        Self { name: self.name, value: self.value.all(Role::Muted), beside: self.beside.all(Role::Muted) }
    }
}

impl View {
    pub(super) fn figures_panels(
        &self,
        canvas: &mut Canvas<'_>,
        layout: &Layout,
        app: &App,
        figures: &Figures,
        texts: &Texts,
    ) {
        let ages = Ages::of(figures, |at_ms| texts.as_of_time(&app.clock, at_ms, figures.as_of_ms));
        if layout.size == Size::Compact {
            self.compact(canvas, layout.messages, figures, &ages, texts);
            return;
        }
        let (size, messages, health) = (layout.size, layout.messages, layout.health);
        let rows = self.message_rows(figures, size, ages.messages.is_some(), texts);
        // A count of offsets stands whole beside the figures.
        let columns = usize::from(messages.width).saturating_sub(names(&rows) + 15);
        let columns = if size == Size::Huge { columns.clamp(9, 13) } else { 13 };
        self.panel(canvas, messages, (texts.messages, &ages.messages), &rows, columns);
        let rows = health_rows(canvas, figures, size, health.width >= LONG_NAMES_FROM, &ages, texts);
        // The words of a state and its threshold always keep their columns; the figures have the rest.
        let limits = if size >= Size::Wide { 8 } else { 6 };
        let columns = usize::from(health.width).saturating_sub(names(&rows) + STATE_COLUMNS + limits + 5);
        let columns = columns.clamp(8, if size >= Size::Wide { 12 } else { 10 });
        self.panel(
            canvas,
            health,
            (texts.health, ages.trail.as_ref().map_or(&ages.metrics, |_| &ages.trail)),
            &rows,
            columns,
        );
        self.panel(canvas, layout.tracker, (texts.tracker, &ages.metrics), &Self::tracker_rows(figures, texts), 7);
        self.partitions(canvas, layout.partitions, figures, &ages, texts);
    }

    /// `title` is what the panel is called, and of when its figures are once they are old.
    fn panel(
        &self,
        canvas: &mut Canvas<'_>,
        area: Area,
        title: (&str, &Option<String>),
        rows: &[Row],
        value_columns: usize,
    ) {
        if area.is_empty() {
            return;
        }
        let (head, body) = area.split_top(1);
        panel_title(canvas, head, title);
        let body = inside(body).split_right(1).0;
        let names = names(rows);
        let room = usize::from(body.width).saturating_sub(names);
        for (row, area) in rows.iter().zip(body.rows()) {
            // A figure keeps its place: right-aligned in its column, whatever stands beside it.
            let blank = value_columns.min(room).saturating_sub(row.value.width());
            let mut text =
                Text::new().padded(Role::Label, row.name, names).value(" ".repeat(blank)).join(row.value.clone());
            if !row.beside.is_empty() {
                text = text.value("  ").join(row.beside.clone());
            }
            canvas.put(area, &text);
        }
    }

    fn message_rows(&self, figures: &Figures, size: Size, is_old: bool, texts: &Texts) -> Vec<Row> {
        let counts = figures.counts;
        let count = |pick: fn(&crate::logic::monitor::Counts) -> Counted| {
            counts.as_ref().map_or_else(|| "–".to_owned(), |counts| texts.counted(pick(counts)))
        };
        let wide = size == Size::Huge;
        let label = |text: String| if wide { Text::of(Role::Label, text) } else { Text::new() };
        let gap_offsets = counts.map(|counts| counts.gap_offsets).filter(|offsets| offsets.count > 0);
        let mut rows = vec![
            Row::new(texts.received, count(|counts| counts.received)).beside(label(texts.whole_trail.to_owned())),
            Row::new(texts.valid, count(|counts| counts.valid)),
            bad(Row::new(texts.invalid, count(|counts| counts.invalid)), counts.is_some_and(|c| c.invalid.count > 0)),
            bad(Row::new(texts.gaps, count(|counts| counts.gaps)), counts.is_some_and(|c| c.gaps.count > 0))
                .beside(label(gap_offsets.map(|offsets| texts.offset_count(offsets.count)).unwrap_or_default())),
        ];
        if size >= Size::Wide {
            let row = Row::new(texts.unreadable_short, count(|counts| counts.unreadable));
            rows.push(bad(row, counts.is_some_and(|counts| counts.unreadable.count > 0)));
        }
        if wide && let Some(run) = &figures.run {
            let value = Text::of(aged(run.age), texts.count(run.received));
            rows.push(Row {
                name: texts.this_run,
                value,
                beside: Text::of(Role::Label, texts.age_in_row(run.age.age_ms)),
            });
        }
        if is_old {
            rows = rows.into_iter().map(Row::muted).collect();
        }
        // An age is right however old it is.
        rows.push(Row::new(
            texts.last_message,
            figures.last_message_age_ms.map_or_else(|| "–".to_owned(), |age| texts.age(age)),
        ));
        rows
    }

    fn tracker_rows(figures: &Figures, texts: &Texts) -> Vec<Row> {
        let tracker = &figures.tracker;
        let none = || "–".to_owned();
        let pid = tracker.pid.map_or_else(none, |pid| pid.to_string());
        let standby = match &tracker.standby {
            Some(standby) => standby.pid.map_or_else(|| texts.standby_word.to_owned(), |pid| texts.standby_pid(pid)),
            None => texts.no_standby.to_owned(),
        };
        let mut rows = vec![Row::new(texts.pid, pid).beside(Text::of(Role::Label, standby))];
        let resources = figures.resources.as_ref();
        let cpu = resources.and_then(|it| it.cpu_percent).map_or_else(none, |cpu| texts.load_percent(cpu));
        let memory = resources.and_then(|it| it.memory_bytes).map_or_else(none, |bytes| texts.memory_size(bytes));
        let age = resources.map(|it| it.age);
        rows.push(told(texts.cpu, cpu, age).beside(Text::of(Role::Label, format!("{} {memory}", texts.memory))));
        let latency = figures.latency.as_ref();
        let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| texts.milliseconds(value));
        let age = latency.map(|it| it.age);
        let write = ms(latency.and_then(|it| it.write_p99_ms));
        let sync = ms(latency.and_then(|it| it.sync_p99_ms));
        let p50 = |value: Option<f64>| Text::of(Role::Label, format!("p50 {}", ms(value)));
        rows.push(told(texts.write_p99, write, age).beside(p50(latency.and_then(|it| it.write_p50_ms))));
        rows.push(told(texts.sync_p99, sync, age).beside(p50(latency.and_then(|it| it.sync_p50_ms))));
        let disk = figures.disk.as_ref();
        let left = disk.and_then(|disk| disk.left_ms).map(|left| texts.lasts(left)).unwrap_or_default();
        let free = disk.map_or_else(none, |disk| texts.size(disk.free_bytes));
        rows.push(told(texts.disk_free, free, disk.map(|disk| disk.age)).beside(Text::of(Role::Label, left)));
        let sealed = figures.sealed.as_ref();
        let lines = sealed.map_or_else(none, |sealed| texts.count(sealed.lines));
        let ago = sealed.map(|sealed| texts.age(sealed.age.age_ms)).unwrap_or_default();
        rows.push(told(texts.sealed, lines, None).beside(Text::of(Role::Label, ago)));
        if let Some(number) = sealed.and_then(|sealed| sealed.checkpoint) {
            let age = sealed.and_then(|sealed| sealed.checkpoint_age);
            let ago = age.map(|age| texts.age(age.age_ms)).unwrap_or_default();
            rows.push(Row::new(texts.checkpoint, texts.count(number)).beside(Text::of(Role::Label, ago)));
        }
        rows
    }

    fn partitions(&self, canvas: &mut Canvas<'_>, area: Area, figures: &Figures, ages: &Ages, texts: &Texts) {
        if area.is_empty() {
            return;
        }
        let (head, body) = area.split_top(1);
        panel_title(canvas, head, (texts.partitions, &ages.metrics));
        let body = inside(body).split_right(1).0;
        let row = |role: Role, cells: [String; 4]| {
            let [number, next, lag, rate] = cells;
            Text::new()
                .padded(role, number, 3)
                .padded_left(role, next, 13)
                .padded_left(role, lag, 8)
                .padded_left(role, rate, 8)
        };
        let head = [texts.partition_short(), texts.next, texts.lag_word, texts.per_second].map(str::to_owned);
        let mut lines = vec![row(Role::Label, head)];
        let none = || "–".to_owned();
        let room = usize::from(body.height).saturating_sub(2);
        for one in figures.partitions.iter().take(room) {
            let role = match ages.metrics {
                Some(_) => Role::Muted,
                None if one.gap.is_some() => Role::Bad,
                None => Role::Value,
            };
            lines.push(row(
                role,
                [
                    one.partition.to_string(),
                    one.next.map_or_else(none, |next| texts.count(next.unsigned_abs())),
                    one.lag.map_or_else(none, |lag| texts.count(lag)),
                    one.per_second.map_or_else(none, |rate| texts.rate_number(rate)),
                ],
            ));
        }
        let hidden = figures.partitions.len().saturating_sub(room);
        let total = figures.lag.as_ref().map_or_else(none, |lag| texts.count(lag.messages));
        let more = if hidden > 0 { texts.more(hidden) } else { String::new() };
        let role = if ages.metrics.is_some() { Role::Muted } else { Role::Strong };
        lines.push(row(role, ["Σ".to_owned(), more, total, String::new()]));
        canvas.put_lines(body, &lines);
    }

    fn compact(&self, canvas: &mut Canvas<'_>, area: Area, figures: &Figures, ages: &Ages, texts: &Texts) {
        let none = || "–".to_owned();
        let count = |pick: fn(&crate::logic::monitor::Counts) -> Counted| {
            figures.counts.as_ref().map_or_else(none, |counts| texts.counted(pick(counts)))
        };
        let success = figures.success.whole.map_or_else(none, |share| texts.percent(share));
        let rate = figures.throughput.per_second.map_or_else(none, |rate| texts.rate(rate));
        let last_bad = figures.last_invalid_age_ms.map(|age| format!("{} {}", texts.last_bad, texts.age(age)));
        // There is no title that could say of when the figures are.
        let last_bad = ages.messages.clone().or(last_bad).unwrap_or_default();
        let role = if ages.messages.is_some() { Role::Muted } else { Role::Value };
        let lag = figures
            .lag
            .as_ref()
            .map(|lag| format!("{} {} {}", texts.lag_word, texts.count(lag.messages), trend(lag.trend)))
            .unwrap_or_default();
        let row = |name: &str, value: String, beside: String| {
            Text::new().padded(Role::Label, name, 9).padded_left(role, value, 9).value("  ").label(beside)
        };
        canvas.put_lines(
            inside(area),
            &[
                row(texts.received_short, count(|counts| counts.received), format!("{rate}  {success}")),
                row(texts.invalid_short, count(|counts| counts.invalid), last_bad),
                row(texts.gaps, count(|counts| counts.gaps), lag),
            ],
        );
    }
}

fn health_rows(
    canvas: &Canvas<'_>,
    figures: &Figures,
    size: Size,
    is_long: bool,
    ages: &Ages,
    texts: &Texts,
) -> Vec<Row> {
    let mut rows = rates_rows(canvas, figures, size, is_long, ages, texts);
    rows.extend(lag_rows(figures, size, is_long, texts));
    rows
}

/// What the trail tells: shares, rates, errors, the score.
fn rates_rows(
    canvas: &Canvas<'_>,
    figures: &Figures,
    size: Size,
    is_long: bool,
    ages: &Ages,
    texts: &Texts,
) -> Vec<Row> {
    let name = |long: &'static str, short: &'static str| if is_long { long } else { short };
    let none = || "–".to_owned();
    let state = |sign_of: Option<Sign>, word: Option<&'static str>, limit: &str| match (sign_of, word) {
        (Some(shape), Some(word)) => {
            let word = format!("{} {word}", sign(canvas, shape));
            Text::new().padded(sign_role(shape), word, STATE_COLUMNS).and(Role::Label, limit)
        }
        _ => Text::of(Role::Label, "–"),
    };
    let success = &figures.success;
    // Where both are shown the state is of the worse of the two; else the worse stands for both.
    let has_both = size >= Size::Wide;
    let shown = if has_both { success.whole } else { success.worse.or(success.whole) };
    let success_name = name(texts.success, texts.success_short);
    let mut rows = vec![Row::new(success_name, shown.map_or_else(none, |share| texts.percent(share))).beside(state(
        success.state.map(|state| state.sign()),
        success.state.map(|state| texts.success_state(state)),
        texts.success_threshold(success.state),
    ))];
    if has_both {
        rows.push(Row::new(texts.in_15_min, success.last_15_min.map_or_else(none, |share| texts.percent(share))));
    }
    let throughput = &figures.throughput;
    let throughput_name = name(texts.throughput, texts.throughput_short);
    rows.push(Row::new(throughput_name, throughput.per_second.map_or_else(none, |rate| texts.rate(rate))).beside(
        state(
            throughput.state.map(|state| state.sign()),
            throughput.state.map(|state| texts.throughput_state(state)),
            texts.throughput_threshold(throughput.state),
        ),
    ));
    let errors = &figures.errors;
    let newest = errors.newest_age_ms.map_or_else(none, |age| texts.age_in_row(age));
    let error_row = Row::new(texts.errors, newest).beside(state(
        errors.state.map(|state| state.sign()),
        errors.state.map(|state| texts.error_state(state)),
        texts.error_threshold(errors.state, size >= Size::Wide),
    ));
    rows.push(error_row);
    if size >= Size::Wide {
        let quality = figures.quality.as_ref();
        let parts = quality.map(|it| format!("{}+{}+{}", it.success, it.throughput, it.errors)).unwrap_or_default();
        let word = quality.map(|it| texts.quality_word(it.word)).unwrap_or_default();
        rows.push(
            Row::new(texts.quality, quality.map_or_else(none, |it| it.score.to_string()))
                .beside(Text::new().padded(Role::Value, word, STATE_COLUMNS).label(parts)),
        );
    }
    if ages.trail.is_some() { rows.into_iter().map(Row::muted).collect() } else { rows }
}

/// What the tracker's log tells: what waits, and at the smallest size what it uses.
fn lag_rows(figures: &Figures, size: Size, is_long: bool, texts: &Texts) -> Vec<Row> {
    let none = || "–".to_owned();
    let mut rows = Vec::new();
    let lag = figures.lag.as_ref();
    let messages = lag.map_or_else(none, |lag| texts.count(lag.messages));
    let way = lag.map(|lag| texts.lag_way(lag)).unwrap_or_default();
    let name = if is_long { texts.lag } else { texts.lag_short };
    rows.push(told(name, messages, lag.map(|lag| lag.age)).beside(Text::of(Role::Value, way)));
    if size == Size::Huge {
        let history: Vec<Option<f64>> =
            lag.map(|lag| last_lags(&lag.history).map(|value| Some(*value as f64)).collect()).unwrap_or_default();
        let zero = lag.and_then(|lag| lag.to_zero_ms).map_or_else(none, |ms| texts.duration(ms));
        rows.push(Row::new(texts.to_zero, zero).beside(sparkline(&history)));
    } else if size <= Size::Normal {
        let sync = figures.latency.as_ref();
        let p99 = sync.and_then(|latency| latency.sync_p99_ms).map_or_else(none, |ms| texts.milliseconds(ms));
        let disk = figures.disk.as_ref().map(|disk| texts.disk_is_free(disk.free_bytes)).unwrap_or_default();
        rows.push(told(texts.sync_p99, p99, sync.map(|latency| latency.age)).beside(Text::of(Role::Label, disk)));
    }
    rows
}

/// The columns that the longest name takes, with a blank.
fn names(rows: &[Row]) -> usize {
    rows.iter().map(|row| crate::tools::shown::width(row.name)).max().unwrap_or(0) + 1
}

fn panel_title(canvas: &mut Canvas<'_>, area: Area, (title, as_of): (&str, &Option<String>)) {
    let as_of = as_of.as_ref().map(|as_of| Text::of(Role::Label, as_of)).unwrap_or_default();
    canvas.rule(area, &Text::of(Role::Label, title), &as_of, false);
}

/// As many of the last lags as fit beside the time to zero.
fn last_lags(history: &[u64]) -> std::slice::Iter<'_, u64> {
    history.get(history.len().saturating_sub(LAGS)..).unwrap_or_default().iter()
}

fn trend(trend: Option<Trend>) -> &'static str {
    match trend {
        Some(Trend::Growing) => "▲",
        Some(Trend::Shrinking) => "▼",
        Some(Trend::Steady) => "=",
        Some(Trend::Idle) => "·",
        None => "",
    }
}

/// A figure that the tracker told; an old one is no longer bright.
fn told(name: &'static str, value: String, age: Option<Age>) -> Row {
    Row { name, value: Text::of(age.map_or(Role::Value, aged), value), beside: Text::new() }
}

fn aged(age: Age) -> Role {
    if age.is_stale { Role::Muted } else { Role::Value }
}

fn bad(mut row: Row, is_bad: bool) -> Row {
    if is_bad {
        row.value = row.value.all(Role::Bad);
    }
    row
}
