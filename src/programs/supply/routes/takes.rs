//! What is taken by HTTP: orders, updates, and decisions about what could not be taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::intake::{Origin, TakenOrder, TakenUpdate, Verdict, received_order, received_update};
use super::super::kept::discard;
use super::super::role::Role;
use super::super::rows::{ORDERS, OrderRow, Road, row};
use super::super::service::{Service, now_ms};
use super::super::timer::{random_order, take_own};
use super::kept::named;
use super::{problem, problem_with, told, unkept};
use crate::doors::web::{Asked, Told};
use crate::tools::config::duration;
use crate::tools::dice::Dice;
use crate::tools::failpoint::failpoint;
use crate::words::supply::{Receipt, Refusal, SupplyOrder, Update, time_text};

/// How long the answer to an order is waited for, unless the caller says.
const WAIT: Duration = Duration::from_secs(2);

/// The longest that it is.
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// So many callers may wait for a receipt at a time.
const MOST_WAITERS: usize = 32;

/// A look at whether it is there.
const LOOK: Duration = Duration::from_millis(20);

/// The longest key of a caller, in bytes.
const LONGEST_KEY: usize = 200;

/// A caller's key, from its header.
fn key(asked: &Asked, scope: &str) -> Result<Option<String>, Told> {
    match asked.headers.get("idempotency-key") {
        None => Ok(None),
        Some(key) if (1..=LONGEST_KEY).contains(&key.len()) => Ok(Some(format!("{scope} {key}"))),
        Some(_) => Err(problem(422, "Idempotency-Key must have 1 to 200 characters")),
    }
}

fn refused(refusal: &Refusal) -> Told {
    match refusal {
        Refusal::NotJson(_) => problem(400, &refusal.to_string()),
        Refusal::Wrong(faults) => {
            let faults = faults.iter().map(|fault| json!({"path": fault.path, "reason": fault.reason}));
            let errors = Value::Array(faults.collect());
            problem_with(422, &refusal.to_string(), Map::from_iter([("errors".to_owned(), errors)]))
        }
    }
}

fn conflict(known: &str, given: &str) -> Told {
    let more = [("known".to_owned(), json!(known)), ("given".to_owned(), json!(given))];
    problem_with(409, "an order with this number and other content is there", Map::from_iter(more))
}

fn replayed(mut told: Told) -> Told {
    told.headers.push(("idempotent-replayed", "true".to_owned()));
    told
}

/// `GET /wagon-list/commands/trigger`: an order now.
pub(super) fn trigger(service: &Arc<Service>, asked: &Asked) -> Told {
    let key = match key(asked, "trigger") {
        Ok(key) => key,
        Err(told) => return told,
    };
    // With a key the same order must come of it: it is drawn from the key.
    let seed = key.as_ref().map(|key| {
        key.bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    });
    let order = random_order(&mut Dice::new(seed));
    own(service, asked, order, key)
}

/// `POST /wagon-list/orders`: somebody's own order.
pub(super) fn own_order(service: &Arc<Service>, asked: &Asked) -> Told {
    let key = match key(asked, "orders") {
        Ok(key) => key,
        Err(told) => return told,
    };
    match SupplyOrder::read_own(&asked.body, "", 0) {
        Ok(order) => own(service, asked, order, key),
        Err(refusal) => refused(&refusal),
    }
}

fn own(service: &Arc<Service>, asked: &Asked, order: SupplyOrder, key: Option<String>) -> Told {
    if let Some(reason) = service.is_full() {
        return problem(503, &reason);
    }
    let wait = asked.place.asks("wait").and_then(|text| duration(text).ok()).unwrap_or(WAIT).min(LONGEST_WAIT);
    let waiter = if wait.is_zero() { None } else { Waiter::begin(&service.waiters) };
    if waiter.is_none() && !wait.is_zero() {
        let reason = format!("{MOST_WAITERS} callers wait for receipts already; with ?wait=0s none is waited for");
        return problem(503, &reason);
    }
    let taken = match take_own(service, order, asked.body.clone(), key) {
        Ok(taken) => taken,
        Err(error) => return unkept(&error),
    };
    match &taken.verdict {
        Verdict::Conflict { known, given } => conflict(known, given),
        Verdict::KeyReused => problem(422, "this Idempotency-Key stands for another body"),
        Verdict::New => confirmed(service, wait, &taken),
        _ => replayed(confirmed(service, wait, &taken)),
    }
}

/// A caller who waits for a receipt, and holds up a thread meanwhile.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    /// None while there are enough of them: the other service, and whoever waits for nothing, must be answered.
    fn begin(waiters: &'a AtomicUsize) -> Option<Self> {
        let more = |count| (count < MOST_WAITERS).then_some(count + 1);
        waiters.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| Self(waiters))
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Waits a little for the receipt: whoever asks likes to see it.
fn confirmed(service: &Arc<Service>, wait: Duration, taken: &TakenOrder) -> Told {
    let number = taken.order_number.as_str();
    let began = Instant::now();
    let mut receipt = taken.receipt.clone();
    while receipt.is_none() && began.elapsed() < wait && !service.shutdown.wait_timeout(LOOK) {
        let view = service.store.view();
        let order = view.and_then(|view| row::<OrderRow>(&view, ORDERS, number.as_bytes()));
        receipt = order.ok().flatten().and_then(|order| order.receipt);
    }
    let mut answer = match receipt {
        Some(receipt) => told(200, &json!(receipt)),
        None => told(202, &json!({"orderNumber": number, "status": "NEW", "queued": true})),
    };
    answer.headers.push(("location", format!("/wagon-list/orders/{number}")));
    answer
}

