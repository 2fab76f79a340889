//! `tracker.events.pub`: the first key of a trail, and how each later one succeeded the one before.

use thiserror::Error;

use super::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use super::key::{KeyError, TYPE_NOTE, VerifierKey, parse_root, parse_size};
use super::published::PublishedCheckpoint;
use super::state::Seal;
use super::{hash_text, note};
use crate::base::tree::Hash;

const HEADER: &str = "ordertrail-key-succession/v1";

/// Five lines of text, an empty one, one signature.
const NOTE_LINES: usize = 7;

/// The text of a succession: five lines, each with its LF.
pub(super) fn succession_text(origin: &str, lines: u64, root: &Hash, new: &VerifierKey) -> String {
    format!("{HEADER}\n{origin}\n{lines}\n{}\n{new}\n", hash_text::encode(root))
}

/// One key took over from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// After how many lines.
    pub lines: u64,
    /// The root of the tree of these lines.
    pub root: Hash,
    /// The new key.
    pub key: VerifierKey,
}

/// The keys of a trail, each but the first signed by the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChain {
    first: VerifierKey,
    successions: Vec<Succession>,
}

/// Why a text is no chain of keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainError {
    /// Its first line is no key.
    #[error("its first line is no verifier key: {0}")]
    FirstKey(#[from] KeyError),
    /// A succession is not built like one, or is of another trail.
    #[error("succession {number} is no signed succession of this trail")]
    Malformed {
        /// Counted from 1.
        number: usize,
    },
    /// A succession is not signed by the key before it.
    #[error("succession {number} is not signed by the key before it: it was forged or changed")]
    NotSigned {
        /// Counted from 1.
        number: usize,
    },
    /// A succession after fewer lines than the one before.
    #[error("succession {number} is after {lines} lines, fewer than the one before it")]
    Backwards {
        /// Counted from 1.
        number: usize,
        /// What it says.
        lines: u64,
    },
}

/// Why a seal does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealSignatureError {
    /// None of the keys signed it, as it stands.
    #[error("it is not signed by the key of this trail: it was forged or changed")]
    NotSigned,
    /// Its key signs no trail of so many lines.
    #[error("it is of {lines} lines, and the key that signed it was succeeded before them, or took over after them")]
    OtherLines {
        /// What it says.
        lines: u64,
    },
}

impl KeyChain {
    /// The chain of one key.
    pub fn of(first: VerifierKey) -> Self {
        Self { first, successions: Vec::new() }
    }

    /// Reads `tracker.events.pub`, or just a verifier key, and checks every signature in it.
    ///
    /// # Errors
    /// See [`ChainError`].
    pub fn parse(text: &str) -> Result<Self, ChainError> {
        let (first, mut rest) = match text.find('\n') {
            Some(end) => text.split_at(end + 1),
            None => (text, ""),
        };
        let mut chain = Self::of(VerifierKey::parse(first)?);
        while !rest.is_empty() {
            let number = chain.successions.len() + 1;
            let end = rest.match_indices('\n').nth(NOTE_LINES - 1).map(|(last, _)| last + 1);
            let (note, after) = rest.split_at(end.ok_or(ChainError::Malformed { number })?);
            chain.add(note, number)?;
            rest = after;
        }
        Ok(chain)
    }

    fn add(&mut self, note: &str, number: usize) -> Result<(), ChainError> {
        let malformed = || ChainError::Malformed { number };
        let note = note::parse(note.as_bytes()).ok_or_else(malformed)?;
        let old = self.last().clone();
        let mut lines = note.text.split('\n');
        let mut line = || lines.next().ok_or_else(malformed);
        let (header, origin, size, root, key) = (line()?, line()?, line()?, line()?, line()?);
        let size = parse_size(size).ok_or_else(malformed)?;
        let root = parse_root(root).ok_or_else(malformed)?;
        let key = VerifierKey::parse(key).map_err(|_| malformed())?;
        let is_ours = header == HEADER && origin == old.origin() && key.origin() == origin;
        if !is_ours || note.text != succession_text(origin, size, &root, &key) {
            return Err(malformed());
        }
        let is_signed = |signature| old.is_named_by(TYPE_NOTE, signature) && old.made(note.text, &signature.bytes);
        if !matches!(note.signatures.as_slice(), [signature] if is_signed(signature)) {
            return Err(ChainError::NotSigned { number });
        }
        if self.successions.last().is_some_and(|before| before.lines > size) {
            return Err(ChainError::Backwards { number, lines: size });
        }
        self.successions.push(Succession { lines: size, root, key });
        Ok(())
    }

