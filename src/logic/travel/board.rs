//! All requests: each record is filed under its request and folded into it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;

use hashbrown::HashMap;

use super::digest::Digest;
use super::kept::{Kept, Written};
use super::life::Place;
use super::request::{Counts, Fact, Request, Spot, What};
use crate::base::message::{Message, MessageTime};
use crate::words::travel::{Details, Etat, Event, Refusal, Verdict, is_id};

/// So much of what is no event is kept, where records are.
const EXCERPT_BYTES: usize = 400;

/// What became of a record.
#[derive(Debug)]
pub struct Told<'m> {
    /// The request that it is filed under first; `None` when nothing says which.
    pub id: Option<Cow<'m, str>>,
    /// The event, if it is one.
    pub event: Option<Event<'m>>,
    /// Where it stands.
    pub spot: Spot,
    /// Whether the record has no key, although it is an event: nothing then keeps events of a request in one
    /// partition.
    pub has_no_key: bool,
    /// What was judged. `None` when its request's records have to be put in order first: see [`Board::settle`].
    pub verdict: Option<Verdict>,
    /// Where the request was before it.
    pub before: Option<Place>,
    /// Where it is after it.
    pub after: Option<Place>,
    /// How many RETARD have been accepted by then.
    pub delays: u32,
}

/// All requests after some records. The same records give the same board, however those of several partitions are
/// mixed.
#[derive(Clone, Debug, Default)]
pub struct Board {
    pub(super) requests: HashMap<String, Request, RandomState>,
    /// Those whose records are kept.
    kept: BTreeMap<String, Kept>,
    /// Those whose events were found in a second partition though they are not kept.
    found_split: BTreeSet<String>,
    /// Every record once.
    pub(super) records: Counts,
    /// Records that no request can be named for.
    pub(super) nowhere: Counts,
    /// Memory that is used again.
    compact: Vec<u8>,
}

/// A request among others.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it is.
    pub request: &'a Request,
    /// Whether its events stand in several partitions.
    pub is_split: bool,
}

/// A record, read.
struct Read<'m> {
    event: Option<Event<'m>>,
    what: Known,
    /// The request whose event it is.
    own: Option<Cow<'m, str>>,
    /// Requests that it is only filed under.
    others: [Option<Cow<'m, str>>; 2],
}

/// What is known of a record without its request.
#[derive(Clone, Copy)]
enum Known {
    Event(Etat),
    Settled(Verdict, Option<Etat>),
}

impl<'m> Read<'m> {
    fn of(message: &Message<'m>) -> Self {
        let key = message.key.and_then(|key| std::str::from_utf8(key).ok()).filter(|key| is_id(key));
        let event = match Event::read(message.payload) {
            Ok(event) => event,
            Err(unreadable) => {
                let what = Known::Settled(Verdict::Unreadable(unreadable), None);
                return Self { event: None, what, own: None, others: [key.map(Cow::Borrowed), None] };
            }
        };
        let etat = Etat::read(&event.etat);
        if message.key.is_some_and(|key| key != event.id.as_bytes()) {
            let what = Known::Settled(Verdict::Refused(Refusal::KeyMismatch), etat);
            let others = [Some(event.id.clone()), key.map(Cow::Borrowed)];
            return Self { event: Some(event), what, own: None, others };
        }
        let refused = |refusal| Known::Settled(Verdict::Refused(refusal), etat);
        let what = match (event.details, etat) {
            (Details::Other(_), _) => refused(Refusal::BadDetails),
            (Details::Object(_), None) => refused(Refusal::UnknownEtat(Etat::nearest(&event.etat))),
            (Details::Object(_), Some(etat)) => Known::Event(etat),
        };
        Self { own: Some(event.id.clone()), event: Some(event), what, others: [None, None] }
    }
}

impl Board {
    /// An empty board on which the records of some requests are kept.
    pub fn keeping(ids: impl IntoIterator<Item = String>) -> Self {
        Self { kept: ids.into_iter().map(|id| (id, Kept::default())).collect(), ..Self::default() }
    }

    /// The same, where texts of these requests are kept whole, however long they are: to be shown.
    #[must_use]
    pub fn showing(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        for id in ids {
            self.kept.entry(id).or_default().is_whole = true;
        }
        self
    }

