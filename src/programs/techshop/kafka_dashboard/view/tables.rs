//! The three lists: brokers, topics, groups.

use super::cells::{Cells, Stands, columns};
use super::header::is_stale;
use super::title;
use crate::doors::screen::{Area, Canvas, Role, Text, sparkline};
use crate::logic::lag::{BrokerFigures, GroupFigures, Role as BrokerRole, TopicFigures, TopicNote, Trend};
use crate::programs::techshop::kafka_dashboard::app::{App, Pane, Sort};
use crate::programs::techshop::kafka_dashboard::layout::Layout;
use crate::programs::techshop::kafka_dashboard::texts::UNKNOWN;

/// 15 minutes in as many columns.
const TOPIC_SPARK: (usize, usize) = (15, 4);
const LAG_SPARK: (usize, usize) = (12, 5);

/// How a value looks: greyed when it is not fresh.
fn fresh(app: &App, role: Role) -> Role {
    if is_stale(app) { Role::Muted } else { role }
}

/// A list's rows below its title: the names of its columns, then what is seen of it.
fn rows(
    canvas: &mut Canvas<'_>,
    area: Area,
    app: &mut App,
    pane: Pane,
    (names, count): (Text, usize),
    row: impl Fn(&App, usize) -> Option<Text>,
) {
    let (_, body) = area.split_top(1);
    let (head, list) = body.split_top(1);
    canvas.put(head.split_left(1).1, &names.all(Role::Label));
    if count == 0 {
        let texts = app.texts();
        let why = match app.shown().as_of_ms {
            None => texts.choose("looking …", "on regarde …"),
            Some(_) => texts.choose("none yet", "aucun pour l’instant"),
        };
        canvas.put(list.split_left(1).1, &Text::of(Role::Label, why));
        return;
    }
    let height = usize::from(list.height);
    let (top, selected) = (app.top(pane, height), app.selected(pane));
    for (index, place) in (top..count).zip(list.rows()) {
        let Some(text) = row(app, index) else { break };
        let is_selected = index == selected && app.focus == pane;
        canvas.row(place, is_selected, &text, &Text::new());
    }
}

pub(super) fn brokers(canvas: &mut Canvas<'_>, layout: &Layout, app: &mut App) {
    let area = layout.brokers;
    if area.is_empty() {
        return;
    }
    let texts = app.texts();
    let totals = app.shown().totals;
    let in_sync = match (totals.leaderless, totals.under_replicated) {
        _ if app.shown().as_of_ms.is_none() => String::new(),
        (0, 0) => texts.choose("all partitions in sync", "toutes les partitions à jour").to_owned(),
        (0, count) => {
            texts.choose(format!("{count} partitions under-replicated"), format!("{count} partitions en retard"))
        }
        (count, _) => {
            texts.choose(format!("{count} partitions without leader"), format!("{count} partitions sans leader"))
        }
    };
    title(canvas, area, "Brokers", &in_sync, app, Pane::Brokers);
    if !layout.is_wide && !app.is_zoomed {
        short_brokers(canvas, area.split_top(1).1, app);
        return;
    }
    let host_columns = 22.max(usize::from(area.width) / 4);
    let names = Cells::default()
        .number(Role::Label, "ID", 4)
        .word(Role::Label, "HOST", host_columns)
        .word(Role::Label, "ROLE", 14)
        .number(Role::Label, "LEADS", 7)
        .number(Role::Label, "REPLICAS", 9)
        .number(Role::Label, "IN SYNC", 9);
    let count = app.brokers().len();
    rows(canvas, area, app, Pane::Brokers, (names.done(), count), |app, index| {
        let broker = app.brokers().get(index)?;
        let number = |count: usize| count.to_string();
        let (role, word) = broker_word(app, broker);
        let cells = Cells::default()
            .number(fresh(app, Role::Value), broker.id.to_string(), 4)
            .word(fresh(app, Role::Value), broker.place(), host_columns)
            .word(role, word, 14)
            .number(fresh(app, Role::Value), number(broker.leads), 7)
            .number(fresh(app, Role::Value), number(broker.replicas), 9)
            .number(
                if broker.in_sync < broker.replicas { Role::Warn } else { fresh(app, Role::Value) },
                number(broker.in_sync),
                9,
            );
        Some(cells.done())
    });
}

fn broker_word(app: &App, broker: &BrokerFigures) -> (Role, String) {
    let texts = app.texts();
    match (broker.down_since_ms, broker.role) {
        (Some(since_ms), _) => {
            let age = texts.age(app.now_ms - since_ms);
            (Role::Bad, texts.choose(format!("■ down {age}"), format!("■ absent {age}")))
        }
        (None, BrokerRole::Controller) => (fresh(app, Role::Value), "controller".to_owned()),
        (None, BrokerRole::Broker) => (fresh(app, Role::Value), "broker".to_owned()),
    }
}

