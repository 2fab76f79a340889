//! One summary: for pipes, for scripts, and for who only wants to know.

use std::time::{Duration, Instant};

use super::KafkaDashboardArgs;
use super::look::{Looker, Seen};
use super::spoken::spoken;
use super::texts::{Texts, to_zero_seconds};
use crate::doors::kafka::{ConnectError, Role};
use crate::logic::lag::{Figures, GroupFigures, ROUNDS_OF_A_TREND, Watch};
use crate::programs::techshop::{Shop, TechshopError};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::tools::shown;

/// Groups with less lag are only counted.
const LITTLE_LAG: i64 = 100;

/// How often a summary asks whether a stop was requested while it waits for a look.
const SLICE: Duration = Duration::from_millis(100);

/// Looks as often as a trend needs, and prints what it saw last.
///
/// # Errors
/// [`TechshopError`].
pub(super) fn run(shop: &Shop<'_>, args: &KafkaDashboardArgs) -> Result<Exit, TechshopError> {
    drop(shop.context.connect_once(&[Role::Admin])?);
    let looker = Looker::start(&shop.context.settings, args.every_once(), shop.context.shutdown)?;
    let mut watch = Watch::new();
    let mut looks = 0;
    let mut at_ms = 0;
    let mut failing_since: Option<Instant> = None;
    while looks < ROUNDS_OF_A_TREND {
        if shop.context.shutdown.is_requested() {
            return Ok(Exit::Done);
        }
        match looker.next(SLICE) {
            None => {}
            Some((Seen::Refused(error), _)) => return Err(error),
            Some((Seen::Round(round), now_ms)) => {
                watch.observe(*round, now_ms);
                (looks, at_ms, failing_since) = (looks + 1, now_ms, None);
            }
            Some((Seen::Nothing(reason), _)) => {
                let since = *failing_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= shop.context.common.connect_timeout {
                    let brokers = shop.context.settings.brokers.clone();
                    return Err(ConnectError::NoBroker { brokers, reason }.into());
                }
            }
        }
    }
    if args.is_json() {
        let report = watch.report();
        let text = serde_json::to_string(&report)
            .map_err(|error| TechshopError::Failed { reason: format!("the summary cannot be written: {error}") })?;
        print(&format!("{text}\n"))?;
        return Ok(Exit::Done);
    }
    print(&summary(&watch.figures(at_ms), args.is_all(), Texts::of(args.language()), at_ms))?;
    Ok(Exit::Done)
}

/// The summary as lines. Its columns are the same in every language, for scripts.
pub(super) fn summary(figures: &Figures, is_all: bool, texts: Texts, now_ms: i64) -> String {
    let told = spoken(figures, texts, now_ms);
    let mut text = format!("{}: {}\n", told.word, told.reason);
    let names = figures.groups.iter().map(|group| shown::width(&shown::safe(&group.group)));
    let columns = names.max().unwrap_or(0).max(20);
    text += &format!(
        "{:<columns$}  {:<18} {:>7} {:>11} {:>11} {:>10}\n",
        "GROUP", "STATE", "MEMBERS", "LAG", "PER_SECOND", "TO_ZERO_S"
    );
    let is_shown =
        |group: &&GroupFigures| is_all || group.lag.is_some_and(|lag| lag >= LITTLE_LAG) || group.is_unread();
    for group in figures.groups.iter().filter(is_shown) {
        text += &line(group, columns);
    }
    let left_out = figures.groups.iter().filter(|group| !is_shown(group)).count();
    if left_out > 0 {
        text += &texts.left_out(left_out, figures.groups.len(), LITTLE_LAG);
    }
    if is_all {
        text += &topics(figures);
    }
    for silence in &figures.silences {
        text += &format!("{}\n", shown::safe(&texts.silence(silence)));
    }
    text += texts.choose(
        "lag = end − committed, as kafka-consumer-groups prints it; \"-\" = unknown\n",
        "lag = end − committed, comme l’écrit kafka-consumer-groups ; « - » = inconnu\n",
    );
    text
}

fn line(group: &GroupFigures, columns: usize) -> String {
    let name = shown::safe(&group.group);
    let missing = " ".repeat(columns.saturating_sub(shown::width(&name)));
    let unknown = || "-".to_owned();
    let members = group.members.as_ref().map_or_else(unknown, |members| members.len().to_string());
    let lag = group.lag.map_or_else(unknown, |lag| lag.to_string());
    let per_second = group.slope.map_or_else(unknown, |slope| format!("{slope:.1}"));
    let to_zero = to_zero_seconds(group.to_zero).map_or_else(unknown, |seconds| format!("{seconds:.0}"));
    let state = group.state.clone().unwrap_or_else(unknown);
    format!("{name}{missing}  {state:<18} {members:>7} {lag:>11} {per_second:>11} {to_zero:>10}\n")
}

fn topics(figures: &Figures) -> String {
    let names = figures.topics.iter().map(|topic| shown::width(&shown::safe(&topic.name)));
    let columns = names.max().unwrap_or(0).max(20);
    let mut text = format!(
        "{:<columns$}  {:>10} {:>8} {:>12} {:>11}\n",
        "TOPIC", "PARTITIONS", "IN_SYNC", "MESSAGES", "PER_SECOND"
    );
    for topic in &figures.topics {
        let name = shown::safe(&topic.name);
        let missing = " ".repeat(columns.saturating_sub(shown::width(&name)));
        let messages = topic.messages.map_or_else(|| "-".to_owned(), |messages| messages.to_string());
        let rate = topic.in_per_second.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}"));
        let in_sync = format!("{}/{}", topic.in_sync, topic.replication_factor);
        text += &format!("{name}{missing}  {:>10} {in_sync:>8} {messages:>12} {rate:>11}\n", topic.partitions);
    }
    text
}
