//! What is taken, inside one change of the store. A thing that is received is a member of a set: whatever comes
//! again, by whatever road, changes nothing but a count.

use std::cmp::Reverse;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use uuid::Uuid;

use super::kept::{discard, quarantine};
use super::outgoing::{emit, send};
use super::rows::{
    ARRIVALS, Copies, Delivery, KEYS, KeyRow, META, OPEN, ORDERS, OpenRow, OrderRow, QUARANTINE, QUARANTINE_BY_ORDER,
    QuarantineRow, Road, STEPS, UPDATES, UpdateRow, due_key, key_number, next_number, number_key, of_order, put, row,
    update_key, updates,
};
use crate::doors::store::{Change, Reading as _, StoreError};
use crate::logic::supply::{confirmation_id, history, order_number};
use crate::words::supply::{Receipt, Status, SupplyOrder, Update, time_text};

/// So many updates are taken of one order, and one more when it says that the order is further than they do. Ours have
/// six. Each that comes is seen together with all before it, so that more would make every other order wait.
pub(super) const MOST_TAKEN: usize = 256;

const DAY_MS: i64 = 86_400_000;

/// What became of something that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It took effect now.
    New,
    /// It was there.
    Known,
    /// Its number is another order's.
    Conflict { known: String, given: String },
    /// Its key stands for something else.
    KeyReused,
    /// An update of an order that is not there: kept, and taken when the order comes.
    UnknownOrder,
    /// It is not what it should be: kept for a look.
    Invalid(String),
}

/// What became of an order.
#[derive(Clone, Debug)]
pub(super) struct TakenOrder {
    pub(super) verdict: Verdict,
    pub(super) order_number: String,
    pub(super) receipt: Option<Receipt>,
}

/// What became of an update.
#[derive(Clone, Debug)]
pub(super) struct TakenUpdate {
    pub(super) verdict: Verdict,
    pub(super) status: Status,
    /// The order was further already.
    pub(super) is_late: bool,
    /// The first word that came back, so long after the order.
    pub(super) confirmed_after_ms: Option<i64>,
}

/// Who made something, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) road: Road,
    pub(super) now_ms: i64,
    /// A caller's key, or a foreign id.
    pub(super) key: Option<&'a str>,
    /// Partition and offset.
    pub(super) place: Option<&'a str>,
}

/// The number that all of a store's numbers are shuffled with.
///
/// # Errors
/// [`StoreError`].
fn salt(change: &Change<'_>) -> Result<u64, StoreError> {
    if let Some(salt) = row(change, META, b"salt")? {
        return Ok(salt);
    }
    let salt = Uuid::new_v4().as_u64_pair().0;
    put(change, META, b"salt", &salt)?;
    Ok(salt)
}