/// Brokers beside each other, three to a row.
fn short_brokers(canvas: &mut Canvas<'_>, area: Area, app: &App) {
    let texts = app.texts();
    let first = app.brokers().first().and_then(|broker| broker.host.clone());
    let told = |(index, broker): (usize, &BrokerFigures)| {
        // Brokers of one machine are told apart by their ports.
        let place = match broker.port {
            Some(port) if index > 0 && broker.host == first => format!(":{port}"),
            _ => broker.place(),
        };
        let (sign, role) = match broker.down_since_ms {
            Some(_) => ("■", Role::Bad),
            None => ("●", fresh(app, Role::Good)),
        };
        let what = match (broker.down_since_ms, broker.role) {
            (Some(_), _) => texts.choose("down", "absent").to_owned(),
            (None, BrokerRole::Controller) => texts
                .choose(format!("leads {}, controller", broker.leads), format!("mène {}, controller", broker.leads)),
            (None, BrokerRole::Broker) => {
                texts.choose(format!("leads {}", broker.leads), format!("mène {}", broker.leads))
            }
        };
        Text::of(fresh(app, Role::Value), format!(" {} ", broker.id))
            .and(role, sign)
            .and(fresh(app, Role::Value), format!(" {place} {what}"))
    };
    let all: Vec<(usize, &BrokerFigures)> = app.brokers().iter().enumerate().collect();
    for (three, row) in all.chunks(3).zip(area.rows()) {
        canvas.put(
            row,
            &three.iter().copied().fold(Text::new(), |text, broker| {
                let text = if text.is_empty() { text } else { text.value("  ") };
                text.join(told(broker))
            }),
        );
    }
}

pub(super) fn topics(canvas: &mut Canvas<'_>, layout: &Layout, app: &mut App) {
    let area = layout.topics;
    if area.is_empty() {
        return;
    }
    let texts = app.texts();
    let internal = app.shown().topics.iter().filter(|topic| topic.is_internal).count();
    let right = match app.shows_internal {
        true => texts.choose(format!("i hides {internal} internal"), format!("i cache {internal} internes")),
        false => texts.choose(format!("i shows {internal} internal"), format!("i montre {internal} internes")),
    };
    title(canvas, area, "Topics", &right, app, Pane::Topics);
    let (is_wide, width) = (layout.is_wide, usize::from(area.width));
    let spark = if width < 80 { (0, TOPIC_SPARK.1) } else { TOPIC_SPARK };
    let name_columns =
        if is_wide { 21 + width.saturating_sub(120) * 2 / 3 } else { width.saturating_sub(47 + spark.0).max(7) };
    let mut names = Cells::default().word(Role::Label, "TOPIC", name_columns).number(Role::Label, "PARTS", 5);
    if is_wide {
        names = names.number(Role::Label, "RF", 2);
    }
    names = names.number(Role::Label, "IN SYNC", 7);
    if is_wide {
        names = names.number(Role::Label, "FIRST", 10).number(Role::Label, "END", 11);
    }
    names =
        names.number(Role::Label, "MESSAGES", 11).number(Role::Label, "IN/S", 7).word(Role::Label, "15 MIN", spark.0);
    names = names.number(Role::Label, texts.choose("GROUPS", "GROUPES"), 7);
    if is_wide {
        names = names.word(Role::Label, "NOTE", width.saturating_sub(name_columns + 86).max(12));
    }
    let count = app.topics().len();
    rows(canvas, area, app, Pane::Topics, (names.done(), count), |app, index| {
        let topic = *app.topics().get(index)?;
        Some(topic_row(app, topic, (name_columns, spark), width, is_wide))
    });
}

fn topic_row(
    app: &App,
    topic: &TopicFigures,
    (name_columns, spark): (usize, (usize, usize)),
    width: usize,
    is_wide: bool,
) -> Text {
    let texts = app.texts();
    let value = fresh(app, Role::Value);
    let in_sync = if is_wide {
        topic.in_sync.to_string()
    } else {
        format!("{} {} {}", topic.in_sync, texts.choose("of", "/"), topic.replication_factor)
    };
    let sync_role = if topic.in_sync < topic.replication_factor { Role::Warn } else { value };
    let mut cells =
        Cells::default().name(value, &topic.name, name_columns).number(value, topic.partitions.to_string(), 5);
    if is_wide {
        cells = cells.number(value, topic.replication_factor.to_string(), 2);
    }
    cells = cells.number(sync_role, in_sync, 7);
    if is_wide {
        cells = cells.number(value, texts.count_or_unknown(topic.first), 10).number(
            value,
            texts.count_or_unknown(topic.end),
            11,
        );
    }
    let at_most = if topic.is_at_most { "≤" } else { "" };
    let messages = format!("{at_most}{}", texts.count_or_unknown(topic.messages));
    let rate = topic.in_per_second.map_or_else(|| UNKNOWN.to_owned(), |rate| texts.rate(rate));
    let past = columns(&topic.history, app.shown_ms(), spark.1, spark.0, Stands::Mean);
    cells = cells.number(value, messages, 11).number(value, rate, 7);
    let note = texts.note(topic, app.shown_ms());
    let note_role = match topic.note {
        Some(TopicNote::Deleted { .. } | TopicNote::UnderReplicated { .. }) => Role::Warn,
        Some(TopicNote::NoLeader { .. }) => Role::Bad,
        _ => fresh(app, Role::Label),
    };
    // Where there is no column for it, a word that matters takes the place of the plot.
    let is_grave = matches!(note_role, Role::Warn | Role::Bad) || topic.note == Some(TopicNote::Empty);
    cells = match is_grave && !is_wide {
        true => cells.word(note_role, &note, spark.0),
        false => cells.made(sparkline(&past), spark.0),
    };
    cells = cells.number(value, topic.groups.to_string(), 7);
    if is_wide {
        cells = cells.word(note_role, note, width.saturating_sub(name_columns + 86).max(12));
    }
    cells.done()
}

