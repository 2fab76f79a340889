//! Asking after orders that stay silent. Kafka's yes is not the peer's: what was acknowledged may be lost with a disk,
//! a topic or a tail; what both stores agree on is not.

use std::ops::Bound::Unbounded;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::events;
use super::intake::{Origin, TakenUpdate, union};
use super::outgoing::send;
use super::rows::{OPEN, ORDERS, OpenRow, OrderRow, Road, parsed, put, row};
use super::service::{Service, now_ms};
use crate::doors::store::{Reading as _, Side, StoreError};
use crate::doors::web::segment;
use crate::logic::supply::{Doubt, Patience, Watched, doubt};
use crate::words::record::Level;
use crate::words::supply::{Receipt, Update};

/// Between two sweeps, at most.
const EVERY: Duration = Duration::from_secs(30);

/// So many orders are asked after in one.
const MOST_ASKED: usize = 50;

/// So many open orders are looked at in one.
const MOST_SEEN: usize = 2_000_000;

/// An order that stopped in the middle is asked after later than a silent one: so many times as long.
const QUIET_TIMES: i64 = 10;

/// When nobody has answered for so many times the confirmation time, the order is sent again.
const UNANSWERED_TIMES: i64 = 5;

/// What is read of the peer's page of an order.
#[derive(Deserialize)]
struct PeerPage<'a> {
    receipt: Option<Receipt>,
    #[serde(borrow)]
    history: Vec<&'a RawValue>,
}

/// Sweeps until a stop is asked for.
///
/// # Errors
/// [`StoreError`] when the store has ended, or cannot be read.
pub(super) fn run(service: &Arc<Service>) -> Result<(), StoreError> {
    let every = (service.wishes.confirm_timeout / 2).clamp(Duration::from_millis(50), EVERY);
    while !service.shutdown.wait_timeout(every) {
        if service.no_room().is_none() {
            sweep(service)?;
        }
    }
    Ok(())
}

fn sweep(service: &Arc<Service>) -> Result<(), StoreError> {
    let confirm_ms = i64::try_from(service.wishes.confirm_timeout.as_millis()).unwrap_or(i64::MAX);
    let patience = Patience { confirm_ms, quiet_ms: confirm_ms.saturating_mul(QUIET_TIMES) };
    let now = now_ms();
    let mut due: Vec<(i64, String, Doubt)> = Vec::new();
    for (key, value) in service.store.view()?.range(OPEN, (Unbounded, Unbounded), Side::First, MOST_SEEN)? {
        let open: OpenRow = parsed(&value)?;
        let watched = Watched {
            accepted_ms: open.accepted_ms,
            news_ms: open.news_ms,
            has_hole: open.has_hole,
            asked_ms: open.asked_ms,
        };
        if let Some(doubt) = doubt(&watched, now, patience) {
            let since = open.asked_ms.unwrap_or(open.accepted_ms);
            due.push((since, String::from_utf8_lossy(&key).into_owned(), doubt));
        }
    }
    due.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    for (_, number, doubt) in due.into_iter().take(MOST_ASKED) {
        if service.shutdown.is_requested() || !ask(service, &number, doubt, confirm_ms)? {
            // Who is silent to one question is silent to the next.
            return Ok(());
        }
    }
    Ok(())
}

