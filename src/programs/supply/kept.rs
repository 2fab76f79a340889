//! What could not be taken, kept for a look: bounded, the oldest goes first.

use std::ops::Bound::Unbounded;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::intake::Origin;
use super::rows::{
    QUARANTINE, QUARANTINE_BY_ORDER, QUARANTINE_DIGESTS, QuarantineRow, key_number, next_number, number_key, of_order,
    parsed, put,
};
use crate::doors::store::{Change, Reading as _, Side, StoreError};

/// So many things that could not be taken are kept.
const MOST_QUARANTINED: u64 = 10_000;

/// Where it stands that this much is kept of an order already.
fn digest_key(number: &str, why: &str, sha256: &str) -> Vec<u8> {
    [of_order(number), of_order(why), sha256.as_bytes().to_vec()].concat()
}

/// Keeps the exact bytes of something that could not be taken. The same from the same order is kept once, which costs
/// one look-up, however much is kept of it.
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
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if let Some(number) = number {
        let key = digest_key(number, why, &sha256);
        if change.get(QUARANTINE_DIGESTS, &key)?.is_some() {
            return Ok(());
        }
        change.put(QUARANTINE_DIGESTS, &key, b"")?;
    }
    let id = number_key(next_number(change, "quarantine", 1)?);
    let kept = QuarantineRow {
        why: why.to_owned(),
        detail: detail.to_owned(),
        road: origin.road,
        place: origin.place.map(str::to_owned),
        order_number: number.map(str::to_owned),
        at_ms: origin.now_ms,
        body_b64: STANDARD.encode(bytes),
        sha256,
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
        change.remove(QUARANTINE_DIGESTS, &digest_key(number, &kept.why, &kept.sha256))?;
    }
    Ok(())
}