    /// The name of the trail.
    pub fn origin(&self) -> &str {
        self.first.origin()
    }

    /// All keys, the first one first.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        std::iter::once(&self.first).chain(self.successions.iter().map(|succession| &succession.key))
    }

    /// The key that signs now.
    pub fn last(&self) -> &VerifierKey {
        self.successions.last().map_or(&self.first, |succession| &succession.key)
    }

    /// How each key but the first took over.
    pub fn successions(&self) -> &[Succession] {
        &self.successions
    }

    /// Where in these keys those of `kept` stand, one after the other and by the same successions: the number
    /// of its first one, from 0. `None` when they do not, or not all of them.
    pub fn position_of(&self, kept: &Self) -> Option<usize> {
        let number = self.keys().position(|key| *key == kept.first)?;
        let after = self.successions.get(number..).unwrap_or_default();
        after.starts_with(&kept.successions).then_some(number)
    }

    /// How many lines key number `number` (from 0) signs: the fewest, and the most.
    fn reach(&self, number: usize) -> (u64, u64) {
        let began = number.checked_sub(1).and_then(|before| self.successions.get(before));
        let ended = self.successions.get(number);
        (began.map_or(0, |began| began.lines), ended.map_or(u64::MAX, |ended| ended.lines))
    }

    /// Checks that one of the keys signed a seal as it stands, and gives its number, from 0. As with
    /// checkpoints, a key signs no more lines than those after which it was succeeded, and no fewer than
    /// those after which it took over.
    ///
    /// # Errors
    /// See [`SealSignatureError`].
    pub fn check_seal(&self, seal: &Seal) -> Result<usize, SealSignatureError> {
        let signature = note::signature_by(&seal.origin, &seal.signature).ok_or(SealSignatureError::NotSigned)?;
        let text = seal.signed_text();
        let is_by = |key: &VerifierKey| key.is_named_by(TYPE_NOTE, &signature) && key.made(&text, &signature.bytes);
        let mut refused = SealSignatureError::NotSigned;
        for (number, _) in self.keys().enumerate().filter(|(_, key)| is_by(key)) {
            let (fewest, most) = self.reach(number);
            if (fewest..=most).contains(&seal.lines) {
                return Ok(number);
            }
            refused = SealSignatureError::OtherLines { lines: seal.lines };
        }
        Err(refused)
    }

    /// Whether one of the keys signed a published checkpoint, which its reach must allow as in
    /// [`KeyChain::check_seal`].
    pub(super) fn has_signed(&self, published: &PublishedCheckpoint) -> bool {
        let PublishedCheckpoint { checkpoint, .. } = published;
        let Some(signature) = note::signature_by(&checkpoint.origin, published.signature()) else { return false };
        let text = checkpoint.to_text();
        self.keys().enumerate().any(|(number, key)| {
            let (fewest, most) = self.reach(number);
            (fewest..=most).contains(&checkpoint.size)
                && key.is_named_by(TYPE_NOTE, &signature)
                && key.made(&text, &signature.bytes)
        })
    }

    /// Reads a checkpoint that may be by key number `from` (from 0) or any later one, as far as its
    /// size allows: a key signs no more lines than those after which it was succeeded, and no fewer
    /// than those after which it took over. Also gives the number of the key that signed.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn read(&self, note: &[u8], from: usize) -> Result<(SignedCheckpoint, usize), CheckpointError> {
        let size = Checkpoint::unchecked(note).ok_or(CheckpointError::Malformed)?.size;
        let mut refused = CheckpointError::NotSigned { origin: self.origin().to_owned() };
        for (number, key) in self.keys().enumerate().skip(from) {
            let (fewest, most) = self.reach(number);
            if !(fewest..=most).contains(&size) {
                continue;
            }
            match SignedCheckpoint::read(note, key) {
                Ok(signed) => return Ok((signed, number)),
                Err(CheckpointError::NotSigned { .. }) => {}
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}
