//! What could not be taken, kept for a look: bounded, the oldest goes first.

use std::ops::Bound::Unbounded;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::intake::{MOST_EARLY, Origin};
use super::rows::{
    QUARANTINE, QUARANTINE_BY_ORDER, QuarantineRow, key_number, next_number, number_key, of_order, parsed, put, row,
};
use crate::doors::store::{Change, Reading as _, Side, StoreError};

/// So many things that could not be taken are kept.
const MOST_QUARANTINED: u64 = 10_000;

/// Keeps the exact bytes of something that could not be taken. The same from the same order is kept once.
///
/// # Errors
/// [`StoreError`].
pub(super) fn quarantine(
    change: &Change<'_>,
    why: &str,
    detail: &str,
    number: Option<&str>,
    bytes: &[u8],
    origin: Origin<'_>,
) -> Result<(), StoreError> {
    let body_b64 = STANDARD.encode(bytes);
    if let Some(number) = number {
        for (key, _) in change.beginning(QUARANTINE_BY_ORDER, &of_order(number), MOST_EARLY)? {
            let kept = row::<QuarantineRow>(change, QUARANTINE, key.get(number.len() + 1..).unwrap_or_default())?;
            if kept.is_some_and(|kept| kept.why == why && kept.body_b64 == body_b64) {
                return Ok(());
            }
        }
    }
    let id = number_key(next_number(change, "quarantine", 1)?);
    let kept = QuarantineRow {
        why: why.to_owned(),
        detail: detail.to_owned(),
        road: origin.road,
        place: origin.place.map(str::to_owned),
        order_number: number.map(str::to_owned),
        at_ms: origin.now_ms,
        body_b64,
    };
    put(change, QUARANTINE, &id, &kept)?;
    if let Some(number) = number {
        change.put(QUARANTINE_BY_ORDER, &[of_order(number), id.to_vec()].concat(), b"")?;
    }
    if change.count(QUARANTINE)? > MOST_QUARANTINED {
        for (key, value) in change.range(QUARANTINE, (Unbounded, Unbounded), Side::First, 1)? {
            discard(change, key_number(&key), &parsed(&value)?)?;
        }
    }
    Ok(())
}

/// Forgets something that could not be taken.
///
/// # Errors
/// [`StoreError`].
pub(super) fn discard(change: &Change<'_>, id: u64, kept: &QuarantineRow) -> Result<(), StoreError> {
    change.remove(QUARANTINE, &number_key(id))?;
    if let Some(number) = &kept.order_number {
        change.remove(QUARANTINE_BY_ORDER, &[of_order(number), number_key(id).to_vec()].concat())?;
    }
    Ok(())
}
