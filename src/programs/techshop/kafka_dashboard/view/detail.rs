//! One group: its partitions with who reads them, why it is behind, and its lag over time.

use super::cells::{Cells, Stands, columns};
use crate::doors::screen::{Area, Bars, Canvas, Mark, PlotLayout, Role, Text};
use crate::logic::lag::{BUCKET_MS, GroupFigures, PartitionLag};
use crate::programs::techshop::kafka_dashboard::app::App;
use crate::programs::techshop::kafka_dashboard::layout::Layout;
use crate::programs::techshop::kafka_dashboard::texts::UNKNOWN;

/// A word below a plot each so many milliseconds, the first that leaves room.
const TICKS_MS: [i64; 5] = [5 * 60_000, 15 * 60_000, 30 * 60_000, 60 * 60_000, 4 * 60 * 60_000];

/// Columns that a word below a plot takes.
const TICK_COLUMNS: i64 = 8;

/// Columns of the words beside a plot.
const AXIS_COLUMNS: u16 = 5;

/// The selected group, below the lists.
pub(super) fn beside(canvas: &mut Canvas<'_>, layout: &Layout, app: &App) {
    let texts = app.texts();
    let Some(group) = app.selected_group() else { return };
    let right = texts.choose("Enter full screen", "Entrée : plein écran");
    partitions(canvas, layout.detail, app, group, (0, right));
    lag(canvas, layout.plot, app, group);
}

/// A group on the whole screen. Tells how many rows its list had.
pub(super) fn full_screen(canvas: &mut Canvas<'_>, area: Area, name: &str, top: &mut usize, app: &App) -> usize {
    let texts = app.texts();
    let (body, foot) = area.split_bottom(1);
    canvas.put(
        foot,
        &Text::of(
            Role::Label,
            texts.choose(
                " Esc back   ↑↓ scroll   + − zoom   y copy   f freeze",
                " Esc retour   ↑↓ défiler   + − échelle   y copier   f figer",
            ),
        ),
    );
    let Some(group) = app.shown().groups.iter().find(|group| group.group == name) else {
        let gone = texts.choose("This group is gone.", "Ce groupe a disparu.");
        canvas.put(body.row(0), &Text::of(Role::Value, format!(" {name}: {gone}")));
        return 0;
    };
    let plot_rows = if body.height >= 18 { body.height / 3 } else { 0 };
    let (list, plot) = body.split_bottom(plot_rows);
    let rows = usize::from(list.height.saturating_sub(3));
    *top = (*top).min(group.partitions.len().saturating_sub(rows));
    partitions(canvas, list, app, group, (*top, ""));
    lag(canvas, plot, app, group);
    rows
}

fn partitions(canvas: &mut Canvas<'_>, area: Area, app: &App, group: &GroupFigures, (top, right): (usize, &str)) {
    let texts = app.texts();
    let members = match group.members.as_deref() {
        None => texts.choose("members unknown", "membres inconnus").to_owned(),
        Some([_]) => texts.choose("1 member", "1 membre").to_owned(),
        Some(members) => format!("{} {}", members.len(), texts.choose("members", "membres")),
    };
    let left = texts.choose(format!("Group {}", group.group), format!("Groupe {}", group.group));
    let kind = group.kind.as_deref().unwrap_or(UNKNOWN);
    let about = match app.now_ms - group.as_of_ms > 10_000 {
        true => format!("{} {}", texts.choose("as of", "de"), app.clock.second(group.as_of_ms)),
        false => right.to_owned(),
    };
    let title = Text::of(Role::Label, format!("{left} · {kind} · {members}"));
    canvas.rule(area, &title, &Text::of(Role::Label, about), false);
    let (_, body) = area.split_top(1);
    let (body, why) = body.split_bottom(1);
    let is_wide = area.width >= 100;
    let topic_columns = if is_wide { 19 + usize::from(area.width).saturating_sub(120) / 2 } else { 16 };
    let mut names = Cells::default()
        .word(Role::Label, "TOPIC", topic_columns)
        .number(Role::Label, "P", 3)
        .number(Role::Label, "COMMITTED", 11)
        .number(Role::Label, "END", 11)
        .number(Role::Label, texts.choose("LAG", "RETARD"), 9)
        .word(Role::Label, texts.choose("TREND", "TENDANCE"), 15);
    if is_wide {
        names = names.number(Role::Label, texts.choose("TO ZERO", "ZÉRO"), 7).word(
            Role::Label,
            texts.choose("MEMBER", "MEMBRE"),
            20,
        );
        names = names.word(Role::Label, texts.choose("HOST", "HÔTE"), 16);
    }
    let (head, list) = body.split_top(1);
    canvas.put(head.split_left(1).1, &names.done().all(Role::Label));
    let mut before: (Option<&str>, Option<usize>) = (None, None);
    for (one, place) in group.partitions.iter().skip(top).zip(list.rows()) {
        let row = partition_row(app, group, one, before, (topic_columns, is_wide));
        canvas.put(place.split_left(1).1, &row);
        before = (Some(&one.topic), one.member);
    }
    canvas.put(why, &Text::of(Role::Value, format!(" {}", texts.why(group))));
}