/// An order of our own, or of somebody who leaves it to us; it gets a number when it has none. `bytes` are those that it
/// was read from, which are kept when it is not taken.
///
/// # Errors
/// [`StoreError`].
pub(super) fn own_order(
    change: &Change<'_>,
    mut order: SupplyOrder,
    bytes: &[u8],
    origin: Origin<'_>,
) -> Result<TakenOrder, StoreError> {
    let content = order.fingerprint();
    if let Some(key) = origin.key
        && let Some(known) = row::<KeyRow>(change, KEYS, key.as_bytes())?
    {
        let mut verdict = Verdict::Known;
        if known.fingerprint != content {
            verdict = Verdict::KeyReused;
            quarantine(change, "key_reused", "its key stands for another order", None, bytes, origin)?;
        }
        let receipt = row::<OrderRow>(change, ORDERS, known.order_number.as_bytes())?.and_then(|row| row.receipt);
        return Ok(TakenOrder { verdict, order_number: known.order_number, receipt });
    }
    while order.number.is_empty() {
        let number = order_number(next_number(change, "orders", 0)?, salt(change)?);
        // Somebody may have handed in an order under a number that is to come.
        if change.get(ORDERS, number.as_bytes())?.is_none() {
            order.number = number;
        }
    }
    let known = row::<OrderRow>(change, ORDERS, order.number.as_bytes())?;
    if order.date_ms == 0 {
        // Sent again without a date it is the same order.
        let before = known.as_ref().and_then(|known| SupplyOrder::read(known.body.as_bytes()).ok());
        order.date_ms = before.map_or(origin.now_ms, |before| before.date_ms);
    }
    let fingerprint = order.fingerprint();
    if let Some(other) = known.as_ref().filter(|known| known.fingerprint != fingerprint) {
        let detail = format!("another order has this number: {} is known, {fingerprint} came", other.fingerprint);
        quarantine(change, "conflict", &detail, Some(&order.number), bytes, origin)?;
        let verdict = Verdict::Conflict { known: other.fingerprint.clone(), given: fingerprint };
        return Ok(TakenOrder { verdict, order_number: order.number, receipt: None });
    }
    // Only now: the key of something that was refused must not stand for another order.
    if let Some(key) = origin.key {
        put(change, KEYS, key.as_bytes(), &KeyRow { fingerprint: content, order_number: order.number.clone() })?;
    }
    if let Some(known) = known {
        return Ok(TakenOrder { verdict: Verdict::Known, order_number: order.number, receipt: known.receipt });
    }
    insert_order(change, &order, order.json(), fingerprint, None, origin)?;
    let open = OpenRow {
        accepted_ms: origin.now_ms,
        news_ms: None,
        has_hole: false,
        asked_ms: None,
        unanswered_since_ms: None,
    };
    put(change, OPEN, order.number.as_bytes(), &open)?;
    send(change, &order.number, None, origin.now_ms)?;
    early_updates(change, &order.number, origin.now_ms)?;
    Ok(TakenOrder { verdict: Verdict::New, order_number: order.number, receipt: None })
}

/// An order that somebody else has made: its receipt is made with it, and the first update goes out.
///
/// # Errors
/// [`StoreError`].
pub(super) fn received_order(
    change: &Change<'_>,
    bytes: &[u8],
    step_ms: i64,
    origin: Origin<'_>,
) -> Result<TakenOrder, StoreError> {
    let taken =
        |verdict, order_number: &str, receipt| TakenOrder { verdict, order_number: order_number.to_owned(), receipt };
    let order = match SupplyOrder::read(bytes) {
        Ok(order) => order,
        Err(refusal) => {
            let reason = refusal.to_string();
            quarantine(change, "invalid", &reason, None, bytes, origin)?;
            return Ok(taken(Verdict::Invalid(reason), "", None));
        }
    };
    let (number, fingerprint) = (order.number.as_str(), order.fingerprint());
    if let Some(mut known) = row::<OrderRow>(change, ORDERS, number.as_bytes())? {
        if known.fingerprint != fingerprint {
            let detail = format!("another order has this number: {} is known, {fingerprint} came", known.fingerprint);
            quarantine(change, "conflict", &detail, Some(number), bytes, origin)?;
            let verdict = Verdict::Conflict { known: known.fingerprint, given: fingerprint };
            return Ok(taken(verdict, number, None));
        }
        *known.copies.entry(origin.road).or_default() += 1;
        put(change, ORDERS, number.as_bytes(), &known)?;
        return Ok(taken(Verdict::Known, number, known.receipt));
    }
    if let Some(key) = origin.key {
        if let Some(known) = row::<KeyRow>(change, KEYS, key.as_bytes())?
            && known.fingerprint != fingerprint
        {
            quarantine(change, "key_reused", "its key stands for another order", Some(number), bytes, origin)?;
            return Ok(taken(Verdict::KeyReused, number, None));
        }
        put(
            change,
            KEYS,
            key.as_bytes(),
            &KeyRow { fingerprint: fingerprint.clone(), order_number: number.to_owned() },
        )?;
    }
    let count = next_number(change, "confirmations", 0)?;
    let days = i64::try_from(count % 5).unwrap_or_default() + 1;
    let receipt = Receipt {
        confirmation_id: confirmation_id(count, salt(change)?),
        order_number: number.to_owned(),
        received: time_text(origin.now_ms),
        status: Status::Processing,
        estimated_delivery: time_text(origin.now_ms + days * DAY_MS),
        message: "Commande enregistrée, en cours de traitement".to_owned(),
    };
    let body = String::from_utf8_lossy(bytes).into_owned();
    insert_order(change, &order, body, fingerprint, Some(receipt.clone()), origin)?;
    if let Some(update) = receipt.update() {
        emit(change, &update, receipt_body(&update, &receipt), origin.now_ms)?;
    }
    put(change, STEPS, &due_key(origin.now_ms + step_ms, number), &0_usize)?;
    Ok(taken(Verdict::New, number, Some(receipt)))
}

