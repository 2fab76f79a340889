//! What could not be taken, as it is shown: part by part, since each thing may be large.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::rows::{
    QUARANTINE, QUARANTINE_BY_ORDER, QuarantineRow, key_number, number_key, of_order, parsed, row,
};
use super::super::service::Service;
use super::{problem, told, unkept};
use crate::doors::store::{Reading, Side, StoreError, View};
use crate::doors::web::{Asked, Told};
use crate::words::supply::time_text;

/// So many things are shown at most, and unless the caller says.
const MOST_SHOWN: usize = 1_000;
const SHOWN: usize = 50;

/// A longer body stands on the thing's own page alone.
const LONGEST_SHOWN_BYTES: usize = 64 << 10;

/// Bodies of one answer, and rows that are read for it, may have so many bytes; what is left out comes next.
const BODIES_BYTES: usize = 512 << 10;
const READ_BYTES: usize = 16 << 20;

/// Some of it, and where the rest is.
pub(super) struct Part {
    pub(super) shown: Vec<Value>,
    /// The address of the next part, when there is one.
    pub(super) next: Option<String>,
}

/// Shows things until there are enough, or enough bytes; with the id to go on from when there is more.
fn part(
    limit: usize,
    from: u64,
    mut next: impl FnMut() -> Result<Option<(u64, QuarantineRow)>, StoreError>,
) -> Result<(Vec<Value>, Option<u64>), StoreError> {
    let (mut shown, mut last, mut bodies, mut read) = (Vec::new(), from, 0, 0);
    loop {
        let is_enough = shown.len() >= limit || bodies >= BODIES_BYTES || read >= READ_BYTES;
        match next()? {
            None => return Ok((shown, None)),
            Some(_) if is_enough => return Ok((shown, Some(last))),
            Some((id, kept)) => {
                let bytes = STANDARD.decode(&kept.body_b64).unwrap_or_default();
                read += kept.body_b64.len();
                let is_short = bytes.len() <= LONGEST_SHOWN_BYTES;
                if is_short {
                    bodies += bytes.len();
                }
                shown.push(described(id, &kept, &bytes, is_short));
                last = id;
            }
        }
    }
}

fn described(id: u64, kept: &QuarantineRow, bytes: &[u8], has_body: bool) -> Value {
    let mut value = json!({
        "id": id, "why": kept.why, "detail": kept.detail, "path": kept.road.text(), "place": kept.place,
        "orderNumber": kept.order_number, "at": time_text(kept.at_ms), "bytes": bytes.len(), "sha256": kept.sha256,
    });
    if has_body {
        value["body"] = String::from_utf8_lossy(bytes).into();
        value["bodyBase64"] = kept.body_b64.as_str().into();
    }
    value
}

/// A number that the caller may give.
///
/// # Errors
/// The refusal.
pub(super) fn number(asked: &Asked, name: &str, otherwise: u64) -> Result<u64, Told> {
    let given = asked.place.asks(name).map(str::parse);
    given.unwrap_or(Ok(otherwise)).map_err(|_| problem(422, &format!("{name} must be a whole number")))
}

/// How many conflicts are asked for, and behind which.
pub(super) fn conflicts_asked(asked: &Asked) -> Result<(usize, u64), Told> {
    let limit = usize::try_from(number(asked, "conflicts", SHOWN as u64)?).unwrap_or(usize::MAX);
    Ok((limit.min(MOST_SHOWN), number(asked, "conflictsAfter", 0)?))
}

/// What is in conflict with an order whose page is at `path`, oldest first.
///
/// # Errors
/// [`StoreError`].
pub(super) fn conflicts(
    view: &View,
    order_number: &str,
    path: &str,
    (limit, after): (usize, u64),
) -> Result<Part, StoreError> {
    let prefix = of_order(order_number);
    let end = [prefix.as_slice(), &[u8::MAX; 9]].concat();
    let mut last = after;
    let (shown, next) = part(limit, after, || {
        loop {
            let from = [prefix.as_slice(), &number_key(last)].concat();
            let keys = view.range(QUARANTINE_BY_ORDER, (Excluded(&from), Excluded(&end)), Side::First, 1)?;
            let Some((key, _)) = keys.first() else { return Ok(None) };
            last = key_number(key.get(prefix.len()..).unwrap_or_default());
            if let Some(kept) = row::<QuarantineRow>(view, QUARANTINE, &number_key(last))? {
                return Ok(Some((last, kept)));
            }
        }
    })?;
    Ok(Part { shown, next: next.map(|after| format!("{path}?conflictsAfter={after}")) })
}

/// `GET …/quarantine`: what could not be taken, newest first.
pub(super) fn list(service: &Arc<Service>, asked: &Asked) -> Told {
    let numbers =
        number(asked, "limit", SHOWN as u64).and_then(|limit| Ok((limit, number(asked, "before", u64::MAX)?)));
    let (limit, before) = match numbers {
        Ok((limit @ 1..=1_000, before)) => (usize::try_from(limit).unwrap_or(SHOWN), before),
        Ok(_) => return problem(422, "limit must be a number from 1 to 1000"),
        Err(problem) => return problem,
    };
    let read = || {
        let view = service.store.view()?;
        let mut last = before;
        let (shown, next) = part(limit, before, || {
            let rows = view.range(QUARANTINE, (Unbounded, Excluded(&number_key(last))), Side::Last, 1)?;
            let Some((key, value)) = rows.first() else { return Ok(None) };
            last = key_number(key);
            Ok(Some((last, parsed(value)?)))
        })?;
        let next = next.map(|before| format!("{}?limit={limit}&before={before}", asked.place.path));
        let total = view.count(QUARANTINE)?;
        Ok(json!({"count": shown.len(), "total": total, "quarantine": shown, "next": next}))
    };
    match read() {
        Ok(body) => told(200, &body),
        Err(error) => unkept(&error),
    }
}

/// What is kept under the id that the path names.
///
/// # Errors
/// [`StoreError`].
pub(super) fn named(service: &Arc<Service>, asked: &Asked) -> Result<Option<(u64, QuarantineRow)>, StoreError> {
    let Some(id) = asked.parts.get("id").and_then(|id| id.parse::<u64>().ok()) else { return Ok(None) };
    let found = row::<QuarantineRow>(&service.store.view()?, QUARANTINE, &number_key(id))?;
    Ok(found.map(|found| (id, found)))
}

/// `GET …/quarantine/{id}`: one thing with its body, whatever its length.
pub(super) fn one(service: &Arc<Service>, asked: &Asked) -> Told {
    match named(service, asked) {
        Ok(Some((id, kept))) => {
            let bytes = STANDARD.decode(&kept.body_b64).unwrap_or_default();
            told(200, &described(id, &kept, &bytes, true))
        }
        Ok(None) => problem(404, "nothing is kept under this id"),
        Err(error) => unkept(&error),
    }
}
