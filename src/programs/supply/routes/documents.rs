//! What a service tells of itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::role::Role;
use super::super::service::{Service, now_ms};
use super::{all, problem_with, text, told};
use crate::doors::web::{Asked, Method, Told};
use crate::logic::supply::BreakerState;
use crate::words::supply::{ORDER_SCHEMA, UPDATE_SCHEMA, time_text};

/// A writer that is not seen for so long is stuck.
const STUCK: Duration = Duration::from_secs(10);

pub(super) fn welcome(service: &Arc<Service>, _asked: &Asked) -> Told {
    text(
        200,
        match service.role {
            Role::WagonLits => "Bienvenue chez Wagon-Lits",
            Role::DevMateriels => "Bienvenue chez Dev-Materiels",
        },
    )
}

pub(super) fn status(service: &Arc<Service>, _asked: &Asked) -> Told {
    let name = if service.role == Role::WagonLits { "Wagon-Lits" } else { "Dev-Materiels" };
    let timestamp = time_text(now_ms());
    told(
        200,
        &json!({"status": "active", "timestamp": timestamp, "service": name, "version": env!("CARGO_PKG_VERSION")}),
    )
}

pub(super) fn healthz(service: &Arc<Service>, _asked: &Asked) -> Told {
    let silent = service.store.silent_for();
    if silent < STUCK {
        text(200, "alive")
    } else {
        text(503, &format!("the store's writer is silent for {} s", silent.as_secs()))
    }
}

/// Ready is who can accept: Kafka and the peer may be away, which is what the store is for.
pub(super) fn readyz(service: &Arc<Service>, _asked: &Asked) -> Told {
    let roads = &service.roads;
    let breaker = match service.breaker() {
        BreakerState::Closed => "closed",
        BreakerState::HalfOpen => "half open",
        BreakerState::Open => "open",
    };
    let known = json!({
        "kafka": {
            "sending": roads.is_connected.load(Ordering::Acquire), "reading": roads.is_reading.load(Ordering::Acquire),
            "silent": roads.is_kafka_silent.load(Ordering::Acquire),
        },
        "peer": {"url": service.peer.base(), "breaker": breaker},
        "outbox": {"rows": roads.waiting.load(Ordering::Relaxed), "oldestSeconds": service.oldest_waiting_ms() / 1_000},
    });
    let trouble = if service.shutdown.is_requested() { Some("stopping".to_owned()) } else { service.is_full() };
    match trouble.or_else(|| service.store.failure()) {
        None => {
            let mut body = json!({"ready": true});
            if let (Value::Object(body), Value::Object(known)) = (&mut body, known) {
                body.extend(known);
            }
            told(200, &body)
        }
        Some(reason) => {
            let known = if let Value::Object(known) = known { known } else { Map::new() };
            problem_with(503, &reason, known)
        }
    }
}

pub(super) fn metrics(service: &Arc<Service>, _asked: &Asked) -> Told {
    let (content_type, body) = service.figures.meters.text();
    Told { status: 200, content_type, body, headers: Vec::new() }
}

pub(super) fn order_schema(_service: &Arc<Service>, _asked: &Asked) -> Told {
    schema(ORDER_SCHEMA)
}

pub(super) fn update_schema(_service: &Arc<Service>, _asked: &Asked) -> Told {
    schema(UPDATE_SCHEMA)
}

fn schema(text: &str) -> Told {
    Told { status: 200, content_type: "application/schema+json", body: text.to_owned(), headers: Vec::new() }
}

pub(super) fn openapi(service: &Arc<Service>, _asked: &Asked) -> Told {
    told(200, &description(service.role))
}

/// What each path is for.
const WHAT: [(&str, &str); 19] = [
    ("commands/trigger", "Order something now; waits up to ?wait=2s for the confirmation. 200 receipt, 202 queued"),
    ("commands/webhook", "An update of an order. 201 taken, 200 known, 202 the order is not there yet"),
    ("commands", "An update of an order. 201 taken, 200 known, 202 the order is not there yet"),
    ("orders/status", "That the service is there"),
    (
        "orders/{number}",
        "All that is known of an order: its history, by which roads it came, where it went, and what is in conflict with \
         it (?conflicts=N, ?conflictsAfter=ID; conflictsNext says where the rest is)",
    ),
    (
        "orders",
        "GET: the orders, newest first (?status, ?limit, ?after). POST: an order. 201/200 receipt, 409 conflict",
    ),
    ("webhooks/subscribe", "{client, callbackUrl}: is told of every update from now on. 201 new, 200 known"),
    ("webhooks/subscribers/{id}", "It is told no more"),
    ("webhooks/subscribers", "Who is told of updates, and how much waits for each"),
    ("dead-letters/{id}/redeliver", "Tells it again, behind all that waits"),
    ("dead-letters", "What subscribers were not told of, newest first (?limit, ?before)"),
    ("quarantine/{id}/retry", "Take it once more"),
    ("quarantine/{id}/discard", "Forget it"),
    ("quarantine/{id}", "One thing that could not be taken, whole"),
    ("quarantine", "What could not be taken, newest first (?limit, ?before; next says where the rest is)"),
    ("logs/{id}", "One line of the daily logs"),
    ("logs", "The daily logs, newest first: ?level ?context ?limit=100 ?skip ?startDate ?endDate"),
    ("readyz", "Whether orders are accepted, and how the roads are"),
    ("metrics", "Figures for Prometheus"),
];

/// A method, as OpenAPI has it.
pub(super) fn method_text(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Delete => "delete",
    }
}

/// The routes of a service, as OpenAPI has it.
pub(super) fn description(role: Role) -> Value {
    let mut paths = Map::new();
    for (method, path, _) in all(role) {
        let what = WHAT.iter().find(|(end, _)| path.ends_with(end)).map_or("About the service", |(_, what)| *what);
        let named: Vec<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = named
            .iter()
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        let mut operation = json!({
            "summary": what, "parameters": parameters.collect::<Vec<_>>(),
            "responses": {
                "default": {"description": "as summary says; a refusal is application/problem+json"}
            },
        });
        let is_order = path.ends_with("/orders");
        if method == Method::Post && (is_order || path.contains("/commands")) {
            let schema = if is_order { "/schemas/order.json" } else { "/schemas/update.json" };
            operation["requestBody"] = json!({"content": {"application/json": {"schema": {"$ref": schema}}}});
        }
        let method = method_text(method);
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[method] = operation;
    }
    let title = format!("ordertrail supply {}", role.name());
    json!({"openapi": "3.1.0", "info": {"title": title, "version": env!("CARGO_PKG_VERSION")}, "paths": paths})
}
