//! What is made here and goes out: updates, step by step, and the rows of the outbox.

use uuid::Uuid;

use super::rows::{
    Delivery, ORDERS, OUTBOX, OrderRow, OutboxRow, Road, STEPS, UPDATES, UpdateRow, due_key, next_number, number_key,
    parsed, put, row, update_key, updates,
};
use super::subscribers::note;
use crate::doors::store::{Change, Reading, Side, StoreError};
use crate::words::supply::{Status, Update};

/// What an order in delivery goes through.
const STEP_MESSAGES: [&str; 5] = [
    "Matériaux en préparation",
    "Contrôle qualité en cours",
    "Emballage des matériaux",
    "Expédition planifiée",
    "Expédié",
];

/// Puts an update of our own into the set, into the outbox, and into the backlog of each subscriber.
///
/// # Errors
/// [`StoreError`].
pub(super) fn emit(change: &Change<'_>, update: &Update, body: String, now_ms: i64) -> Result<(), StoreError> {
    let key = update_key(&update.order_number, update.timestamp_ms, update.id());
    put(change, UPDATES, &key, &UpdateRow::new(update, body, Road::Own))?;
    note(change, &update.order_number, (update.timestamp_ms, update.id()), now_ms)?;
    send(change, &update.order_number, Some((update.timestamp_ms, update.id())), now_ms)
}

/// A new row of the outbox.
///
/// # Errors
/// [`StoreError`].
pub(super) fn send(
    change: &Change<'_>,
    order_number: &str,
    update: Option<(i64, Uuid)>,
    now_ms: i64,
) -> Result<(), StoreError> {
    let seq = next_number(change, "outbox", 1)?;
    let order_number = order_number.to_owned();
    let row = OutboxRow { order_number, update, accepted_ms: now_ms, http: None, is_refused_by_kafka: false };
    put(change, OUTBOX, &number_key(seq), &row)
}

/// Moves the orders whose next step is due, longest waiting first, at most `limit`; says which went how far.
///
/// # Errors
/// [`StoreError`].
pub(super) fn advance(
    change: &Change<'_>,
    now_ms: i64,
    step_ms: i64,
    limit: usize,
) -> Result<Vec<(String, Status, &'static str)>, StoreError> {
    use std::ops::Bound::{Excluded, Unbounded};
    let end = due_key(now_ms.saturating_add(1), "");
    let mut moved = Vec::new();
    for (key, value) in change.range(STEPS, (Unbounded, Excluded(&end)), Side::First, limit)? {
        change.remove(STEPS, &key)?;
        let number = String::from_utf8_lossy(key.get(8..).unwrap_or_default()).into_owned();
        let step: usize = parsed(&value)?;
        let Some(message) = STEP_MESSAGES.get(step) else { continue };
        let last = updates(change, &number)?.last().map_or(i64::MIN, |update| update.timestamp_ms);
        let is_last = step + 1 == STEP_MESSAGES.len();
        let update = Update {
            order_number: number.clone(),
            // A clock that stands or goes back must not swap two steps.
            timestamp_ms: now_ms.max(last.saturating_add(1)),
            status: if is_last { Status::Shipped } else { Status::Processing },
            message: (*message).to_owned(),
            // The receipt was the first.
            seq: Some(step as u64 + 2),
        };
        emit(change, &update, update.json(), now_ms)?;
        if is_last {
            if let Some(mut order) = row::<OrderRow>(change, ORDERS, number.as_bytes())? {
                order.is_closed = true;
                put(change, ORDERS, number.as_bytes(), &order)?;
            }
        } else {
            put(change, STEPS, &due_key(now_ms.saturating_add(step_ms), &number), &(step + 1))?;
        }
        moved.push((number, update.status, *message));
    }
    Ok(moved)
}

