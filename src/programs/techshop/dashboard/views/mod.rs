//! The pages: what each shows, in the words of its language.

mod errors;
mod frame;
mod kafka;
mod notifications;
mod order;
mod orders;
mod overview;
mod paging;
mod series;
mod stock;

use serde_json::{Value, json};

use super::state::State;
use crate::doors::web::{Page, Pages, Place, View};
use crate::tools::moment::now_ms;

pub(super) use errors::matching as matching_errors;

/// By minute of the last hour, the orders and within how many milliseconds 99 % were decided.
#[cfg(test)]
pub(super) fn hour_at(figures: &crate::logic::shopfold::Figures, now_ms: i64) -> Vec<(u64, Option<u64>)> {
    let minutes = series::hour(figures, now_ms);
    minutes.iter().map(|minute| (minute.orders(), minute.latency.within(0.99))).collect()
}

/// The templates, and what they are called.
pub(super) static TEMPLATES: &[(&str, &str)] = &[
    ("layout.html", include_str!("../pages/layout.html")),
    ("overview.html", include_str!("../pages/overview.html")),
    ("orders.html", include_str!("../pages/orders.html")),
    ("order.html", include_str!("../pages/order.html")),
    ("order_body.html", include_str!("../pages/order_body.html")),
    ("stock.html", include_str!("../pages/stock.html")),
    ("errors.html", include_str!("../pages/errors.html")),
    ("notifications.html", include_str!("../pages/notifications.html")),
    ("kafka.html", include_str!("../pages/kafka.html")),
    ("group.html", include_str!("../pages/group.html")),
    ("missing.html", include_str!("../pages/missing.html")),
];

/// French for every English text of the templates.
pub(super) static FRENCH: &str = include_str!("../pages/fr.json");

/// Whether a page may look a message up in Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    Memory,
    Kafka,
}

/// What both a page and its frame tell of, as it is when the page is made.
struct Now {
    at_ms: i64,
    kafka: crate::logic::lag::Figures,
    /// All products, the scarcest first.
    levels: Vec<stock::Product>,
}

impl Now {
    fn of(state: &State) -> Self {
        let at_ms = now_ms();
        Self { at_ms, kafka: state.watch().figures(at_ms), levels: stock::levels(state) }
    }
}

impl State {
    fn at(&self, place: &Place, lookup: Lookup) -> Option<Page> {
        let mut view = View::default();
        let now = Now::of(self);
        let (template, page, more) = match place.path.as_str() {
            "/" => {
                overview::fill(self, &now, place.language, &mut view);
                ("overview.html", "overview", json!({}))
            }
            "/orders" => {
                let heads = orders::fill(self, place, &mut view);
                ("orders.html", "orders", json!({"regions_known": orders::regions(self), "heads": heads}))
            }
            "/stock" => {
                stock::fill(self, &now.levels, place.language, &mut view);
                ("stock.html", "stock", json!({"products": stock::products(&now.levels)}))
            }
            "/errors" => {
                let heads = errors::fill(self, place, &mut view);
                let reasons = errors::reasons(place.language);
                (
                    "errors.html",
                    "errors",
                    json!({"products": stock::products(&now.levels), "reasons_known": reasons, "heads": heads}),
                )
            }
            "/notifications" => {
                notifications::fill(self, place.language, &mut view);
                ("notifications.html", "notifications", json!({}))
            }
            "/kafka" => {
                kafka::fill(&now, place.language, &mut view);
                ("kafka.html", "kafka", json!({}))
            }
            path => {
                if let Some(group) = path.strip_prefix("/kafka/groups/") {
                    kafka::fill_group(&now, group, place.language, &mut view)?;
                    ("group.html", "group", json!({}))
                } else if let Some(id) = path.strip_prefix("/orders/") {
                    order::fill(self, id, place.language, lookup, &mut view);
                    ("order.html", "order", json!({}))
                } else {
                    return None;
                }
            }
        };
        frame::fill(self, &now, place.language, &mut view);
        Some(Page { status: 200, template, view, variables: named(page, more) })
    }
}

fn named(page: &str, more: Value) -> Value {
    let mut variables = json!({"page": page, "site": "TechShop"});
    if let (Value::Object(all), Value::Object(more)) = (&mut variables, more) {
        all.extend(more);
    }
    variables
}

impl Pages for State {
    fn page(&self, place: &Place) -> Option<Page> {
        self.at(place, Lookup::Memory)
    }

    fn fresh(&self, place: &Place) -> Option<Page> {
        self.at(place, Lookup::Kafka)
    }

    fn missing(&self, place: &Place) -> Page {
        let mut view = View::default();
        frame::fill(self, &Now::of(self), place.language, &mut view);
        Page { status: 404, template: "missing.html", view, variables: named("missing", json!({})) }
    }
}
