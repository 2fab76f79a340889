//! One order: what happened to it, when and where.

use super::super::state::{Found, State};
use super::super::words::{exact_time, milliseconds, money, short_id};
use super::Lookup;
use super::orders::{customer, latency, line, status};
use crate::base::language::Language;
use crate::doors::web::{Piece, Row, Tone, View};
use crate::logic::shopfold::{Figures, RecentOrder, SentOne, Spot};
use crate::tools::masking::{without_addresses, without_people, without_value};
use crate::tools::pretty::pretty_up_to;
use crate::tools::shown::isolated;
use crate::words::shop::{Operation, Status};

/// A payload is shown up to so many characters.
const LONGEST_PAYLOAD: usize = 20_000;

/// So many steps of one order are shown.
const MOST_STEPS: usize = 50;

pub(super) fn fill(state: &State, id: &str, language: Language, lookup: Lookup, view: &mut View) {
    let figures = state.figures();
    let told = id.strip_prefix('@').and_then(|spot| spot.parse::<Spot>().ok());
    let is_asked = |order: &&RecentOrder| match told {
        Some(spot) => order.told == spot && order.status != Status::Confirmed,
        None => order.order_id == id,
    };
    let outcomes: Vec<RecentOrder> = figures.recent.iter().filter(is_asked).take(MOST_STEPS).cloned().collect();
    // The one that counts: a number may have been used again, which is told as invalid.
    let first = outcomes.iter().find(|order| order.status != Status::Invalid).or(outcomes.first()).cloned();
    view.text("order.id", id);
    let Some(order) = first else {
        let most = language.count(20_000);
        view.text(
            "order.missing",
            language.choose(
                format!("No such order among the last {most}. The audit trail has all of them: audit show"),
                format!("Pas de telle commande parmi les {most} dernières. La piste d’audit les a toutes : audit show"),
            ),
        );
        view.text("order.payload", "");
        view.table("timeline", []);
        view.table("headers", []);
        return;
    };
    let steps = timeline(state, language, &figures, &outcomes, id);
    drop(figures);
    view.text("order.status", status(language, order.status));
    view.text("order.customer", whose(state, &order));
    let total = order.total.map(|total| format!(" · {}", money(language, total))).unwrap_or_default();
    view.text("order.line", format!("{}{total}", line(&order)));
    let took = latency(language, &order);
    view.text(
        "order.latency",
        language.choose(format!("validation {took} of 100 ms"), format!("validation {took} sur 100 ms")),
    );
    view.table("timeline", steps);
    let topic = state.topic_of(&order);
    let found = match lookup {
        Lookup::Memory => state.remembered(topic, order.told),
        Lookup::Kafka => state.look_up(topic, order.told),
    };
    message(state, language, &order, found, view);
}

fn whose(state: &State, order: &RecentOrder) -> String {
    let mut parts = vec![customer(state, order)];
    if order.is_vip {
        parts.push("VIP".to_owned());
    }
    if !order.region.is_empty() {
        parts.push(isolated(&order.region));
    }
    parts.join(" · ")
}

/// A step: when, what, where.
struct Step {
    at_ms: Option<i64>,
    name: Piece,
    what: String,
    place: String,
}

fn timeline(state: &State, language: Language, figures: &Figures, outcomes: &[RecentOrder], id: &str) -> Vec<Row> {
    let mut steps = Vec::new();
    for order in outcomes {
        steps.extend(decided(state, language, figures, order));
    }
    let sent = figures.sent.recent().filter(|sent| !id.is_empty() && sent.order_id == id);
    steps.extend(sent.take(MOST_STEPS).map(|sent| handed_over(state, language, sent)));
    // Steps of one moment stay in the order in which one leads to the other.
    steps.sort_by_key(|step| step.at_ms.unwrap_or(i64::MAX));
    let began = steps.first().and_then(|step| step.at_ms);
    let row = |(index, step): (usize, Step)| {
        let after = match (began, step.at_ms) {
            (Some(began), Some(at)) => format!("+{}", milliseconds(language, at.saturating_sub(began))),
            _ => String::new(),
        };
        Row::new(
            index.to_string(),
            [exact_time(step.at_ms), after.into(), step.name, step.what.into(), step.place.into()],
        )
    };
    steps.into_iter().enumerate().map(row).collect()
}

fn decided(state: &State, language: Language, figures: &Figures, order: &RecentOrder) -> Vec<Step> {
    let place = |topic: &str, Spot(partition, offset): Spot| format!("{topic}/{partition}@{offset}");
    let mut steps = Vec::new();
    if let Some(source) = order.source {
        steps.push(Step {
            at_ms: order.ordered_ms,
            name: Piece::from(language.choose("ordered", "commandée")).tone(Tone::Muted),
            what: language.choose("pending", "en attente").to_owned(),
            place: place(&state.names.orders, source),
        });
    }
    steps.push(Step {
        at_ms: order.decided_ms,
        name: status(language, order.status),
        what: order
            .reason
            .clone()
            .unwrap_or_else(|| format!("{}, {}", isolated(&order.region), isolated(&order.product))),
        place: place(state.topic_of(order), order.told),
    });
    let is_of_order = |change: &&crate::logic::shopfold::Move| {
        change.operation == Operation::Sale && change.source.is_some() && change.source == order.source
    };
    if order.status == Status::Confirmed
        && let Some(change) = figures.moves.recent().rev().find(is_of_order)
    {
        let (old, new) = (change.old_stock, change.new_stock);
        steps.push(Step {
            at_ms: change.at_ms,
            name: Piece::from("stock").tone(Tone::Good),
            what: format!("{}{} {old} → {new}", isolated(&order.product), language.choose(":", "\u{a0}:")),
            place: place(&state.names.inventory, change.told),
        });
    }
    steps
}

fn handed_over(state: &State, language: Language, sent: &SentOne) -> Step {
    let channel = match sent.channel.as_str() {
        "email" => "e-mail",
        "sms" => "SMS",
        other => other,
    };
    Step {
        at_ms: sent.at_ms,
        name: Piece::from(channel).tone(super::notifications::tone(&sent.result)),
        what: format!("{}, {}", super::notifications::kind(language, &sent.kind), isolated(&short_id(&sent.reference))),
        place: format!("{}/{}", state.names.notification_results, sent.told),
    }
}

/// The outcome itself, as Kafka has it.
fn message(state: &State, language: Language, order: &RecentOrder, found: Option<Found>, view: &mut View) {
    let Some(found) = found else {
        view.text(
            "order.payload",
            language.choose("Not loaded: Kafka did not answer.", "Non chargé : Kafka n’a pas répondu."),
        );
        view.table("headers", []);
        return;
    };
    let text = String::from_utf8_lossy(&found.payload);
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    let hidden = without_people(&text).filter(|_| !state.is_unmasked);
    let mut text = if is_json {
        pretty_up_to(hidden.as_deref().unwrap_or(&text), 0, 4 * LONGEST_PAYLOAD + 1)
    } else {
        text.into_owned()
    };
    if !state.is_unmasked {
        text = without_addresses(&without_value(&text, &order.customer_id));
    }
    let shown: String = text.chars().take(LONGEST_PAYLOAD).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    view.text("order.payload", format!("{shown}{more}"));
    let headers = found.headers.iter().enumerate();
    view.table(
        "headers",
        headers
            .map(|(index, (name, value))| Row::new(index.to_string(), [name.as_str().into(), value.as_str().into()])),
    );
}
