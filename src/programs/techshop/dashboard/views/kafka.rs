//! What Kafka says of itself: the same figures as `kafka-dashboard` has.

use super::super::super::kafka_dashboard::spoken::spoken;
use super::super::super::kafka_dashboard::texts::Texts;
use super::super::words::time;
use super::Now;
use crate::base::language::Language;
use crate::doors::web::{Piece, Plot, Row, Tone, View, segment};
use crate::logic::lag::{Cause, Figures, GroupFigures, Level, Role, TopicFigures, Trend};

/// Rows of each table.
const MOST_ROWS: usize = 300;

/// Topics of a group that are named before the rest is only counted.
const MOST_NAMED: usize = 5;

/// Points of the plot of a group's lag.
const POINTS: usize = 60;

/// Between two points of a group's history, seconds.
const STEP_S: i64 = 15;

pub(super) fn fill(now: &Now, language: Language, view: &mut View) {
    let (now_ms, figures) = (now.at_ms, &now.kafka);
    let texts = Texts::of(language);
    let said = spoken(figures, texts, now_ms);
    view.text("kafka.head", head(language, texts, figures));
    let sentence = [said.word, said.reason.as_str(), said.advice.as_str()];
    let sentence: Vec<&str> = sentence.into_iter().filter(|part| !part.is_empty()).collect();
    view.text("verdict", Piece::from(sentence.join(" · ")).tone(tone(figures.verdict.level)));
    view.table(
        "brokers",
        figures.brokers.iter().take(MOST_ROWS).map(|broker| {
            let host = match (&broker.host, broker.port) {
                (Some(host), Some(port)) => format!("{host}:{port}"),
                _ => "–".to_owned(),
            };
            let role = match (broker.down_since_ms, broker.role) {
                (Some(_), _) => Piece::from(language.choose("down", "arrêté")).tone(Tone::Bad),
                (None, Role::Controller) => Piece::from(language.choose("controller", "contrôleur")).tone(Tone::Good),
                (None, Role::Broker) => Piece::from("broker").tone(Tone::Good),
            };
            let number = |number: usize| Piece::from(texts.count(number as i64));
            Row::new(
                broker.id.to_string(),
                [
                    broker.id.to_string().into(),
                    host.into(),
                    role,
                    number(broker.leads),
                    number(broker.replicas),
                    number(broker.in_sync),
                ],
            )
        }),
    );
    let topics = figures.topics.iter().filter(|topic| !topic.is_internal);
    view.table("topics", topics.take(MOST_ROWS).map(|topic| topic_row(texts, topic, now_ms)));
    view.table("groups", figures.groups.iter().take(MOST_ROWS).map(|group| group_row(texts, group, now_ms)));
}

fn head(language: Language, texts: Texts, figures: &Figures) -> String {
    let up = figures.brokers.iter().filter(|broker| broker.down_since_ms.is_none()).count();
    let topics = figures.topics.iter().filter(|topic| !topic.is_internal).count();
    let rate = figures.totals.messages_per_second.map_or_else(|| "–".to_owned(), |rate| texts.rate(rate));
    let lag = texts.count_or_unknown(figures.totals.lag);
    let cluster = figures.cluster_id.as_deref().unwrap_or("–");
    let (brokers, groups) = (figures.brokers.len(), figures.groups.len());
    language.choose(
        format!("cluster {cluster} · {up} of {brokers} brokers · {topics} topics · {groups} groups · {rate} msg/s · lag {lag}"),
        format!("cluster {cluster} · {up} brokers sur {brokers} · {topics} topics · {groups} groupes · {rate} msg/s · retard {lag}"),
    )
}

fn tone(level: Level) -> Tone {
    match level {
        Level::Pending => Tone::Muted,
        Level::Good => Tone::Good,
        Level::Warn => Tone::Warn,
        Level::Bad => Tone::Bad,
    }
}

fn known(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().map(|value| value.unwrap_or_default()).collect()
}