/// `POST /dev-materiels/orders`: an order of somebody else.
pub(super) fn order(service: &Arc<Service>, asked: &Asked) -> Told {
    let key = match key(asked, "orders") {
        Ok(key) => key,
        Err(told) => return told,
    };
    if let Err(refusal) = SupplyOrder::read(&asked.body) {
        service.figures.rejected.add(&[("reason", "invalid")], 1);
        return refused(&refusal);
    }
    let (bytes, step_ms, now_ms) = (asked.body.clone(), service.interval_ms(), now_ms());
    if let Some(reason) = service.no_room() {
        return problem(503, &reason);
    }
    let taken = service.store.commit_soon(move |change| {
        let origin = Origin { road: Road::Http, now_ms, key: key.as_deref(), place: None };
        let taken = received_order(change, &bytes, step_ms, origin)?;
        failpoint("accepted-not-committed");
        Ok(taken)
    });
    failpoint("committed-not-answered");
    let taken = match taken.and_then(|taken| service.outbox_grew().map(|()| taken)) {
        Ok(taken) => taken,
        Err(error) => return unkept(&error),
    };
    service.order_taken(&taken, Road::Http);
    match (&taken.verdict, &taken.receipt) {
        (Verdict::New, Some(receipt)) => told(201, &json!(receipt)),
        (Verdict::Known, Some(receipt)) => replayed(told(200, &json!(receipt))),
        (Verdict::Conflict { known, given }, _) => conflict(known, given),
        (Verdict::KeyReused, _) => problem(422, "this Idempotency-Key stands for another order"),
        (verdict, _) => problem(422, &format!("{verdict:?}")),
    }
}

/// `POST /wagon-list/commands` and `…/webhook`: an update, or a receipt.
pub(super) fn update(service: &Arc<Service>, asked: &Asked) -> Told {
    let update = match Update::read(&asked.body) {
        Ok(update) => update,
        Err(refusal) => {
            // The original answers an order with a receipt, which is its first update in another shape.
            let receipt: Option<Receipt> = serde_json::from_slice(&asked.body).ok();
            match receipt.and_then(|receipt| Update::read(receipt.update()?.json().as_bytes()).ok()) {
                Some(update) => update,
                None => {
                    service.figures.rejected.add(&[("reason", "invalid")], 1);
                    return refused(&refusal);
                }
            }
        }
    };
    let bytes = if Update::read(&asked.body).is_ok() { asked.body.clone() } else { update.json().into_bytes() };
    if let Some(reason) = service.no_room() {
        return problem(503, &reason);
    }
    let now_ms = now_ms();
    let taken = service.store.commit_soon(move |change| {
        received_update(change, &bytes, Origin { road: Road::Http, now_ms, key: None, place: None })
    });
    match taken {
        Ok(taken) => {
            service.update_taken(&taken, &update.order_number, &update.message, Road::Http);
            received(&taken, now_ms)
        }
        Err(error) => unkept(&error),
    }
}

fn received(taken: &TakenUpdate, now_ms: i64) -> Told {
    let timestamp = time_text(now_ms);
    let status = taken.status.text();
    let body = |received: bool, message: &str| json!({"received": received, "timestamp": timestamp, "message": message, "status": status});
    match &taken.verdict {
        Verdict::New => told(201, &body(true, "update taken")),
        Verdict::Known => replayed(told(200, &body(true, "update known"))),
        Verdict::UnknownOrder => told(202, &body(false, "there is no such order; kept, and taken if the order comes")),
        verdict => problem(422, &format!("{verdict:?}")),
    }
}

/// `POST …/quarantine/{id}/retry`: takes it once more.
pub(super) fn retry(service: &Arc<Service>, asked: &Asked) -> Told {
    let (id, found) = match named(service, asked) {
        Ok(Some(found)) => found,
        Ok(None) => return problem(404, "nothing is kept under this id"),
        Err(error) => return unkept(&error),
    };
    let bytes = STANDARD.decode(&found.body_b64).unwrap_or_default();
    let (role, step_ms, now_ms) = (service.role, service.interval_ms(), now_ms());
    let verdict = service.store.commit_soon(move |change| {
        discard(change, id, &found)?;
        let origin = Origin { road: found.road, now_ms, key: None, place: found.place.as_deref() };
        Ok(match role {
            Role::WagonLits if matches!(found.why.as_str(), "conflict" | "key_reused") => {
                match SupplyOrder::read_own(&bytes, "", 0) {
                    Ok(order) => super::super::intake::own_order(change, order, &bytes, origin)?.verdict,
                    Err(refusal) => Verdict::Invalid(refusal.to_string()),
                }
            }
            Role::WagonLits => received_update(change, &bytes, origin)?.verdict,
            Role::DevMateriels => received_order(change, &bytes, step_ms, origin)?.verdict,
        })
    });
    match verdict.and_then(|verdict| service.outbox_grew().map(|()| verdict)) {
        Ok(Verdict::New | Verdict::Known) => told(200, &json!({"taken": true})),
        Ok(verdict) => problem(422, &format!("it is kept again: {verdict:?}")),
        Err(error) => unkept(&error),
    }
}

/// `POST …/quarantine/{id}/discard`: forgets it.
pub(super) fn discard_one(service: &Arc<Service>, asked: &Asked) -> Told {
    let (id, found) = match named(service, asked) {
        Ok(Some(found)) => found,
        Ok(None) => return problem(404, "nothing is kept under this id"),
        Err(error) => return unkept(&error),
    };
    match service.store.commit_soon(move |change| discard(change, id, &found)) {
        Ok(()) => told(200, &json!({"discarded": id})),
        Err(error) => unkept(&error),
    }
}