fn insert_order(
    change: &Change<'_>,
    order: &SupplyOrder,
    body: String,
    fingerprint: String,
    receipt: Option<Receipt>,
    origin: Origin<'_>,
) -> Result<(), StoreError> {
    let arrival = next_number(change, "arrivals", 1)?;
    let order_row = OrderRow {
        body,
        fingerprint,
        accepted_ms: origin.now_ms,
        arrival,
        first: origin.road,
        copies: Copies::new(),
        receipt,
        is_closed: false,
        delivery: Delivery::default(),
    };
    put(change, ORDERS, order.number.as_bytes(), &order_row)?;
    change.put(ARRIVALS, &number_key(arrival), order.number.as_bytes())
}

/// The first update, with the rest of the receipt beside the contract's fields.
fn receipt_body(update: &Update, receipt: &Receipt) -> String {
    let more = format!(
        r#","confirmationId":"{}","estimatedDelivery":"{}"}}"#,
        receipt.confirmation_id, receipt.estimated_delivery
    );
    update.json().trim_end_matches('}').to_owned() + &more
}

/// The rest of a receipt, where an update carries it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptRest {
    confirmation_id: String,
    estimated_delivery: String,
}

/// The receipt that an update is, when it is one.
fn receipt_of(update: &Update, bytes: &[u8]) -> Option<Receipt> {
    let rest: ReceiptRest = serde_json::from_slice(bytes).ok()?;
    Some(Receipt {
        confirmation_id: rest.confirmation_id,
        order_number: update.order_number.clone(),
        received: time_text(update.timestamp_ms),
        status: update.status,
        estimated_delivery: rest.estimated_delivery,
        message: update.message.clone(),
    })
}

/// An update that came.
///
/// # Errors
/// [`StoreError`].
pub(super) fn received_update(
    change: &Change<'_>,
    bytes: &[u8],
    origin: Origin<'_>,
) -> Result<TakenUpdate, StoreError> {
    let untaken = |verdict| TakenUpdate { verdict, status: Status::New, is_late: false, confirmed_after_ms: None };
    match Update::read(bytes) {
        Ok(update) => union(change, &update, bytes, origin),
        Err(refusal) => {
            let reason = refusal.to_string();
            quarantine(change, "invalid", &reason, None, bytes, origin)?;
            Ok(untaken(Verdict::Invalid(reason)))
        }
    }
}

