//! What programs read: figures as JSON and for Prometheus, health, lists of errors, the description of it all.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::state::State;
use super::views::matching_errors;
use crate::doors::health::ServiceMeters;
use crate::doors::web::{Answer, Document, Handler, Place};
use crate::logic::shopfold::RecentOrder;
use crate::services::runtime::{self, alive};
use crate::tools::masking::masked;
use crate::tools::moment::now_ms;

/// Names in `top_products`.
const MOST_PRODUCTS: usize = 10;

/// Rows of a list of errors.
const MOST_ERRORS: usize = 20_000;

static OPENAPI: &str = include_str!("openapi.json");

/// What is served beside the pages, by path.
pub(super) struct Served {
    /// How it does: for everybody, at any time.
    pub(super) probes: Vec<(&'static str, Handler)>,
    /// Figures of the shop: at any time.
    pub(super) figures: Vec<(&'static str, Handler)>,
    /// All else.
    pub(super) documents: Vec<(&'static str, Document)>,
}

/// The documents by their paths. `readiness` says why not, when it is not ready.
pub(super) fn all(
    state: &Arc<State>,
    meters: &Arc<ServiceMeters>,
    readiness: impl Fn() -> Option<String> + Send + Sync + 'static,
) -> Served {
    let of = |make: fn(&State, &Place) -> Answer| -> Document {
        let state = Arc::clone(state);
        Arc::new(move |place| make(&state, place))
    };
    let (counted, meters) = (Arc::clone(state), Arc::clone(meters));
    let original = Arc::clone(state);
    let prometheus: Handler = Arc::new(move || {
        let (content_type, mut body) = meters.text();
        insert_before_end(&mut body, &shop_metrics(&counted));
        Answer { status: 200, content_type, body }
    });
    let readiness: Arc<dyn Fn() -> Option<String> + Send + Sync> = Arc::new(readiness);
    let ready = Arc::clone(&readiness);
    let shown = Arc::clone(state);
    let health: Handler = Arc::new(move || {
        let trouble = readiness();
        let body = json!({
            "status": if trouble.is_none() { "ok" } else { "waiting" }, "reason": trouble,
            "since_ms": shown.since_ms, "as_of_ms": shown.counted_ms(),
        });
        json_answer(200, &body)
    });
    let probes: Vec<(&'static str, Handler)> =
        vec![("/health", health), ("/healthz", alive()), ("/readyz", runtime::readiness(move || ready()))];
    let figures: Vec<(&'static str, Handler)> =
        vec![("/metrics", Arc::new(move || metrics(&original))), ("/metrics/prometheus", prometheus)];
    let documents = vec![
        (
            "/openapi.json",
            of(|_, _| Answer { status: 200, content_type: "application/json", body: OPENAPI.to_owned() }),
        ),
        ("/api/kafka", of(kafka)),
        ("/errors.json", of(errors_json)),
        ("/errors.csv", of(errors_csv)),
    ];
    Served { probes, figures, documents }
}

fn plain(status: u16, text: &str) -> Answer {
    Answer { status, content_type: "text/plain; charset=utf-8", body: format!("{text}\n") }
}

fn json_answer(status: u16, value: &Value) -> Answer {
    Answer { status, content_type: "application/json", body: format!("{value}\n") }
}

/// The original's shape.
fn metrics(state: &State) -> Answer {
    let figures = state.figures();
    let sales = &figures.sales;
    let mut regions: Map<String, Value> =
        sales.regions.names().map(|(name, counted)| (name.to_owned(), counted.orders.into())).collect();
    if sales.regions.others().orders > 0 {
        regions.insert("other".to_owned(), sales.regions.others().orders.into());
    }
    let mut products: Vec<(&str, u64)> = sales.products.names().map(|(name, counted)| (name, counted.orders)).collect();
    products.sort_by(|(one, a), (other, b)| b.cmp(a).then(one.cmp(other)));
    let products: Map<String, Value> =
        products.into_iter().take(MOST_PRODUCTS).map(|(name, count)| (name.to_owned(), count.into())).collect();
    let updated_ms = state.counted_ms().unwrap_or(state.since_ms);
    let body = json!({
        "total_orders": sales.all.orders,
        "total_revenue": sales.all.revenue.to_f64(),
        "orders_by_region": regions,
        "top_products": products,
        "error_count": figures.refusals.all,
        "last_update": updated_ms as f64 / 1_000.0,
    });
    json_answer(200, &body)
}

/// The shop's own figures for Prometheus; the service's come from its meters.
fn shop_metrics(state: &State) -> String {
    let figures = state.figures();
    let mut text = String::new();
    let mut counter = |name: &str, help: &str, samples: &[(&str, String)]| {
        text.push_str(&format!("# HELP {name} {help}.\n# TYPE {name} counter\n"));
        for (labels, value) in samples {
            text.push_str(&format!("{name}_total{labels} {value}\n"));
        }
    };
    let number = |number: u64| number.to_string();
    counter(
        "techshop_orders",
        "Orders that were decided",
        &[
            ("{status=\"confirmed\"}", number(figures.sales.all.orders)),
            ("{status=\"out_of_stock\"}", number(figures.refusals.out_of_stock)),
            ("{status=\"invalid\"}", number(figures.refusals.invalid)),
        ],
    );
    counter(
        "techshop_revenue_euros",
        "Revenue of confirmed orders",
        &[("", figures.sales.all.revenue.to_f64().to_string())],
    );
    counter("techshop_letters", "Letters that were done with", &[("", number(figures.sent.all))]);
    text
}

/// OpenMetrics ends with a line of its own.
fn insert_before_end(body: &mut String, more: &str) {
    const END: &str = "# EOF\n";
    let end = if body.ends_with(END) { body.len() - END.len() } else { body.len() };
    body.insert_str(end, more);
}

/// What `techshop kafka-dashboard --once --json` prints.
fn kafka(state: &State, _: &Place) -> Answer {
    match state.watch().report() {
        Some(report) => match serde_json::to_value(&report) {
            Ok(report) => json_answer(200, &report),
            Err(error) => plain(500, &error.to_string()),
        },
        None => plain(503, "no look at Kafka has come back yet; try again in a moment"),
    }
}

fn errors<T>(state: &State, place: &Place, row: impl Fn(&RecentOrder, String) -> T) -> Vec<T> {
    let figures = state.figures();
    let name = |id: &str| state.catalogue.products.get(id).map(|product| product.name.clone());
    let shown = |order: &RecentOrder| if state.is_unmasked { order.email.clone() } else { masked(&order.email) };
    matching_errors(place, figures.recent.iter(), name)
        .take(MOST_ERRORS)
        .map(|order| row(order, shown(order)))
        .collect()
}

fn errors_json(state: &State, place: &Place) -> Answer {
    let rows = errors(state, place, |order, email| {
        json!({
            "decided_ms": order.decided_ms, "order_id": order.order_id, "status": order.status.as_str(),
            "error_reason": order.reason, "product": order.product, "quantity": order.quantity,
            "customer_email": email, "region": order.region, "told": format!("{}/{}", state.names.errors, order.told),
        })
    });
    json_answer(200, &json!({"errors": rows, "as_of_ms": now_ms()}))
}

fn errors_csv(state: &State, place: &Place) -> Answer {
    let mut table = csv::Writer::from_writer(Vec::new());
    let head =
        ["decided_ms", "order_id", "status", "error_reason", "product", "quantity", "customer_email", "region", "told"];
    let rows = errors(state, place, |order, email| {
        [
            order.decided_ms.map(|at| at.to_string()).unwrap_or_default(),
            order.order_id.clone(),
            order.status.as_str().to_owned(),
            order.reason.clone().unwrap_or_default(),
            order.product.clone(),
            order.quantity.to_string(),
            email,
            order.region.clone(),
            format!("{}/{}", state.names.errors, order.told),
        ]
        .map(harmless)
    });
    let written = table.write_record(head).and_then(|()| rows.iter().try_for_each(|row| table.write_record(row)));
    match written
        .map_err(|error| error.to_string())
        .and_then(|()| table.into_inner().map_err(|error| error.to_string()))
    {
        Ok(bytes) => {
            let body = String::from_utf8_lossy(&bytes).into_owned();
            Answer { status: 200, content_type: "text/csv; charset=utf-8", body }
        }
        Err(error) => plain(500, &error),
    }
}

/// A spreadsheet takes such beginnings for a formula, and would carry it out.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

/// How long nothing may be counted before it is not ready, milliseconds.
const STALE_MS: i64 = 30_000;

/// Why the dashboard is not ready, when it has not said so itself (`told`); `None` when it is.
pub(super) fn trouble(state: &State, told: Option<String>) -> Option<String> {
    told.or_else(|| match state.counted_ms() {
        None => Some("still reading what happened".to_owned()),
        Some(at) if now_ms() - at > STALE_MS => Some("figures are behind what happened".to_owned()),
        Some(_) => None,
    })
}