pub(super) fn groups(canvas: &mut Canvas<'_>, layout: &Layout, app: &mut App) {
    let area = layout.groups;
    if area.is_empty() {
        return;
    }
    let texts = app.texts();
    let by = match app.sort {
        Sort::Lag => texts.choose("by lag", "par retard"),
        Sort::Slope => texts.choose("by slope", "par pente"),
        Sort::Name => texts.choose("by name", "par nom"),
    };
    let right = match layout.is_wide {
        true => format!("{by}, {}", texts.choose("s sorts", "s trie")),
        false => by.to_owned(),
    };
    title(canvas, area, texts.choose("Groups", "Groupes"), &right, app, Pane::Groups);
    let (is_wide, width) = (layout.is_wide, usize::from(area.width));
    let widths = GroupWidths::of(width, is_wide);
    let mut names = Cells::default().word(Role::Label, texts.choose("GROUP", "GROUPE"), widths.name).word(
        Role::Label,
        texts.choose("STATE", "ÉTAT"),
        widths.state,
    );
    names = match is_wide {
        true => names.number(Role::Label, texts.choose("MEMBERS", "MEMBRES"), 7).word(
            Role::Label,
            texts.choose("READS", "LIT"),
            widths.reads,
        ),
        false => names.number(Role::Label, "M", 3),
    };
    names = names
        .number(Role::Label, texts.choose("LAG", "RETARD"), 10)
        .word(Role::Label, texts.choose("TREND", "TENDANCE"), 15)
        .number(Role::Label, texts.choose("TO ZERO", "ZÉRO"), 7);
    if is_wide {
        names = names.number(Role::Label, texts.choose("BEHIND", "ÂGE"), 8).word(Role::Label, "15 MIN", LAG_SPARK.0);
    }
    let count = app.groups().len();
    rows(canvas, area, app, Pane::Groups, (names.done(), count), |app, index| {
        let group = *app.groups().get(index)?;
        Some(group_row(app, group, widths, is_wide))
    });
}

/// The columns of the group list that have as much room as there is.
#[derive(Clone, Copy)]
struct GroupWidths {
    name: usize,
    state: usize,
    reads: usize,
}

impl GroupWidths {
    fn of(width: usize, is_wide: bool) -> Self {
        let state = if width < 80 { 9 } else { 18 };
        let more = width.saturating_sub(120) / 3;
        let name = if is_wide { 21 + more } else { width.saturating_sub(42 + state).max(7) };
        Self { name, state, reads: 12 + more }
    }
}

fn group_row(app: &App, group: &GroupFigures, widths: GroupWidths, is_wide: bool) -> Text {
    let texts = app.texts();
    // What is done is quiet.
    let is_quiet = group.lag_without_markers().is_none_or(|lag| lag == 0);
    let value = fresh(app, if is_quiet { Role::Label } else { Role::Value });
    let trend_role = match group.trend {
        Trend::Grows if group.falls_behind => fresh(app, Role::Warn),
        _ => value,
    };
    let members = group.members.as_ref().map_or_else(|| UNKNOWN.to_owned(), |members| members.len().to_string());
    let state_role = if group.is_unread() { fresh(app, Role::Warn) } else { value };
    let mut cells = Cells::default().word(value, &group.group, widths.name).word(
        state_role,
        texts.state(group, app.shown_ms()),
        widths.state,
    );
    let reads = match group.topics.as_slice() {
        [] => UNKNOWN.to_owned(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first} +{}", more.len()),
    };
    cells = match is_wide {
        true => cells.number(value, members, 7).name(value, &reads, widths.reads),
        false => cells.number(value, members, 3),
    };
    cells = cells
        .number(value, texts.count_or_unknown(group.lag), 10)
        .word(trend_role, texts.lag_words(group), 15)
        .number(value, texts.to_zero(group.to_zero), 7);
    if is_wide {
        let past = columns(&group.history, app.shown_ms(), LAG_SPARK.1, LAG_SPARK.0, Stands::Last);
        cells = cells.number(value, texts.behind(group.behind_seconds), 8).made(sparkline(&past), LAG_SPARK.0);
    }
    cells.done()
}
