//! Orders that were not confirmed, and why.

use serde_json::{Value, json};

use super::super::state::State;
use super::super::words::{or_unknown, short_id, time};
use super::orders::{customer, key, line, page_of, part, status};
use super::paging::{Column, Paging};
use crate::base::language::Language;
use crate::doors::web::{Piece, Place, Row, Tone, View, search};
use crate::logic::shopfold::RecentOrder;
use crate::words::shop::Status;

/// What a query calls the columns.
const COLUMNS: &[Column] =
    &[("time", false), ("order", true), ("product", true), ("reason", true), ("customer", true), ("state", true)];

/// Reasons that are shown.
const MOST_REASONS: usize = 12;

/// The last errors that match, newest first.
pub(in crate::programs::techshop::dashboard) fn matching<'a>(
    place: &'a Place,
    orders: impl DoubleEndedIterator<Item = &'a RecentOrder> + 'a,
    product_name: impl Fn(&str) -> Option<String> + 'a,
) -> impl Iterator<Item = &'a RecentOrder> + 'a {
    let product = place.asks("product").map(|id| product_name(id).unwrap_or_else(|| id.to_owned()));
    let reason = place.asks("reason");
    orders.rev().filter(move |order| {
        order.status != Status::Confirmed
            && product.as_ref().is_none_or(|product| *product == order.product)
            && reason.is_none_or(|reason| reason == order.status.as_str() || order.reason.as_deref() == Some(reason))
    })
}

/// Reasons for a filter: the two kinds.
pub(super) fn reasons(language: Language) -> Vec<Value> {
    let kinds = [Status::OutOfStock, Status::Invalid];
    kinds.map(|kind| json!({"id": kind.as_str(), "name": status(language, kind).text})).into()
}

/// Fills the page, and gives the links of its heads.
pub(super) fn fill(state: &State, place: &Place, view: &mut View) -> Value {
    let language = place.language;
    let figures = state.figures();
    let name = |id: &str| state.catalogue.products.get(id).map(|product| product.name.clone());
    let found: Vec<&RecentOrder> = matching(place, figures.recent.iter(), name).collect();
    let wanting = found.iter().filter(|order| order.status == Status::OutOfStock).count();
    let paging = Paging::of(place, COLUMNS);
    let (shown, which) = part(state, &paging, found);
    paging.tell(&which, language, view);
    let (found, wanting) = (language.count(which.count as u64), language.count(wanting as u64));
    view.text(
        "errors.found",
        language.choose(
            format!("{found} among the last orders, {wanting} for want of stock"),
            format!("{found} parmi les dernières commandes, dont {wanting} par rupture"),
        ),
    );
    let row = |order: &RecentOrder| {
        let id = Piece::from(short_id(&order.order_id)).title(order.order_id.clone());
        let reason = or_unknown(order.reason.as_deref().unwrap_or_default());
        let cells = [
            time(order.decided_ms),
            id,
            line(order).into(),
            reason.into(),
            customer(state, order).into(),
            status(language, order.status),
        ];
        Row::new(key(order), cells).href(page_of(order))
    };
    view.table("errors", shown.into_iter().map(row));
    let refusals = &figures.refusals;
    let all = refusals.all.max(1) as f64;
    let reason = |(reason, count): (&str, u64)| {
        let bar = Piece::default().bar(count as f64 / all).tone(Tone::Warn);
        Row::new(reason, [Piece::from(or_unknown(reason)).title(reason), bar, language.count(count).into()])
    };
    let kinds = [
        ("out_of_stock", language.choose("Out of stock", "En rupture"), refusals.out_of_stock, Tone::Bad),
        ("invalid", language.choose("Invalid", "Invalides"), refusals.invalid, Tone::Warn),
    ];
    let kind = |(id, name, count, tone): (&str, &str, u64, Tone)| {
        let bar = Piece::default().bar(count as f64 / all).tone(tone);
        let row = Row::new(format!("={id}"), [name.into(), bar, language.count(count).into()]);
        row.href(format!("/errors{}", search([("reason", id)])))
    };
    let mut rows: Vec<Row> = kinds.into_iter().filter(|(_, _, count, _)| *count > 0).map(kind).collect();
    rows.extend(refusals.reasons.ranked().into_iter().take(MOST_REASONS).map(reason));
    view.table("reasons", rows);
    paging.heads()
}
