//! Who asked to be told of updates, what waits for each, and what was given up. All of it inside changes of the store, so
//! that an update and what is owed for it are written together.

use std::ops::Bound::{Excluded, Unbounded};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::{DEAD_LETTERS, NOTES, OutboxRow, SUBSCRIBERS, key_number, next_number, number_key, parsed, put, row};
use crate::doors::store::{Change, Reading, Side, StoreError};

/// So many may subscribe, the other service apart.
pub(super) const MOST_SUBSCRIBERS: usize = 16;

/// So many updates wait for one of them; then the oldest is given up.
pub(super) const MOST_NOTES: u64 = 10_000;

/// So many updates that were given up are kept.
const MOST_DEAD: u64 = 10_000;

/// Who asked to be told, by callback.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SubscriberRow {
    pub(super) client: String,
    #[serde(alias = "callbackUrl")]
    pub(super) callback_url: String,
    /// 0 for the other service, which is told by the lanes, and only says where it is.
    #[serde(default)]
    pub(super) id: u64,
    #[serde(default)]
    pub(super) since_ms: i64,
    /// So many updates wait.
    #[serde(default)]
    pub(super) waiting: u64,
    #[serde(default)]
    pub(super) delivered: u64,
    #[serde(default)]
    pub(super) given_up: u64,
    /// Why the last call failed; none after one that did not.
    #[serde(default)]
    pub(super) last_error: Option<String>,
}

/// An update that a subscriber was not told of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DeadLetterRow {
    pub(super) subscriber: u64,
    pub(super) client: String,
    pub(super) callback_url: String,
    pub(super) note: OutboxRow,
    pub(super) why: GivenUp,
    pub(super) detail: String,
    pub(super) at_ms: i64,
}

/// Why an update was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum GivenUp {
    /// The subscriber refuses it for itself.
    Refused,
    /// It waited for too long.
    TooOld,
    /// Too many waited.
    Backlog,
}

impl GivenUp {
    /// As it is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TooOld => "too_old",
            Self::Backlog => "backlog",
        }
    }
}

/// What became of a subscription.
pub(super) enum Subscribed {
    New(SubscriberRow),
    Known(SubscriberRow),
    /// There are enough of them.
    Full,
}

fn note_key(subscriber: u64, seq: u64) -> Vec<u8> {
    [number_key(subscriber), number_key(seq)].concat()
}

/// All who subscribed.
///
/// # Errors
/// [`StoreError`].
pub(super) fn all(from: &impl Reading) -> Result<Vec<SubscriberRow>, StoreError> {
    // The other service may have had several addresses.
    let rows = from.range(SUBSCRIBERS, (Unbounded, Unbounded), Side::First, 2 * MOST_SUBSCRIBERS)?;
    rows.iter().map(|(_, value)| parsed(value)).collect()
}

/// The subscriber of this number.
///
/// # Errors
/// [`StoreError`].
pub(super) fn numbered(from: &impl Reading, id: u64) -> Result<Option<SubscriberRow>, StoreError> {
    Ok(all(from)?.into_iter().find(|one| one.id == id))
}

fn keep(change: &Change<'_>, one: &SubscriberRow) -> Result<(), StoreError> {
    put(change, SUBSCRIBERS, one.callback_url.as_bytes(), one)
}

/// Somebody wants to be told of all updates from now on. Asked again it changes nothing but the name.
///
/// # Errors
/// [`StoreError`].
pub(super) fn subscribe(
    change: &Change<'_>,
    client: String,
    callback_url: String,
    is_peer: bool,
    now_ms: i64,
) -> Result<Subscribed, StoreError> {
    let known = row::<SubscriberRow>(change, SUBSCRIBERS, callback_url.as_bytes())?;
    if let Some(mut known) = known.filter(|known| (known.id == 0) == is_peer) {
        known.client = client;
        keep(change, &known)?;
        return Ok(Subscribed::Known(known));
    }
    let all = all(change)?;
    if !is_peer && all.iter().filter(|one| one.id != 0).count() >= MOST_SUBSCRIBERS {
        return Ok(Subscribed::Full);
    }
    if is_peer {
        // It has one address at a time.
        for old in all.iter().filter(|one| one.id == 0) {
            change.remove(SUBSCRIBERS, old.callback_url.as_bytes())?;
        }
    }
    let id = if is_peer { 0 } else { next_number(change, "subscribers", 1)? };
    let one = SubscriberRow {
        client,
        callback_url,
        id,
        since_ms: now_ms,
        waiting: 0,
        delivered: 0,
        given_up: 0,
        last_error: None,
    };
    keep(change, &one)?;
    Ok(Subscribed::New(one))
}

/// Somebody wants to be told no more: what waits for it is forgotten. Whether it was there.
///
/// # Errors
/// [`StoreError`].
pub(super) fn unsubscribe(change: &Change<'_>, id: u64) -> Result<bool, StoreError> {
    let Some(one) = numbered(change, id)? else { return Ok(false) };
    for (key, _) in change.beginning(NOTES, &number_key(id), usize::MAX)? {
        change.remove(NOTES, &key)?;
    }
    change.remove(SUBSCRIBERS, one.callback_url.as_bytes())?;
    Ok(true)
}

/// An update of our own is owed to everybody who subscribed.
///
/// # Errors
/// [`StoreError`].
pub(super) fn note(
    change: &Change<'_>,
    order_number: &str,
    update: (i64, Uuid),
    now_ms: i64,
) -> Result<(), StoreError> {
    for mut one in all(change)?.into_iter().filter(|one| one.id != 0) {
        let order_number = order_number.to_owned();
        let note = OutboxRow {
            order_number,
            update: Some(update),
            accepted_ms: now_ms,
            http: None,
            is_refused_by_kafka: false,
        };
        add(change, &mut one, &note, now_ms)?;
        keep(change, &one)?;
    }
    Ok(())
}

