//! A message while its letters are under way, and what is told of it when they are done with.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::base::message::{Message, push_header};
use crate::logic::letters::{Backoff, Channel, HandedOver, Kind, Letter, Outcome};

/// The headers of a dead letter that are ours.
pub(super) const CHANNEL: &[u8] = b"channel";
pub(super) const KIND: &[u8] = b"kind";
pub(super) const REASON: &[u8] = b"reason";
pub(super) const ATTEMPTS: &[u8] = b"attempts";
pub(super) const SOURCE: &[u8] = b"source";

const OURS: [&[u8]; 5] = [CHANNEL, KIND, REASON, ATTEMPTS, SOURCE];

/// A record that is to be sent when a message is done with.
#[derive(Debug)]
pub(super) enum Told {
    /// To the topic of results.
    Result {
        /// The order's id.
        key: Vec<u8>,
        /// The record.
        json: Vec<u8>,
    },
    /// To the topic of dead letters.
    DeadLetter {
        /// The message's own.
        key: Option<Vec<u8>>,
        /// The message's own.
        payload: Option<Vec<u8>>,
        /// The message's own, and ours.
        headers: Vec<u8>,
    },
}

impl Told {
    pub(super) fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Result { key, .. } => Some(key),
            Self::DeadLetter { key, .. } => key.as_deref(),
        }
    }

    pub(super) fn headers(&self) -> &[u8] {
        match self {
            Self::Result { .. } => &[],
            Self::DeadLetter { headers, .. } => headers,
        }
    }
}

/// One letter of a message.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) letter: Arc<Letter>,
    pub(super) backoff: Backoff,
}

/// A message that is kept until it is done with.
#[derive(Debug)]
pub(super) struct Kept {
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Vec<u8>,
    /// Where the message stood first.
    source: String,
    /// Tries of earlier runs.
    attempts_before: u32,
    pub(super) letters: Vec<Pending>,
    told: Vec<Told>,
}

impl Kept {
    pub(super) fn new(message: &Message<'_>, source: String, attempts_before: u32, letters: Vec<Letter>) -> Self {
        let mut headers = Vec::new();
        for (name, value) in message.headers.filter(|(name, _)| !OURS.contains(name)) {
            push_header(&mut headers, name, value);
        }
        let pending = |letter| Pending { letter: Arc::new(letter), backoff: Backoff::default() };
        Self {
            key: message.key.map(<[u8]>::to_vec),
            payload: message.payload.map(<[u8]>::to_vec),
            headers,
            source,
            attempts_before,
            letters: letters.into_iter().map(pending).collect(),
            told: Vec::new(),
        }
    }

    /// What it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let texts: usize = self.letters.iter().map(|pending| pending.letter.text.len() + 512).sum();
        self.payload.as_ref().map_or(0, Vec::len) + self.headers.len() + texts + 512
    }

    pub(super) fn told(&self) -> &[Told] {
        &self.told
    }

    pub(super) fn told_mut(&mut self) -> &mut [Told] {
        &mut self.told
    }

    /// One of its letters was handed over.
    pub(super) fn handed_over(&mut self, index: usize, reference: String) {
        self.result(index, &Outcome::HandedOver(reference));
    }

    /// One of its letters is given up.
    pub(super) fn given_up(&mut self, index: usize, reason: &str, topic: &str) {
        let Some(pending) = self.letters.get(index) else { return };
        let (channel, kind) = (pending.letter.channel, pending.letter.kind);
        let attempts = self.attempts_before.saturating_add(pending.backoff.attempts());
        self.dead(Some((channel, kind)), reason, attempts);
        self.result(index, &Outcome::DeadLetter(topic.to_owned()));
    }

    /// No letter can be made of it.
    pub(super) fn unfit(&mut self, about: Option<(Channel, Kind)>, reason: &str) {
        self.dead(about, reason, self.attempts_before);
    }

    fn dead(&mut self, about: Option<(Channel, Kind)>, reason: &str, attempts: u32) {
        let mut headers = self.headers.clone();
        if let Some((channel, kind)) = about {
            push_header(&mut headers, CHANNEL, Some(channel.as_str().as_bytes()));
            push_header(&mut headers, KIND, Some(kind.as_str().as_bytes()));
        }
        let reason: String = reason.chars().take(1000).collect();
        for (name, value) in [(REASON, &reason), (ATTEMPTS, &attempts.to_string()), (SOURCE, &self.source)] {
            push_header(&mut headers, name, Some(value.as_bytes()));
        }
        self.told.push(Told::DeadLetter { key: self.key.clone(), payload: self.payload.clone(), headers });
    }

    fn result(&mut self, index: usize, outcome: &Outcome) {
        let Some(pending) = self.letters.get(index) else { return };
        let now = format!("{:.3}", Timestamp::now());
        // Texts and numbers are always JSON.
        let json = serde_json::to_vec(&HandedOver::new(&pending.letter, outcome, &now)).unwrap_or_default();
        self.told.push(Told::Result { key: pending.letter.order_id.as_bytes().to_vec(), json });
    }
}

/// A letter that is to be tried again; the soonest is the greatest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Retry {
    pub(super) due: Instant,
    pub(super) ticket: (u64, usize),
}

impl Ord for Retry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.due, other.ticket).cmp(&(self.due, self.ticket))
    }
}

impl PartialOrd for Retry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