fn partition_row(
    app: &App,
    group: &GroupFigures,
    one: &PartitionLag,
    before: (Option<&str>, Option<usize>),
    (topic_columns, is_wide): (usize, bool),
) -> Text {
    let texts = app.texts();
    let is_quiet = one.is_marker || one.lag.is_none_or(|lag| lag == 0);
    let value = if is_quiet { Role::Label } else { Role::Value };
    let topic = if before.0 == Some(one.topic.as_str()) { "" } else { one.topic.as_str() };
    let words = match one.lag {
        None if one.end.is_none() && group.deleted_topics.contains(&one.topic) => {
            texts.choose("topic deleted", "topic supprimé").to_owned()
        }
        None => UNKNOWN.to_owned(),
        Some(_) if one.is_marker => texts.choose("marker", "marqueur").to_owned(),
        Some(_) => texts.trend(one.trend, one.slope),
    };
    let mut cells = Cells::default()
        .name(value, topic, topic_columns)
        .number(value, one.partition.to_string(), 3)
        .number(value, texts.count_or_unknown(one.committed), 11)
        .number(value, texts.count_or_unknown(one.end), 11)
        .number(value, texts.count_or_unknown(one.lag), 9)
        .word(value, words, 15);
    if is_wide {
        let member = one.member.and_then(|at| group.members.as_ref()?.get(at));
        let (id, host) = match member {
            None => (UNKNOWN.to_owned(), String::new()),
            Some(_) if before.1 == one.member => (texts.choose("the same", "le même").to_owned(), String::new()),
            Some(member) => (member.id.clone(), member.host.clone()),
        };
        cells = cells.number(value, texts.to_zero(one.to_zero), 7).word(value, id, 20).word(value, host, 16);
    }
    cells.done()
}

fn lag(canvas: &mut Canvas<'_>, area: Area, app: &App, group: &GroupFigures) {
    if area.height < 3 {
        return;
    }
    let texts = app.texts();
    let column_ms = BUCKET_MS * i64::try_from(app.buckets_a_column).unwrap_or(1);
    let left = texts.choose(format!("Lag of {}", group.group), format!("Retard de {}", group.group));
    let each = texts.span(column_ms as f64 / 1_000.0);
    let now = texts.count_or_unknown(group.lag);
    let right = texts.choose(format!("now {now} · {each} a bar"), format!("maintenant {now} · {each} par barre"));
    canvas.rule(area, &Text::of(Role::Label, left), &Text::of(Role::Label, right), false);
    let (_, body) = area.split_top(1);
    let shown = PlotLayout::of(body, AXIS_COLUMNS).columns();
    let values = columns(&group.history, app.shown_ms(), app.buckets_a_column, shown, Stands::Last);
    let highest = values.iter().flatten().copied().fold(0.0, f64::max);
    let top = round_top(highest);
    let y_marks = [0.0, top / 2.0, top].map(|at| Mark { at, word: axis(at) }).to_vec();
    let first_ms = (app.shown_ms().div_euclid(column_ms) - i64::try_from(values.len()).unwrap_or(0)) * column_ms;
    let tick_ms = TICKS_MS.into_iter().find(|tick_ms| tick_ms / column_ms >= TICK_COLUMNS).unwrap_or(TICKS_MS[4]);
    let x_marks = (0..values.len())
        .map(|index| (index, first_ms + i64::try_from(index).unwrap_or(0) * column_ms))
        .filter(|(_, at_ms)| at_ms % tick_ms == 0)
        .map(|(at, at_ms)| Mark { at, word: app.clock.minute(at_ms) })
        .collect();
    canvas.bars(body, &Bars { values, top, label_columns: AXIS_COLUMNS, y_marks, x_marks });
}

/// The next of 1, 2 or 5 times a power of ten, at least 10.
fn round_top(highest: f64) -> f64 {
    let mut top = 10.0;
    while top < highest {
        let is_two = (top / 10.0_f64.powf(top.log10().floor()) - 2.0).abs() < 0.1;
        top *= if is_two { 2.5 } else { 2.0 };
    }
    top
}

/// `500`, `50 k`, `2 M`: short enough for an axis.
fn axis(value: f64) -> String {
    match value {
        ..1_000.0 => format!("{value}"),
        ..1_000_000.0 => format!("{} k", value / 1_000.0),
        ..1e9 => format!("{} M", value / 1e6),
        _ => format!("{} G", value / 1e9),
    }
}