fn topic_row(texts: Texts, topic: &TopicFigures, now_ms: i64) -> Row {
    let number = |number: usize| Piece::from(texts.count(number as i64));
    let messages = texts.count_or_unknown(topic.messages);
    let messages = if topic.is_at_most { format!("≤\u{a0}{messages}") } else { messages };
    let is_whole = topic.in_sync >= topic.replication_factor;
    let in_sync = number(topic.in_sync).tone(if is_whole { Tone::Good } else { Tone::Warn });
    let cells = [
        Piece::from(topic.name.as_str()),
        number(topic.partitions),
        number(topic.replication_factor),
        in_sync,
        texts.count_or_unknown(topic.first).into(),
        texts.count_or_unknown(topic.end).into(),
        messages.into(),
        topic.in_per_second.map_or_else(|| "–".to_owned(), |rate| texts.rate(rate)).into(),
        Piece::default().spark(&known(&topic.history)),
        number(topic.groups),
        texts.note(topic, now_ms).into(),
    ];
    Row::new(topic.name.as_str(), cells)
}

fn trend(texts: Texts, trend: Trend, slope: Option<f64>) -> Piece {
    let tone = match trend {
        Trend::Grows => Tone::Warn,
        Trend::Falls => Tone::Good,
        Trend::Unknown | Trend::Steady => Tone::Muted,
    };
    Piece::from(texts.trend(trend, slope)).tone(tone)
}

fn group_row(texts: Texts, group: &GroupFigures, now_ms: i64) -> Row {
    let members = group.members.as_ref().map(|members| members.len() as i64);
    let mut topics: Vec<String> = group.topics.iter().take(MOST_NAMED).cloned().collect();
    if group.topics.len() > MOST_NAMED {
        topics.push(format!("+{}", group.topics.len() - MOST_NAMED));
    }
    let state = Piece::from(texts.state(group, now_ms));
    let cells = [
        Piece::from(group.group.as_str()),
        state.tone(if group.falls_behind { Tone::Warn } else { Tone::Good }),
        texts.count_or_unknown(members).into(),
        Piece::from(topics.join(", ")),
        texts.count_or_unknown(group.lag).into(),
        trend(texts, group.trend, group.slope),
        texts.to_zero(group.to_zero).into(),
        Piece::default().spark(&known(&group.history)),
    ];
    Row::new(group.group.as_str(), cells).href(format!("/kafka/groups/{}", segment(&group.group)))
}

/// One group; `None` when there is none of that name.
pub(super) fn fill_group(now: &Now, name: &str, language: Language, view: &mut View) -> Option<()> {
    let (now_ms, figures) = (now.at_ms, &now.kafka);
    let texts = Texts::of(language);
    view.text("group.name", name);
    let Some(group) = figures.groups.iter().find(|group| group.group == name) else {
        // Before anything was heard of Kafka nobody can say that there is none.
        return matches!(figures.verdict.cause, Cause::Waiting { .. }).then_some(());
    };
    let tone = if group.falls_behind { Tone::Warn } else { Tone::Good };
    view.text("group.state", Piece::from(texts.state(group, now_ms)).tone(tone));
    view.text("group.why", texts.why(group));
    let lag = texts.count_or_unknown(group.lag);
    view.text("plot.lag.caption", language.choose(format!("now {lag}"), format!("{lag} maintenant")));
    let history = &group.history;
    let shown = history.get(history.len().saturating_sub(POINTS)..).unwrap_or_default();
    let last = now_ms.div_euclid(1_000 * STEP_S) * STEP_S;
    let first = last - (shown.len() as i64 - 1) * STEP_S;
    let x: Vec<i64> = (0..shown.len() as i64).map(|index| first + index * STEP_S).collect();
    view.table(
        "plot.lag",
        x.iter().zip(shown).rev().map(|(x, value)| {
            let value = value.map_or_else(|| "–".to_owned(), |value| texts.count(value.round() as i64));
            Row::new(x.to_string(), [time(Some(x * 1_000)), value.into()])
        }),
    );
    view.plots.insert("lag", Plot { x, y: vec![shown.to_vec()], limit: None, range: None });
    let members = group.members.as_deref().unwrap_or_default();
    view.table(
        "group_partitions",
        group.partitions.iter().take(MOST_ROWS).map(|partition| {
            let member = partition.member.and_then(|index| members.get(index));
            let cells = [
                format!("{}/{}", partition.topic, partition.partition).into(),
                texts.count_or_unknown(partition.committed).into(),
                texts.count_or_unknown(partition.end).into(),
                texts.count_or_unknown(partition.lag).into(),
                trend(texts, partition.trend, partition.slope),
                texts.to_zero(partition.to_zero).into(),
                member.map_or("–", |member| member.id.as_str()).into(),
                member.map_or("–", |member| member.host.as_str()).into(),
            ];
            Row::new(format!("{}/{}", partition.topic, partition.partition), cells)
        }),
    );
    Some(())
}
