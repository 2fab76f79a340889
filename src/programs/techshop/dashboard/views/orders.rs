//! The last orders, as many as match.

use serde_json::Value;

use super::super::state::State;
use super::super::words::{UNKNOWN, milliseconds, money, or_unknown, short_id, time};
use super::paging::{Column, Key, Paging, Part};
use crate::base::language::Language;
use crate::doors::web::{Piece, Place, Row, Tone, View, segment};
use crate::logic::shopfold::RecentOrder;
use crate::tools::masking::masked;
use crate::tools::shown::isolated;
use crate::words::shop::Status;

/// What a query calls the columns.
const COLUMNS: &[Column] = &[
    ("time", false),
    ("order", true),
    ("product", true),
    ("total", false),
    ("state", true),
    ("validation", false),
    ("customer", true),
    ("region", true),
];

/// What an order has in a column: what is shown, so that nothing else can be found out.
fn sorted_by<'a>(state: &State, column: &str, order: &'a RecentOrder) -> Key<'a> {
    let text = |text: &'a str| Key::Text(text.into());
    match column {
        "order" => text(&order.order_id),
        "product" => text(&order.product),
        "total" => Key::Number(order.total.map(|total| total.cents())),
        "state" => text(order.status.as_str()),
        "validation" => {
            let took = order.ordered_ms.zip(order.decided_ms).map(|(ordered, decided)| decided.saturating_sub(ordered));
            Key::Number(took.map(i128::from))
        }
        "customer" => Key::Text(customer(state, order).into()),
        "region" => text(&order.region),
        "reason" => text(order.reason.as_deref().unwrap_or_default()),
        _ => Key::Number(None),
    }
}

/// The rows of one part of a list, in the order that is asked for.
pub(super) fn part<'a>(state: &State, paging: &Paging<'_>, all: Vec<&'a RecentOrder>) -> (Vec<&'a RecentOrder>, Part) {
    paging.rows(all, |column, order| sorted_by(state, column, order))
}

/// Fills the page, and gives the links of its heads.
pub(super) fn fill(state: &State, place: &Place, view: &mut View) -> Value {
    let language = place.language;
    let figures = state.figures();
    let wanted = Wanted::of(place);
    let paging = Paging::of(place, COLUMNS);
    let found = figures.recent.iter().rev().filter(|order| wanted.matches(state, order)).collect();
    let (shown, which) = part(state, &paging, found);
    let all = language.count(figures.recent.iter().len() as u64);
    let found = language.count(which.count as u64);
    paging.tell(&which, language, view);
    view.text(
        "orders.found",
        language.choose(format!("{found} of the last {all}"), format!("{found} des {all} dernières")),
    );
    view.table("orders", shown.into_iter().map(|order| row(state, language, order)));
    paging.heads()
}

/// The regions that orders came from, for a filter.
pub(super) fn regions(state: &State) -> Vec<String> {
    let figures = state.figures();
    figures.sales.regions.ranked().into_iter().take(100).map(|(name, _)| name.to_owned()).collect()
}

/// What a query asks for.
struct Wanted<'a> {
    text: Option<String>,
    status: Option<&'a str>,
    region: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            text: place.asks("q").map(str::to_lowercase),
            status: place.asks("status"),
            region: place.asks("region"),
        }
    }

    fn matches(&self, state: &State, order: &RecentOrder) -> bool {
        let has = |text: &str| self.text.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted));
        // What is not shown must not be found either: guessing would show it.
        let is_found = has(&order.order_id) || has(&order.product) || has(&customer(state, order));
        is_found
            && self.status.is_none_or(|status| status == order.status.as_str())
            && self.region.is_none_or(|region| region == order.region)
    }
}

/// Where an order has its page: by its number, else by the place of its outcome.
pub(super) fn page_of(order: &RecentOrder) -> String {
    if order.order_id.is_empty() {
        format!("/orders/@{}", order.told)
    } else {
        format!("/orders/{}", segment(&order.order_id))
    }
}

/// What became of it, in a word.
pub(super) fn status(language: Language, status: Status) -> Piece {
    match status {
        Status::Confirmed => Piece::from(language.choose("confirmed", "confirmée")).tone(Tone::Good),
        Status::OutOfStock => Piece::from(language.choose("out of stock", "rupture")).tone(Tone::Bad),
        Status::Invalid => Piece::from(language.choose("invalid", "invalide")).tone(Tone::Warn),
    }
}

/// `iPhone 15 × 2`.
pub(super) fn line(order: &RecentOrder) -> String {
    if order.product.is_empty() {
        UNKNOWN.to_owned()
    } else {
        format!("{} × {}", isolated(&order.product), order.quantity)
    }
}

/// How long its decision took.
pub(super) fn latency(language: Language, order: &RecentOrder) -> String {
    match (order.ordered_ms, order.decided_ms) {
        (Some(ordered), Some(decided)) => milliseconds(language, decided.saturating_sub(ordered).max(0)),
        _ => UNKNOWN.to_owned(),
    }
}

/// Tells an outcome from any other.
pub(super) fn key(order: &RecentOrder) -> String {
    let topic = if order.status == Status::Confirmed { "a" } else { "e" };
    format!("{topic}{}", order.told)
}

/// When, which, what, how much, what became of it, how fast.
pub(super) fn short_row(language: Language, order: &RecentOrder) -> Row {
    let id = Piece::from(short_id(&order.order_id)).title(order.order_id.clone());
    let total = order.total.map_or_else(|| UNKNOWN.to_owned(), |total| money(language, total));
    let cells = [
        time(order.decided_ms),
        id,
        Piece::from(line(order)),
        total.into(),
        status(language, order.status),
        latency(language, order).into(),
    ];
    Row::new(key(order), cells).href(page_of(order))
}

/// Whose it is, as far as that is shown.
pub(super) fn customer(state: &State, order: &RecentOrder) -> String {
    let address = if order.email.is_empty() { &order.customer_id } else { &order.email };
    let shown = if state.is_unmasked { address.clone() } else { masked(address) };
    or_unknown(&shown).to_owned()
}

fn row(state: &State, language: Language, order: &RecentOrder) -> Row {
    let mut row = short_row(language, order);
    row.cells.push(customer(state, order).into());
    row.cells.push(or_unknown(&order.region).into());
    row
}
