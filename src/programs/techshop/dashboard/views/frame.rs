//! What stands on every page: the verdict, banners, counts beside the names of pages.

use super::super::state::State;
use super::super::words::time;
use super::Now;
use super::stock::{self, Level};
use crate::base::language::Language;
use crate::doors::web::{Piece, Tone, View};
use crate::logic::lag::{Cause, Figures as Kafka, Level as Severity};
use crate::tools::shown::isolated;

/// Nothing was counted for so long: something is wrong, milliseconds.
const STALE_MS: i64 = 15_000;

/// Products that are named before the rest is only counted.
const MOST_NAMED: usize = 3;

/// The group of which `process` publishes how far it is.
const PROCESS: &str = "order-processor";

pub(super) fn fill(state: &State, now: &Now, language: Language, view: &mut View) {
    let Now { at_ms, kafka, levels } = now;
    let scarce: Vec<_> = levels.iter().filter(|level| level.state() != Level::Enough).collect();
    let out = scarce.iter().filter(|level| level.state() == Level::Out).count();
    let figures = state.figures();
    let (orders, refused) = (figures.sales.all.orders, figures.refusals.all);
    drop(figures);
    view.total = orders + refused;
    let stock_tone = if out > 0 { Tone::Bad } else { Tone::Warn };
    if scarce.is_empty() {
        view.text("nav.stock", "");
    } else {
        view.text("nav.stock", Piece::from(language.count(scarce.len() as u64)).tone(stock_tone));
    }
    let errors = if refused == 0 { String::new() } else { language.count(refused) };
    view.text("nav.errors", Piece::from(errors).tone(Tone::Warn));
    view.text("since", time(Some(state.since_ms)));
    view.text("as_of", time(state.counted_ms()));
    let kafka_banner = banner(state, language, kafka, *at_ms);
    let waiting = waiting(state, kafka);
    let (service_banner, service) = service(language, waiting, kafka);
    let verdict = verdict(language, levels, view.total, kafka_banner.is_some());
    // A page may have one of its own.
    view.texts.entry("verdict").or_insert(verdict);
    view.text("verdict.services", service);
    view.text("banner.service", service_banner.map_or_else(Piece::default, |text| Piece::from(text).tone(Tone::Warn)));
    view.text("banner.kafka", kafka_banner.map_or_else(Piece::default, |text| Piece::from(text).tone(Tone::Bad)));
    let summary = match language {
        Language::En => format!("{} orders, {} errors", language.count(view.total), language.count(refused)),
        Language::Fr => format!("{} commandes, {} erreurs", language.count(view.total), language.count(refused)),
    };
    view.text("summary", summary);
}

fn verdict(language: Language, levels: &[stock::Product], total: u64, is_without_kafka: bool) -> Piece {
    let names = |wanted: Level| {
        let all: Vec<&str> =
            levels.iter().filter(|level| level.state() == wanted).map(|level| level.name.as_str()).collect();
        let all: Vec<String> = all.into_iter().map(isolated).collect();
        let more = all.len().saturating_sub(MOST_NAMED);
        let mut text = all.into_iter().take(MOST_NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 {
            text.push_str(&language.choose(format!(" and {more} more"), format!(" et {more} autres")));
        }
        text
    };
    let (out, low) = (names(Level::Out), names(Level::Low));
    let out_words = language.choose("out of stock", "en rupture");
    let low_words = language.choose("low", "bas");
    let text = match (out.is_empty(), low.is_empty()) {
        (false, false) => format!("{out}: {out_words}; {low}: {low_words}"),
        (false, true) => format!("{out}: {out_words}"),
        (true, false) => format!("{low}: {low_words}"),
        (true, true) if total == 0 => {
            return Piece::from(language.choose("No order yet", "Pas encore de commande")).tone(Tone::Muted);
        }
        (true, true) if is_without_kafka => {
            return Piece::from(language.choose("Figures stand still", "Les chiffres sont figés")).tone(Tone::Muted);
        }
        (true, true) => return Piece::from(language.choose("All is well", "Tout va bien")).tone(Tone::Good),
    };
    Piece::from(text).tone(if out.is_empty() { Tone::Warn } else { Tone::Bad }).href("/stock")
}

/// What is wrong with Kafka, when nothing can be read from it.
fn banner(state: &State, language: Language, kafka: &Kafka, now_ms: i64) -> Option<String> {
    let as_of = state.counted_ms();
    let figures_of = |at_ms: i64| time(Some(at_ms)).text;
    match &kafka.verdict.cause {
        Cause::NoKafka { since_ms, .. } => {
            let (since, of) = (figures_of(*since_ms), figures_of(as_of.unwrap_or(*since_ms)));
            Some(language.choose(
                format!("Kafka does not answer since {since} UTC: orders wait there. Figures of {of} UTC."),
                format!("Kafka ne répond pas depuis {since} UTC : les commandes y attendent. Chiffres de {of} UTC."),
            ))
        }
        Cause::Waiting { reason } => {
            let reason = reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            (now_ms - state.since_ms > STALE_MS / 3).then(|| {
                language.choose(
                    format!("No answer from Kafka yet{reason}. Is it up? ./start.sh"),
                    format!("Pas encore de réponse de Kafka{reason}. Tourne-t-il ? ./start.sh"),
                )
            })
        }
        _ => {
            let at = as_of.unwrap_or(state.since_ms);
            (now_ms - at > STALE_MS).then(|| {
                language.choose(
                    format!("Still reading what happened: figures of {} UTC.", figures_of(at)),
                    format!("Lecture en cours : chiffres de {} UTC.", figures_of(at)),
                )
            })
        }
    }
}

/// How many orders wait to be decided, and whether somebody decides them; `None` when it is not known.
fn waiting(state: &State, kafka: &Kafka) -> Option<(i64, bool)> {
    let group = kafka.groups.iter().find(|group| group.group == PROCESS)?;
    let partitions = group.partitions.iter().filter(|partition| partition.topic == state.names.orders);
    let lag: i64 = partitions.filter(|partition| !partition.is_marker).filter_map(|partition| partition.lag).sum();
    Some((lag, lag == 0 || group.read_per_second.is_none_or(|read| read > 0.0)))
}

/// A banner when `process` does not do its work, and what is to be said of waiting orders otherwise.
fn service(language: Language, waiting: Option<(i64, bool)>, kafka: &Kafka) -> (Option<String>, Piece) {
    let Some((orders, is_decided)) = waiting else {
        let lag = kafka.totals.lag.map(|lag| language.signed(lag));
        let text = lag.map(|lag| language.choose(format!("lag {lag}"), format!("retard {lag}"))).unwrap_or_default();
        return (None, Piece::from(text).tone(Tone::Muted));
    };
    let shown = language.signed(orders);
    match (orders, is_decided) {
        (0, true) => {
            let text = language.choose("no order waits", "aucune commande n’attend");
            (None, Piece::from(text).tone(Tone::Good))
        }
        (_, true) => {
            let text = language.choose(format!("{shown} orders wait"), format!("{shown} commandes attendent"));
            let tone = if kafka.verdict.level == Severity::Good { Tone::Good } else { Tone::Warn };
            (None, Piece::from(text).tone(tone))
        }
        (_, false) => {
            let banner = language.choose(
                format!(
                    "process does not run: {shown} orders wait. Start it: ./start.sh techshop, or techshop process"
                ),
                format!(
                    "process ne tourne pas : {shown} commandes attendent. Lancez : ./start.sh techshop, ou techshop process"
                ),
            );
            (Some(banner), Piece::default())
        }
    }
}