/// Adds an update to the set of its order.
///
/// # Errors
/// [`StoreError`].
pub(super) fn union(
    change: &Change<'_>,
    update: &Update,
    bytes: &[u8],
    origin: Origin<'_>,
) -> Result<TakenUpdate, StoreError> {
    let number = update.order_number.as_str();
    let taken = |verdict, status| TakenUpdate { verdict, status, is_late: false, confirmed_after_ms: None };
    let Some(mut order) = row::<OrderRow>(change, ORDERS, number.as_bytes())? else {
        quarantine(change, "unknown_order", "there is no such order here", Some(number), bytes, origin)?;
        return Ok(taken(Verdict::UnknownOrder, Status::New));
    };
    let mut entries: Vec<_> = updates(change, number)?.iter().map(UpdateRow::entry).collect();
    let before = history(entries.iter().cloned());
    let key = update_key(number, update.timestamp_ms, update.id());
    let known = row::<UpdateRow>(change, UPDATES, &key)?;
    let is_known = known.is_some();
    if !is_known && entries.len() >= MOST_TAKEN && update.status <= before.status {
        let reason = format!("its order has {} updates already, and this one brings it no further", entries.len());
        quarantine(change, "too_many", &reason, Some(number), bytes, origin)?;
        return Ok(taken(Verdict::Invalid(reason), before.status));
    }
    if let Some(mut known) = known {
        *known.copies.entry(origin.road).or_default() += 1;
        // A copy by another road may be the one that has the number, or the receipt.
        known.seq = known.seq.max(update.seq);
        put(change, UPDATES, &key, &known)?;
    } else {
        let body = String::from_utf8_lossy(bytes).into_owned();
        put(change, UPDATES, &key, &UpdateRow::new(update, body, origin.road))?;
    }
    // A history is a set: what it holds already counts once.
    entries.push(UpdateRow::new(update, String::new(), origin.road).entry());
    let now = history(entries);
    let receipt = receipt_of(update, bytes);
    if (order.receipt.is_none() && receipt.is_some()) || order.is_closed != now.is_closed() {
        order.receipt = order.receipt.or(receipt);
        order.is_closed = now.is_closed();
        put(change, ORDERS, number.as_bytes(), &order)?;
    }
    if now.is_closed() {
        change.remove(OPEN, number.as_bytes())?;
    } else {
        let open = row::<OpenRow>(change, OPEN, number.as_bytes())?;
        let news_ms = if is_known { open.as_ref().and_then(|open| open.news_ms) } else { Some(origin.now_ms) };
        let open = OpenRow {
            accepted_ms: order.accepted_ms,
            news_ms,
            has_hole: now.has_hole,
            asked_ms: open.and_then(|open| open.asked_ms),
            unanswered_since_ms: None,
        };
        put(change, OPEN, number.as_bytes(), &open)?;
    }
    if is_known {
        return Ok(taken(Verdict::Known, now.status));
    }
    let is_first = before.entries.is_empty();
    Ok(TakenUpdate {
        verdict: Verdict::New,
        status: now.status,
        is_late: update.status < before.status,
        confirmed_after_ms: is_first.then(|| origin.now_ms - order.accepted_ms),
    })
}

/// Takes the updates that came before their order, those first that say that it is furthest: as many as are taken of an
/// order, and who sent many cannot hide that it was shipped. The others stay where they are.
fn early_updates(change: &Change<'_>, number: &str, now_ms: i64) -> Result<(), StoreError> {
    let mut early: Vec<(Reverse<Status>, Vec<u8>)> = Vec::new();
    for (key, _) in change.beginning(QUARANTINE_BY_ORDER, &of_order(number), usize::MAX)? {
        let id = key.get(number.len() + 1..).unwrap_or_default();
        if let Some((_, update, _)) = early_update(change, id)? {
            early.push((Reverse(update.map_or(Status::New, |update| update.status)), id.to_vec()));
        }
    }
    early.sort_unstable();
    early.truncate(MOST_TAKEN);
    for (_, id) in early {
        let Some((kept, update, bytes)) = early_update(change, &id)? else { continue };
        if let Some(update) = update {
            union(change, &update, &bytes, Origin { road: kept.road, now_ms, key: None, place: None })?;
        }
        discard(change, key_number(&id), &kept)?;
    }
    Ok(())
}

/// What is kept under `id` and came before its order: its row, the update that it is, and its bytes.
type Early = (QuarantineRow, Option<Update>, Vec<u8>);

fn early_update(change: &Change<'_>, id: &[u8]) -> Result<Option<Early>, StoreError> {
    let kept = row::<QuarantineRow>(change, QUARANTINE, id)?.filter(|kept| kept.why == "unknown_order");
    Ok(kept.map(|kept| {
        let bytes = STANDARD.decode(&kept.body_b64).unwrap_or_default();
        (kept, Update::read(&bytes).ok(), bytes)
    }))
}