/// Asks after one order; whether anybody answered.
fn ask(service: &Arc<Service>, number: &str, doubt: Doubt, confirm_ms: i64) -> Result<bool, StoreError> {
    // What is in conflict with the order is not asked for: it may be more than an answer can hold.
    let answer = service.peer.get(&format!("/dev-materiels/orders/{}?conflicts=0", segment(number)));
    let now = now_ms();
    let (result, taken) = match answer {
        Ok(answer) if answer.status == 200 => match serde_json::from_slice::<PeerPage<'_>>(&answer.body) {
            Ok(page) => ("found", merge(service, number, &page, now)?),
            Err(error) => {
                service.note(
                    Level::Warn,
                    "sweep",
                    "the peer's page makes no sense",
                    &json!({"error": error.to_string()}),
                );
                asked_in_vain(service, number, now)?;
                ("unreadable", Vec::new())
            }
        },
        Err(error) if error.is_too_long => {
            service.tell(&events::sweep_oversized(number, &error.reason));
            asked_in_vain(service, number, now)?;
            ("oversized", Vec::new())
        }
        Ok(answer) if answer.status == 404 => {
            again(service, number, now)?;
            ("missing", Vec::new())
        }
        Ok(_) | Err(_) => {
            unanswered(service, number, now, confirm_ms)?;
            ("unanswered", Vec::new())
        }
    };
    service.figures.swept.add(&[("result", result)], 1);
    let new = taken.len();
    let more =
        json!({"orderNumber": number, "path": "sweep", "result": result, "new": new, "reason": format!("{doubt:?}")});
    service.note(Level::Info, "sweep", "asked after an order", &more);
    for (taken, message) in taken {
        service.update_taken(&taken, number, &message, Road::Sweep);
    }
    Ok(result != "unanswered")
}

/// Adds what the peer knows to what is known here.
fn merge(
    service: &Arc<Service>,
    number: &str,
    page: &PeerPage<'_>,
    now_ms: i64,
) -> Result<Vec<(TakenUpdate, String)>, StoreError> {
    let texts: Vec<String> = page.history.iter().map(|text| text.get().to_owned()).collect();
    let (receipt, number) = (page.receipt.clone(), number.to_owned());
    service.store.commit(move |change| {
        let mut taken = Vec::new();
        for text in &texts {
            let Ok(update) = Update::read(text.as_bytes()) else { continue };
            if update.order_number == number {
                let origin = Origin { road: Road::Sweep, now_ms, key: None, place: None };
                let one = union(change, &update, text.as_bytes(), origin)?;
                taken.push((one, update.message));
            }
        }
        let key = number.as_bytes();
        if let (Some(receipt), Some(mut order)) = (receipt, row::<OrderRow>(change, ORDERS, key)?)
            && order.receipt.is_none()
            && receipt.order_number == number
        {
            order.receipt = Some(receipt);
            put(change, ORDERS, key, &order)?;
        }
        asked(change, &number, now_ms, None)?;
        taken.retain(|(taken, _)| taken.verdict == super::intake::Verdict::New);
        Ok(taken)
    })
}

/// The peer does not have it: it goes out again.
fn again(service: &Arc<Service>, number: &str, now_ms: i64) -> Result<(), StoreError> {
    let number = number.to_owned();
    service.store.commit(move |change| {
        send(change, &number, None, now_ms)?;
        asked(change, &number, now_ms, None)
    })?;
    service.outbox_grew()
}

/// Nobody answers: after a while it goes out again by Kafka, which the peer may still read.
fn unanswered(service: &Arc<Service>, number: &str, now_ms: i64, confirm_ms: i64) -> Result<(), StoreError> {
    let number = number.to_owned();
    service.store.commit(move |change| {
        let open = row::<OpenRow>(change, OPEN, number.as_bytes())?;
        let since = open.and_then(|open| open.unanswered_since_ms).unwrap_or(now_ms);
        let is_long = now_ms.saturating_sub(since) >= confirm_ms.saturating_mul(UNANSWERED_TIMES);
        if is_long {
            send(change, &number, None, now_ms)?;
        }
        asked(change, &number, now_ms, if is_long { None } else { Some(since) })
    })?;
    service.outbox_grew()
}

/// An answer came, of no use: the order's turn comes again when those of the others have.
fn asked_in_vain(service: &Arc<Service>, number: &str, now_ms: i64) -> Result<(), StoreError> {
    let number = number.to_owned();
    service.store.commit(move |change| asked(change, &number, now_ms, None))
}

fn asked(
    change: &crate::doors::store::Change<'_>,
    number: &str,
    now_ms: i64,
    unanswered_since_ms: Option<i64>,
) -> Result<(), StoreError> {
    let Some(open) = row::<OpenRow>(change, OPEN, number.as_bytes())? else { return Ok(()) };
    put(change, OPEN, number.as_bytes(), &OpenRow { asked_ms: Some(now_ms), unanswered_since_ms, ..open })
}
