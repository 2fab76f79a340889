//! What could not be taken, kept for a look: bounded, the oldest goes first.

use std::ops::Bound::{Excluded, Unbounded};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::intake::Origin;
use super::rows::{
    META, QUARANTINE, QUARANTINE_BY_ORDER, QUARANTINE_DIGESTS, QuarantineRow, key_number, next_number, number_key,
    of_order, parsed, put, row,
};
use crate::doors::store::{Change, Reading as _, Side, StoreError};

/// So many things that could not be taken are kept.
const MOST_QUARANTINED: u64 = 10_000;

/// And so many bytes of them, as they are written: a few large ones could fill the disk, and every look would read them.
pub(super) const MOST_QUARANTINED_BYTES: u64 = 64 << 20;

/// Of one thing no more is kept than its first so many bytes; where it came from has the rest.
const MOST_OF_ONE_BYTES: usize = 4 << 20;

/// Counts the bytes that are kept, under this name in `META`.
const BYTES: &[u8] = b"quarantine_bytes";

/// Where it stands that this much is kept of an order already.
fn digest_key(number: &str, why: &str, sha256: &str) -> Vec<u8> {
    [of_order(number), of_order(why), sha256.as_bytes().to_vec()].concat()
}

/// Keeps the exact bytes (of very many the first) of something that could not be taken. The same from the same order is kept once, which costs
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
        detail: match bytes.len() {
            0..=MOST_OF_ONE_BYTES => detail.to_owned(),
            all => format!("{detail}; of its {all} bytes the first {MOST_OF_ONE_BYTES} are kept"),
        },
        road: origin.road,
        place: origin.place.map(str::to_owned),
        order_number: number.map(str::to_owned),
        at_ms: origin.now_ms,
        body_b64: STANDARD.encode(bytes.get(..MOST_OF_ONE_BYTES).unwrap_or(bytes)),
        sha256,
    };
    let mut kept_bytes = kept_bytes(change)? + kept.body_b64.len() as u64;
    put(change, META, BYTES, &kept_bytes)?;
    put(change, QUARANTINE, &id, &kept)?;
    if let Some(number) = number {
        change.put(QUARANTINE_BY_ORDER, &[of_order(number), id.to_vec()].concat(), b"")?;
    }
    while change.count(QUARANTINE)? > MOST_QUARANTINED || kept_bytes > MOST_QUARANTINED_BYTES {
        let oldest = change.range(QUARANTINE, (Unbounded, Unbounded), Side::First, 1)?;
        let Some((key, value)) = oldest.into_iter().next() else { break };
        discard(change, key_number(&key), &parsed(&value)?)?;
        kept_bytes = self::kept_bytes(change)?;
    }
    Ok(())
}

/// How many bytes are kept. Stores of older versions did not count them: there it is done once.
fn kept_bytes(change: &Change<'_>) -> Result<u64, StoreError> {
    if let Some(bytes) = row(change, META, BYTES)? {
        return Ok(bytes);
    }
    let (mut bytes, mut counted) = (0, None::<Vec<u8>>);
    loop {
        let from = counted.as_deref().map_or(Unbounded, Excluded);
        let some = change.range(QUARANTINE, (from, Unbounded), Side::First, 1)?;
        let Some((key, value)) = some.into_iter().next() else { return Ok(bytes) };
        bytes += parsed::<QuarantineRow>(&value)?.body_b64.len() as u64;
        counted = Some(key);
    }
}

/// Forgets something that could not be taken.
///
/// # Errors
/// [`StoreError`].
pub(super) fn discard(change: &Change<'_>, id: u64, kept: &QuarantineRow) -> Result<(), StoreError> {
    if change.get(QUARANTINE, &number_key(id))?.is_some() {
        let left = kept_bytes(change)?.saturating_sub(kept.body_b64.len() as u64);
        put(change, META, BYTES, &left)?;
    }
    change.remove(QUARANTINE, &number_key(id))?;
    if let Some(number) = &kept.order_number {
        change.remove(QUARANTINE_BY_ORDER, &[of_order(number), number_key(id).to_vec()].concat())?;
        change.remove(QUARANTINE_DIGESTS, &digest_key(number, &kept.why, &kept.sha256))?;
    }
    Ok(())
}