fn add(change: &Change<'_>, one: &mut SubscriberRow, note: &OutboxRow, now_ms: i64) -> Result<(), StoreError> {
    let seq = next_number(change, "notes", 1)?;
    put(change, NOTES, &note_key(one.id, seq), note)?;
    one.waiting += 1;
    if one.waiting > MOST_NOTES {
        for (key, value) in change.beginning(NOTES, &number_key(one.id), 1)? {
            change.remove(NOTES, &key)?;
            let detail = format!("{MOST_NOTES} updates waited already");
            bury(change, one, parsed(&value)?, GivenUp::Backlog, detail, now_ms)?;
        }
    }
    Ok(())
}

/// Puts an update that was given up where it can be seen.
fn bury(
    change: &Change<'_>,
    one: &mut SubscriberRow,
    note: OutboxRow,
    why: GivenUp,
    detail: String,
    now_ms: i64,
) -> Result<(), StoreError> {
    one.waiting = one.waiting.saturating_sub(1);
    one.given_up += 1;
    let id = next_number(change, "dead_letters", 1)?;
    let letter = DeadLetterRow {
        subscriber: one.id,
        client: one.client.clone(),
        callback_url: one.callback_url.clone(),
        note,
        why,
        detail,
        at_ms: now_ms,
    };
    put(change, DEAD_LETTERS, &number_key(id), &letter)?;
    if change.count(DEAD_LETTERS)? > MOST_DEAD {
        for (key, _) in change.range(DEAD_LETTERS, (Unbounded, Unbounded), Side::First, 1)? {
            change.remove(DEAD_LETTERS, &key)?;
        }
    }
    Ok(())
}

/// What waits for a subscriber, in the order in which it is told.
///
/// # Errors
/// [`StoreError`].
pub(super) fn notes(from: &impl Reading, id: u64, limit: usize) -> Result<Vec<(u64, OutboxRow)>, StoreError> {
    let rows = from.beginning(NOTES, &number_key(id), limit)?;
    rows.iter().map(|(key, value)| Ok((key_number(key.get(8..).unwrap_or_default()), parsed(value)?))).collect()
}

/// A subscriber has been told of these. How many of them were still owed.
///
/// # Errors
/// [`StoreError`].
pub(super) fn told(change: &Change<'_>, id: u64, seqs: &[u64]) -> Result<u64, StoreError> {
    let Some(mut one) = numbered(change, id)? else { return Ok(0) };
    let mut count = 0;
    for seq in seqs {
        count += u64::from(change.remove(NOTES, &note_key(id, *seq))?);
    }
    one.waiting = one.waiting.saturating_sub(count);
    one.delivered += count;
    one.last_error = None;
    keep(change, &one)?;
    Ok(count)
}

/// A subscriber could not be told.
///
/// # Errors
/// [`StoreError`].
pub(super) fn untold(change: &Change<'_>, id: u64, reason: String) -> Result<(), StoreError> {
    let Some(mut one) = numbered(change, id)? else { return Ok(()) };
    one.last_error = Some(reason);
    keep(change, &one)
}

/// A subscriber will never be told of these, unless somebody asks for it.
///
/// # Errors
/// [`StoreError`].
pub(super) fn give_up(
    change: &Change<'_>,
    id: u64,
    seqs: &[u64],
    (why, detail): (GivenUp, &str),
    now_ms: i64,
) -> Result<u64, StoreError> {
    let Some(mut one) = numbered(change, id)? else { return Ok(0) };
    let mut count = 0;
    for seq in seqs {
        let key = note_key(id, *seq);
        let Some(note) = row::<OutboxRow>(change, NOTES, &key)? else { continue };
        change.remove(NOTES, &key)?;
        bury(change, &mut one, note, why, detail.to_owned(), now_ms)?;
        count += 1;
    }
    keep(change, &one)?;
    Ok(count)
}

/// What became of a wish to tell something again.
pub(super) enum Redelivered {
    Queued,
    /// There is no such letter.
    Missing,
    /// The subscriber is gone.
    Unsubscribed,
}

/// Tells something again that was given up: behind all that waits.
///
/// # Errors
/// [`StoreError`].
pub(super) fn redeliver(change: &Change<'_>, letter: u64, now_ms: i64) -> Result<Redelivered, StoreError> {
    let Some(found) = row::<DeadLetterRow>(change, DEAD_LETTERS, &number_key(letter))? else {
        return Ok(Redelivered::Missing);
    };
    let Some(mut one) = numbered(change, found.subscriber)? else { return Ok(Redelivered::Unsubscribed) };
    change.remove(DEAD_LETTERS, &number_key(letter))?;
    // Its time begins anew.
    add(change, &mut one, &OutboxRow { accepted_ms: now_ms, ..found.note }, now_ms)?;
    keep(change, &one)?;
    Ok(Redelivered::Queued)
}

/// A letter with its number.
type NumberedLetter = (u64, DeadLetterRow);

/// What was given up, newest first, before number `before`.
///
/// # Errors
/// [`StoreError`].
pub(super) fn dead_letters(from: &impl Reading, before: u64, limit: usize) -> Result<Vec<NumberedLetter>, StoreError> {
    let rows = from.range(DEAD_LETTERS, (Unbounded, Excluded(&number_key(before))), Side::Last, limit)?;
    rows.iter().map(|(key, value)| Ok((key_number(key), parsed(value)?))).collect()
}