/// Whether a step is due.
///
/// # Errors
/// [`StoreError`].
pub(super) fn is_due(from: &impl Reading, now_ms: i64) -> Result<bool, StoreError> {
    use std::ops::Bound::{Excluded, Unbounded};
    let end = due_key(now_ms.saturating_add(1), "");
    Ok(!from.range(STEPS, (Unbounded, Excluded(&end)), Side::First, 1)?.is_empty())
}

/// What a row sends, as it is.
///
/// # Errors
/// [`StoreError`].
pub(super) fn body(from: &impl Reading, outgoing: &OutboxRow) -> Result<Option<String>, StoreError> {
    let number = &outgoing.order_number;
    Ok(match outgoing.update {
        None => row::<OrderRow>(from, ORDERS, number.as_bytes())?.map(|order| order.body),
        Some((timestamp_ms, id)) => {
            row::<UpdateRow>(from, UPDATES, &update_key(number, timestamp_ms, id))?.map(|update| update.body)
        }
    })
}

/// Notes where a thing went, beside the thing.
fn delivered(change: &Change<'_>, outgoing: &OutboxRow, note: impl FnOnce(&mut Delivery)) -> Result<(), StoreError> {
    let number = outgoing.order_number.as_bytes();
    match outgoing.update {
        None => {
            if let Some(mut order) = row::<OrderRow>(change, ORDERS, number)? {
                note(&mut order.delivery);
                put(change, ORDERS, number, &order)?;
            }
        }
        Some((timestamp_ms, id)) => {
            let key = update_key(&outgoing.order_number, timestamp_ms, id);
            if let Some(mut update) = row::<UpdateRow>(change, UPDATES, &key)? {
                note(&mut update.delivery);
                put(change, UPDATES, &key, &update)?;
            }
        }
    }
    Ok(())
}

/// Kafka has acknowledged a row, which is done with it.
///
/// # Errors
/// [`StoreError`].
pub(super) fn acknowledged(change: &Change<'_>, seq: u64, place: (i32, i64)) -> Result<Option<i64>, StoreError> {
    let Some(outgoing) = row::<OutboxRow>(change, OUTBOX, &number_key(seq))? else { return Ok(None) };
    change.remove(OUTBOX, &number_key(seq))?;
    delivered(change, &outgoing, |delivery| delivery.kafka = Some(place))?;
    Ok(Some(outgoing.accepted_ms))
}

/// Kafka will never take a row: only the peer can.
///
/// # Errors
/// [`StoreError`].
pub(super) fn refused_by_kafka(change: &Change<'_>, seq: u64, reason: &str) -> Result<(), StoreError> {
    let Some(mut outgoing) = row::<OutboxRow>(change, OUTBOX, &number_key(seq))? else { return Ok(()) };
    outgoing.is_refused_by_kafka = true;
    delivered(change, &outgoing, |delivery| delivery.last_error = Some(format!("Kafka: {reason}")))?;
    if outgoing.http.is_some() {
        return change.remove(OUTBOX, &number_key(seq)).map(drop);
    }
    put(change, OUTBOX, &number_key(seq), &outgoing)
}

/// The peer was called: it answered with a status, or not.
///
/// # Errors
/// [`StoreError`].
pub(super) fn called(
    change: &Change<'_>,
    seq: u64,
    outgoing: &OutboxRow,
    answer: Result<u16, String>,
) -> Result<(), StoreError> {
    delivered(change, outgoing, |delivery| {
        delivery.attempts += 1;
        match &answer {
            Ok(status) => {
                delivery.http = Some(*status);
                delivery.last_error = (!(200..300).contains(status)).then(|| format!("the peer answered {status}"));
            }
            Err(reason) => delivery.last_error = Some(reason.clone()),
        }
    })?;
    let (Ok(status), Some(mut waiting)) = (answer, row::<OutboxRow>(change, OUTBOX, &number_key(seq))?) else {
        return Ok(());
    };
    if waiting.is_refused_by_kafka {
        return change.remove(OUTBOX, &number_key(seq)).map(drop);
    }
    waiting.http = Some(status);
    put(change, OUTBOX, &number_key(seq), &waiting)
}
