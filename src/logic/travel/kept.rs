//! A request whose records are kept: one whose history is shown, or whose events stand in several partitions.
//!
//! A key has one partition, and its events one order, unless the topic was widened or its writers choose partitions in
//! different ways. Then the events of each partition are merged, head by head, the smaller (Kafka timestamp, partition)
//! first: offsets of one partition are never swapped, and the same records always give the same order. That is the
//! order of (the largest timestamp up to here in its partition, partition, offset).

use std::collections::BTreeMap;

use super::digest::Digest;
use super::life::Place;
use super::request::{Fact, Request, Spot, What, bounded};
use crate::words::travel::{Etat, Verdict};

/// A record of a request, and what became of it.
#[derive(Clone, Debug)]
pub struct Entry {
    order: (i64, i32, i64),
    /// Where it stands.
    pub spot: Spot,
    /// `etat` as it was written; `None` in what is no event.
    pub etat: Option<Box<str>>,
    /// `details` as they were written (bounded, where the request is not one that is shown whole), or the beginning of
    /// what is no event.
    pub text: Box<str>,
    /// Whether the record had no key.
    pub has_no_key: bool,
    /// Whether it is an event of this request, and not only filed here.
    is_own: bool,
    what: Owned,
    /// What was judged.
    pub verdict: Verdict,
    /// Where the request was before it.
    pub before: Option<Place>,
    /// Where it was after it.
    pub after: Option<Place>,
    /// How many RETARD had been accepted then.
    pub delays: u32,
}

#[derive(Clone, Copy, Debug)]
enum Owned {
    Event { etat: Etat, content: Digest, name: Option<Digest> },
    Settled(Verdict, Option<Etat>),
}

/// What is kept of a record beside the fact that it is.
pub(super) struct Written<'a> {
    pub(super) etat: Option<&'a str>,
    pub(super) text: &'a str,
    pub(super) has_no_key: bool,
    pub(super) is_own: bool,
}

/// All records of a request in their merged order, and what it is after them.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    entries: Vec<Entry>,
    /// By partition, the largest timestamp so far.
    latest_ms: BTreeMap<i32, i64>,
    state: Request,
    /// Whether some were added that do not come last.
    is_unsettled: bool,
    /// Whether texts of any length are kept: somebody asked for this request's history.
    pub(super) is_whole: bool,
}

impl Kept {
    /// Adds a record of its partition's order; it is given back with its verdict, unless some have to be judged anew
    /// before.
    pub(super) fn add(&mut self, fact: Fact<'_>, written: &Written<'_>) -> Option<&Entry> {
        let Spot { partition, offset, time_ms } = fact.spot;
        let mut latest_ms = self.latest_ms.get(&partition).copied().unwrap_or(i64::MIN);
        // What is only filed here puts no event of the request elsewhere, whatever its time.
        if written.is_own {
            latest_ms = time_ms.unwrap_or(0).max(latest_ms);
            self.latest_ms.insert(partition, latest_ms);
        }
        let order = (latest_ms, partition, offset);
        let what = match fact.what {
            What::Event { etat, content, name, .. } => Owned::Event { etat, content, name },
            What::Settled(verdict, etat) => Owned::Settled(verdict, etat),
        };
        self.is_unsettled |= self.entries.last().is_some_and(|last| last.order > order);
        self.entries.push(Entry {
            order,
            spot: fact.spot,
            etat: written.etat.map(Into::into),
            text: if self.is_whole { written.text.into() } else { bounded(written.text) },
            has_no_key: written.has_no_key,
            is_own: written.is_own,
            what,
            verdict: Verdict::Duplicate,
            before: None,
            after: None,
            delays: 0,
        });
        if self.is_unsettled {
            return None;
        }
        let entry = self.entries.last_mut()?;
        entry.judge(&mut self.state);
        Some(entry)
    }

    /// Puts everything in its order, and judges it anew where that is another one.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.is_unsettled) {
            self.entries.sort_unstable_by_key(|entry| entry.order);
            self.state = Request::default();
            self.entries.iter_mut().for_each(|entry| entry.judge(&mut self.state));
        }
    }

    /// Its records in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Verdicts of its own events, and not of what is only filed here.
    pub(super) fn own_verdicts(&self) -> impl Iterator<Item = Verdict> {
        self.entries.iter().filter(|entry| entry.is_own).map(|entry| entry.verdict)
    }

    /// What it is after them.
    pub fn state(&self) -> &Request {
        &self.state
    }

    /// Whether its events stand in several partitions.
    pub fn is_split(&self) -> bool {
        // Only its own events have a time there.
        self.latest_ms.len() > 1
    }
}

impl Entry {
    fn judge(&mut self, state: &mut Request) {
        self.before = state.place;
        let what = match self.what {
            Owned::Event { etat, content, name } => What::Event { etat, details: &self.text, content, name },
            Owned::Settled(verdict, etat) => What::Settled(verdict, etat),
        };
        self.verdict = match (self.is_own, what) {
            (false, What::Settled(verdict, _)) => {
                state.count(verdict);
                verdict
            }
            _ => state.take(Fact { spot: self.spot, what }),
        };
        (self.after, self.delays) = (state.place, state.delays);
    }

    /// What it says, if there is such a thing.
    pub fn known_etat(&self) -> Option<Etat> {
        match self.what {
            Owned::Event { etat, .. } => Some(etat),
            Owned::Settled(_, etat) => etat,
        }
    }
}
