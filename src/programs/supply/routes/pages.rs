//! What became of orders.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::role::Role;
use super::super::rows::{ARRIVALS, Delivery, ORDERS, OrderRow, UpdateRow, key_number, number_key, row, updates};
use super::super::service::Service;
use super::kept::{Part, conflicts, conflicts_asked};
use super::{problem, told, unkept};
use crate::doors::store::{Reading, Side, StoreError, View};
use crate::doors::web::{Asked, Told};
use crate::logic::supply::{History, history};
use crate::words::supply::time_text;

/// So many orders are looked at for one list.
const MOST_SEEN: usize = 100_000;

/// So many are looked at together.
const AT_ONCE: usize = 1_000;

/// So many are listed at most, and unless the caller says.
const MOST_LISTED: usize = 1_000;
const LISTED: usize = 50;

/// `GET …/orders`: newest first.
pub(super) fn list(service: &Arc<Service>, asked: &Asked) -> Told {
    let limit = asked.place.asks("limit").map_or(Some(LISTED), |text| text.parse().ok());
    let Some(limit) = limit.filter(|limit| (1..=MOST_LISTED).contains(limit)) else {
        return problem(422, "limit must be a number from 1 to 1000");
    };
    let status = asked.place.asks("status");
    if status.is_some_and(|status| !["NEW", "PROCESSING", "SHIPPED"].contains(&status)) {
        return problem(422, "status must be NEW, PROCESSING or SHIPPED");
    }
    let listed = service.store.view().and_then(|view| listed(&view, asked.place.asks("after"), status, limit));
    match listed {
        Ok(Some(body)) => told(200, &body),
        Ok(None) => problem(404, "after names no order that is here"),
        Err(error) => unkept(&error),
    }
}

fn listed(view: &View, after: Option<&str>, status: Option<&str>, limit: usize) -> Result<Option<Value>, StoreError> {
    let mut before = match after {
        None => u64::MAX,
        Some(number) => match row::<OrderRow>(view, ORDERS, number.as_bytes())? {
            Some(order) => order.arrival,
            None => return Ok(None),
        },
    };
    let (mut orders, mut seen) = (Vec::new(), 0);
    'looking: while seen < MOST_SEEN {
        let rows = view.range(ARRIVALS, (Unbounded, Excluded(&number_key(before))), Side::Last, AT_ONCE)?;
        if rows.is_empty() {
            break;
        }
        for (key, number) in rows {
            (before, seen) = (key_number(&key), seen + 1);
            let number = String::from_utf8_lossy(&number).into_owned();
            let Some(order) = row::<OrderRow>(view, ORDERS, number.as_bytes())? else { continue };
            let page = history(updates(view, &number)?.iter().map(UpdateRow::entry));
            if status.is_none_or(|status| page.status.text() == status) {
                orders.push(summary(&number, &order, &page));
                if orders.len() == limit {
                    break 'looking;
                }
            }
        }
    }
    let count = orders.len();
    Ok(Some(json!({"orders": orders, "count": count, "limit": limit, "total": view.count(ORDERS)?})))
}

fn summary(number: &str, order: &OrderRow, page: &History) -> Value {
    json!({
        "orderNumber": number, "status": page.status.text(), "acceptedAt": time_text(order.accepted_ms),
        "shippedAt": page.shipped_at_ms.map(time_text), "updates": page.entries.len(),
        "confirmationId": order.receipt.as_ref().map(|receipt| &receipt.confirmation_id),
        "path": order.first.text(), "inKafka": order.delivery.kafka.is_some(),
    })
}

/// `GET …/orders/{number}`: all that is known of one.
pub(super) fn page(service: &Arc<Service>, asked: &Asked) -> Told {
    let number = asked.parts.get("number").map(String::as_str).unwrap_or_default();
    let range = match conflicts_asked(asked) {
        Ok(range) => range,
        Err(problem) => return problem,
    };
    let found = service.store.view().and_then(|view| {
        let path = asked.place.path.as_str();
        let conflicts = conflicts(&view, number, path, range)?;
        whole(&view, number, service.role, conflicts)
    });
    match found {
        Ok(Some(body)) => told(200, &body),
        Ok(None) => problem(404, "there is no such order here"),
        Err(error) => unkept(&error),
    }
}

fn delivery(delivery: &Delivery) -> Value {
    let kafka = delivery.kafka.map(|(partition, offset)| json!({"partition": partition, "offset": offset}));
    json!({
        "kafka": kafka, "http": delivery.http, "attempts": delivery.attempts, "lastError": delivery.last_error,
    })
}

fn whole(view: &View, number: &str, role: Role, conflicts: Part) -> Result<Option<Value>, StoreError> {
    let Some(order) = row::<OrderRow>(view, ORDERS, number.as_bytes())? else { return Ok(None) };
    let updates = updates(view, number)?;
    let page = history(updates.iter().map(UpdateRow::entry));
    let mut entries: Vec<Value> = Vec::new();
    if role == Role::WagonLits {
        entries.push(json!({
            "orderNumber": number, "timestamp": time_text(order.accepted_ms), "status": "NEW",
            "updateMessage": "Commande créée", "path": order.first.text(),
        }));
    }
    for (update, (_, mark)) in updates.iter().zip(&page.entries) {
        let mut entry = json!({
            "orderNumber": number, "timestamp": time_text(update.timestamp_ms), "status": update.status.text(),
            "updateMessage": update.message, "id": update.id, "path": update.first.text(), "copies": update.copies,
            "mark": mark.map(crate::logic::supply::Mark::text),
        });
        if let Some(seq) = update.seq {
            entry["seq"] = seq.into();
        }
        if role == Role::DevMateriels {
            entry["delivery"] = delivery(&update.delivery);
        }
        entries.push(entry);
    }
    Ok(Some(json!({
        "orderNumber": number, "status": page.status.text(), "shippedAt": page.shipped_at_ms.map(time_text),
        "hasHole": page.has_hole, "order": serde_json::from_str::<Value>(&order.body).unwrap_or_default(),
        "fingerprint": order.fingerprint, "acceptedAt": time_text(order.accepted_ms), "path": order.first.text(),
        "copies": order.copies, "receipt": order.receipt, "history": entries, "delivery": delivery(&order.delivery),
        "conflicts": conflicts.shown, "conflictsNext": conflicts.next,
    })))
}
