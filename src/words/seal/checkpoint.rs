//! Checkpoints: how many lines the trail had, what their root was, and when; signed.

use std::ops::Range;

use thiserror::Error;

use super::hash_text;
use super::key::{TYPE_COSIGNATURE, TYPE_NOTE, VerifierKey, parse_root, parse_size};
use super::note;
use crate::base::tree::Hash;

/// How many lines a stored checkpoint has: three of text, an empty one, two signatures.
const STORED_LINES: usize = 6;

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the trail.
    pub origin: String,
    /// How many lines.
    pub size: u64,
    /// The root of the tree of these lines.
    pub root: Hash,
}

impl Checkpoint {
    /// The root as notes have it: base64.
    pub fn root_text(&self) -> String {
        hash_text::encode(&self.root)
    }

    /// The text that is signed: three lines, each with its LF.
    pub(super) fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, hash_text::encode(&self.root))
    }

    /// Reads the text that is signed; lines after the third are ignored, as C2SP asks.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let origin = lines.next().filter(|origin| !origin.is_empty())?.to_owned();
        let size = parse_size(lines.next()?)?;
        let root = parse_root(lines.next()?)?;
        Some(Self { origin, size, root })
    }

    /// What a note says, with none of its signatures checked: for telling people what is wrong with it.
    pub fn unchecked(note: &[u8]) -> Option<Self> {
        Self::from_text(note::parse(note)?.text)
    }
}

/// A checkpoint whose two signatures were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// When it was signed, seconds since 1970-01-01 UTC; signed too.
    pub time_s: u64,
    /// How many more signature lines there are, of other keys; they are not checked.
    pub other_signatures: usize,
}

/// Why a note is no checkpoint by this key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// It is not built like one.
    #[error("it is no signed checkpoint")]
    Malformed,
    /// It is of another trail.
    #[error("it is a checkpoint of {found}, not of {wanted}")]
    OtherOrigin {
        /// What it says.
        found: String,
        /// The name of the key.
        wanted: String,
    },
    /// One of the two signatures is missing, or there twice.
    #[error("it has not exactly one signature and one cosignature by the key of {origin}")]
    NotSigned {
        /// The name of the key.
        origin: String,
    },
    /// A signature is not of this text.
    #[error("a signature on it is wrong: its text or the signature was changed")]
    WrongSignature,
}

impl SignedCheckpoint {
    /// Reads a note and checks that `key` signed it, both ways. Signatures of other keys are ignored.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn read(bytes: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = note::parse(bytes).ok_or(CheckpointError::Malformed)?;
        let checkpoint = Checkpoint::from_text(note.text).ok_or(CheckpointError::Malformed)?;
        if checkpoint.origin != key.origin() {
            return Err(CheckpointError::OtherOrigin { found: checkpoint.origin, wanted: key.origin().to_owned() });
        }
        let by = |kind| {
            let mut ours = note.signatures.iter().filter(move |signature| key.is_named_by(kind, signature));
            let one = ours.next().filter(|_| ours.next().is_none());
            one.ok_or_else(|| CheckpointError::NotSigned { origin: key.origin().to_owned() })
        };
        let (plain, timed) = (by(TYPE_NOTE)?, by(TYPE_COSIGNATURE)?);
        if !key.made(note.text, &plain.bytes) {
            return Err(CheckpointError::WrongSignature);
        }
        let time_s = key.cosigned_at(note.text, &timed.bytes).ok_or(CheckpointError::WrongSignature)?;
        Ok(Self { checkpoint, time_s, other_signatures: note.signatures.len() - 2 })
    }
}

/// One note of `tracker.events.checkpoints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNote<'a> {
    /// Where in the bytes that were given.
    pub range: Range<usize>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether it is the end of the bytes and not whole: fewer lines than a note has.
    pub is_torn: bool,
}

impl StoredNote<'_> {
    /// Whether a torn note of the trail `origin` may be what a kill left of one: a whole one that was
    /// changed is not, however it was changed.
    pub fn is_begun(&self, origin: &str) -> bool {
        let Ok(text) = std::str::from_utf8(self.bytes) else {
            // Torn inside the dash of a signature line, the only character that has more than a byte.
            let whole = self.bytes.utf8_chunks().next().map_or(&[][..], |chunk| chunk.valid().as_bytes());
            let is_dash_torn = self.bytes.len() - whole.len() < 3 && whole.ends_with(b"\n");
            return is_dash_torn && StoredNote { bytes: whole, ..self.clone() }.is_begun(origin);
        };
        let mut lines = text.split('\n');
        let begun = lines.next_back().unwrap_or_default();
        let whole: Vec<&str> = lines.collect();
        let fits = |number: usize, line: &str, is_whole: bool| note_line_fits(number, line, is_whole, origin);
        whole.len() < STORED_LINES
            && whole.iter().enumerate().all(|(number, line)| fits(number, line, true))
            && fits(whole.len(), begun, false)
    }
}

/// Whether a line of a stored checkpoint, or what is there of it, can be that line, by its form.
fn note_line_fits(number: usize, line: &str, is_whole: bool, origin: &str) -> bool {
    let signature = |bytes: usize| {
        let start = format!("\u{2014} {origin} ");
        match line.strip_prefix(start.as_str()) {
            Some(base64) => is_base64_of(base64, bytes, is_whole),
            None => !is_whole && start.starts_with(line),
        }
    };
    match number {
        0 => {
            if is_whole {
                line == origin
            } else {
                origin.starts_with(line)
            }
        }
        1 => (parse_size(line).is_some() && !line.is_empty()) || (!is_whole && line.is_empty()),
        2 => is_base64_of(line, 32, is_whole),
        3 => line.is_empty(),
        4 => signature(4 + 64),
        _ => signature(4 + 8 + 64),
    }
}

/// Whether it is base64 of so many bytes, or the beginning of such.
fn is_base64_of(text: &str, bytes: usize, is_whole: bool) -> bool {
    let length = bytes.div_ceil(3) * 4;
    let letters = (bytes * 8).div_ceil(6);
    let fits = |(place, sign): (usize, u8)| match sign {
        b'=' => place >= letters,
        sign => place < letters && (sign.is_ascii_alphanumeric() || sign == b'+' || sign == b'/'),
    };
    (if is_whole { text.len() == length } else { text.len() <= length }) && text.bytes().enumerate().all(fits)
}

/// Splits the bytes of `tracker.events.checkpoints` into its notes, by counting lines; nothing is
/// checked.
#[derive(Clone, Debug)]
pub struct Notes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Notes<'a> {
    /// The notes of these bytes, which begin with one.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for Notes<'a> {
    type Item = StoredNote<'a>;

    fn next(&mut self) -> Option<StoredNote<'a>> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr_iter(b'\n', rest).nth(STORED_LINES - 1).map(|last| last + 1);
        let bytes = rest.get(..end.unwrap_or(rest.len()))?;
        let range = self.at..self.at + bytes.len();
        self.at = range.end;
        Some(StoredNote { range, bytes, is_torn: end.is_none() })
    }
}