    /// Takes the next record of its partition.
    pub fn fold<'m>(&mut self, message: &Message<'m>) -> Told<'m> {
        let time_ms = match message.time {
            MessageTime::Unknown => None,
            MessageTime::Create(ms) | MessageTime::LogAppend(ms) => Some(ms),
        };
        let spot = Spot { partition: message.partition, offset: message.offset, time_ms };
        let Read { event, what, own, others } = Read::of(message);
        let has_own = own.is_some();
        let is_kept = own.as_ref().is_some_and(|id| self.kept.contains_key(id.as_ref()));
        let has_no_key = message.key.is_none() && has_own;
        let what = match (what, &event) {
            (Known::Event(etat), Some(event)) => {
                let details = event.details.text();
                let content = Digest::of_content(etat, details, &mut self.compact);
                What::Event { etat, details, content, name: Digest::of_event_id(message.headers) }
            }
            (Known::Event(etat), None) => What::Settled(Verdict::Duplicate, Some(etat)),
            (Known::Settled(verdict, etat), _) => What::Settled(verdict, etat),
        };
        let fact = Fact { spot, what };
        let excerpt;
        let (etat, text) = match &event {
            Some(event) => (Some(event.etat.as_ref()), event.details.text()),
            None => {
                let payload = message.payload.unwrap_or_default();
                excerpt = String::from_utf8_lossy(payload.get(..EXCERPT_BYTES).unwrap_or(payload));
                (None, excerpt.as_ref())
            }
        };
        let written = |is_own| Written { etat, text, has_no_key, is_own };
        let settled = match what {
            What::Settled(verdict, _) => Some(verdict),
            What::Event { .. } => None,
        };
        let mut told =
            Told { id: None, event: None, spot, has_no_key, verdict: settled, before: None, after: None, delays: 0 };
        if let Some(id) = &own {
            self.take_own(id, fact, &written(true), &mut told);
        }
        for id in others.iter().flatten() {
            self.file(id, fact, &written(false));
        }
        let [first, second] = others;
        told.id = own.or(first).or(second);
        match (told.verdict, &told.id) {
            (Some(verdict), None) => self.nowhere.add(verdict),
            (Some(_), Some(id)) if !has_own => {
                let request = self.get(id);
                told.after = request.and_then(|request| request.place);
                told.delays = request.map_or(0, |request| request.delays);
                told.before = told.after;
            }
            _ => {}
        }
        // The events of kept requests are counted when it is asked for: they may be judged anew.
        if let Some(verdict) = told.verdict.filter(|_| !is_kept) {
            self.records.add(verdict);
        }
        told.event = event;
        told
    }

    /// Takes an event of a request.
    fn take_own(&mut self, id: &str, fact: Fact<'_>, written: &Written<'_>, told: &mut Told<'_>) {
        if let Some(kept) = self.kept.get_mut(id) {
            let entry = kept.add(fact, written);
            told.verdict = entry.map(|entry| entry.verdict);
            if let Some(entry) = entry {
                (told.before, told.after, told.delays) = (entry.before, entry.after, entry.delays);
            }
            return;
        }
        let request = self.requests.entry_ref(id).or_default();
        let is_elsewhere = request.home.is_some_and(|home| home != fact.spot.partition);
        told.before = request.place;
        told.verdict = Some(request.take(fact));
        (told.after, told.delays) = (request.place, request.delays);
        if is_elsewhere {
            self.found_split.insert(id.to_owned());
        }
    }

    /// Files a record under a request whose event it is not.
    fn file(&mut self, id: &str, fact: Fact<'_>, written: &Written<'_>) {
        if let Some(kept) = self.kept.get_mut(id) {
            kept.add(fact, written);
        } else if let What::Settled(verdict, _) = fact.what {
            self.requests.entry_ref(id).or_default().count(verdict);
        }
    }

    /// Puts the records of kept requests in order, and judges them anew where it is another one than they came in.
    pub fn settle(&mut self) {
        self.kept.values_mut().for_each(Kept::settle);
    }

    /// A kept request, with its records in order.
    pub fn settled(&mut self, id: &str) -> Option<&Kept> {
        let kept = self.kept.get_mut(id)?;
        kept.settle();
        Some(kept)
    }

    /// Requests whose events stand in several partitions although their records are not kept: this board says nothing
    /// of them. One that keeps them, and those that are kept here, has to be made of all records.
    pub fn found_split(&self) -> &BTreeSet<String> {
        &self.found_split
    }

    /// Whether the events of this one were found in several partitions, be its records kept or not.
    pub fn is_split(&self, id: &str) -> bool {
        self.found_split.contains(id) || self.kept.get(id).is_some_and(Kept::is_split)
    }

    /// Whether the records of this one are kept.
    pub fn keeps(&self, id: &str) -> bool {
        self.kept.contains_key(id)
    }

    /// The ids whose records are kept.
    pub fn kept_ids(&self) -> impl Iterator<Item = &String> {
        self.kept.keys()
    }

    /// A request as it was settled last; one without any record is none.
    pub fn get(&self, id: &str) -> Option<&Request> {
        let kept = || self.kept.get(id).map(Kept::state).filter(|request| request.counts.all() > 0);
        self.requests.get(id).or_else(kept)
    }

    /// All of them, in no order, as they were settled last.
    pub fn all(&self) -> impl Iterator<Item = Listed<'_>> {
        let plain = self.requests.iter().map(|(id, request)| Listed { id, request, is_split: false });
        let kept = self.kept.iter().map(|(id, kept)| Listed { id, request: kept.state(), is_split: kept.is_split() });
        plain.chain(kept.filter(|listed| listed.request.counts.all() > 0))
    }

    /// The same in the order of their ids.
    pub fn sorted(&self) -> Vec<Listed<'_>> {
        let mut all: Vec<_> = self.all().collect();
        all.sort_unstable_by_key(|listed| listed.id);
        all
    }

    /// Every record once.
    pub fn records(&self) -> Counts {
        let mut counts = self.records;
        self.kept.values().flat_map(Kept::own_verdicts).for_each(|verdict| counts.add(verdict));
        counts
    }

    /// Records that no request can be named for.
    pub fn nowhere(&self) -> Counts {
        self.nowhere
    }
}
