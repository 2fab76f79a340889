//! The history of an order is a set of updates, its status the greatest of them: in whatever order they come, however
//! often and by whatever road, the same set gives the same page.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::words::supply::Status;

/// One update of the set, by its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The same for the same content.
    pub id: Uuid,
    /// When it was made.
    pub timestamp_ms: i64,
    /// How far the order had come.
    pub status: Status,
    /// Its number among the updates of its order.
    pub seq: Option<u64>,
}

/// What is said of an update beside its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is of a time at which the order was further already.
    Late,
    /// It ships what was shipped before.
    Repeated,
}

impl Mark {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Repeated => "repeated",
        }
    }
}

/// A set of updates, seen as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// How far the order has come.
    pub status: Status,
    /// When it was shipped: the earliest update that says so.
    pub shipped_at_ms: Option<i64>,
    /// All updates by their time, each once.
    pub entries: Vec<(Entry, Option<Mark>)>,
    /// Whether a number among those of its sender is missing.
    pub has_hole: bool,
}

impl History {
    /// Whether nothing more is to be learnt.
    pub fn is_closed(&self) -> bool {
        self.status == Status::Shipped && !self.has_hole
    }
}

/// The history that these updates make.
pub fn history(updates: impl IntoIterator<Item = Entry>) -> History {
    let mut set: BTreeMap<(i64, Uuid), Entry> = BTreeMap::new();
    for update in updates {
        let known = set.entry((update.timestamp_ms, update.id)).or_insert_with(|| update.clone());
        // The number does not belong to the identity: a copy by another road may lack it.
        known.seq = known.seq.max(update.seq);
    }
    let mut numbers: Vec<u64> = set.values().filter_map(|entry| entry.seq).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let has_hole = numbers.last().is_some_and(|last| *last != numbers.len() as u64);
    let (mut status, mut shipped_at_ms) = (Status::New, None);
    let entries = set.into_values().map(|entry| {
        let mark = match (status, entry.status) {
            (Status::Shipped, Status::Shipped) => Some(Mark::Repeated),
            (before, now) if now < before => Some(Mark::Late),
            _ => None,
        };
        status = status.max(entry.status);
        if entry.status == Status::Shipped {
            shipped_at_ms.get_or_insert(entry.timestamp_ms);
        }
        (entry, mark)
    });
    let entries = entries.collect();
    History { status, shipped_at_ms, entries, has_hole }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        let status = prop_oneof![3 => Just(Status::Processing), 1 => Just(Status::Shipped)];
        // Few times and ids, so that many collide.
        (0_u128..12, 0_i64..6, status, prop::option::of(1_u64..7)).prop_map(|(id, timestamp_ms, status, seq)| Entry {
            // The content makes the id; the number does not belong to it.
            id: Uuid::from_u128(id * 1_000 + timestamp_ms as u128 * 10 + status as u128),
            timestamp_ms,
            status,
            seq,
        })
    }

    /// A set, and the same with copies, in another order.
    fn twice() -> impl Strategy<Value = (Vec<Entry>, Vec<Entry>)> {
        prop::collection::vec(entry(), 0..20).prop_flat_map(|set| {
            let copies = prop::collection::vec(
                prop::sample::select(if set.is_empty() {
                    vec![Entry { id: Uuid::nil(), timestamp_ms: 0, status: Status::Processing, seq: None }]
                } else {
                    set.clone()
                }),
                if set.is_empty() { 0..1 } else { 0..20 },
            );
            (Just(set), copies).prop_flat_map(|(set, copies)| {
                let all: Vec<Entry> = set.iter().cloned().chain(copies).collect();
                let kept = if set.is_empty() { Vec::new() } else { all };
                (Just(set), Just(kept).prop_shuffle())
            })
        })
    }

    proptest! {
        #[test]
        fn any_order_and_any_copies_make_the_same_page((set, other) in twice()) {
            prop_assert_eq!(history(set), history(other));
        }

        #[test]
        fn the_status_never_falls_while_updates_come(updates in prop::collection::vec(entry(), 0..30)) {
            let mut before = (Status::New, None);
            for count in 0..=updates.len() {
                let now = history(updates[..count].iter().cloned());
                prop_assert!(now.status >= before.0);
                // Once shipped it stays so; an earlier update may only make the time earlier.
                prop_assert!(before.1.is_none_or(|at| now.shipped_at_ms.is_some_and(|now| now <= at)));
                before = (now.status, now.shipped_at_ms);
            }
        }

        #[test]
        fn one_hole_is_seen_wherever_it_is(count in 2_u64..50, missing in 1_u64..50) {
            let made = |without: Option<u64>| {
                history((1..=count).filter(|seq| Some(*seq) != without).map(|seq| Entry {
                    id: Uuid::from_u128(u128::from(seq)),
                    timestamp_ms: seq as i64,
                    status: if seq == count { Status::Shipped } else { Status::Processing },
                    seq: Some(seq),
                }))
            };
            prop_assert!(made(None).is_closed());
            prop_assert_eq!(made(Some(missing)).has_hole, missing < count, "the last one is not missed yet");
        }
    }

    #[test]
    fn what_comes_late_or_again_is_marked() {
        let made = |id, timestamp_ms, status| Entry { id: Uuid::from_u128(id), timestamp_ms, status, seq: None };
        let page = history([
            made(4, 40, Status::Shipped),
            made(3, 30, Status::Processing),
            made(2, 20, Status::Shipped),
            made(1, 10, Status::Processing),
        ]);
        let marks: Vec<Option<Mark>> = page.entries.iter().map(|(_, mark)| *mark).collect();
        assert_eq!(marks, [None, None, Some(Mark::Late), Some(Mark::Repeated)]);
        assert_eq!((page.status, page.shipped_at_ms), (Status::Shipped, Some(20)));
    }
}
