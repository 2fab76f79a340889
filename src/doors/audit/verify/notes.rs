//! The checkpoints of a trail, one after another, with their signatures checked: in blocks, on
//! several threads, so that a year of them neither fills the memory nor takes a core for hours.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::num::NonZero;
use std::thread;

use super::beside::Beside;
use super::report::{Damage, DamageKind, Report};
use crate::base::tree::Hash;
use crate::words::seal::{Checkpoint, CheckpointError, KeyChain, Notes, SignedCheckpoint};

/// The name of the file, as reports say it.
pub(super) const CHECKPOINTS: &str = "tracker.events.checkpoints";

/// How much is read at once: some seven hundred notes.
const BLOCK_BYTES: usize = 256 * 1024;

/// Fewer notes are not worth a thread.
const NOTES_PER_THREAD: usize = 32;

/// A tracker signs every 60 s even when nothing comes; more than this between two is a hole.
const HOLE_S: u64 = 90;

/// What the trail had, by one checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// How many lines.
    pub(super) size: u64,
    /// The root of their tree.
    pub(super) root: Hash,
    /// When it was signed; `None` when there was no key to check that with.
    pub(super) time_s: Option<u64>,
    /// Where the note begins.
    pub(super) byte: u64,
}

/// Times without a checkpoint: the tracker did not run, or was killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holes {
    pub(super) count: u64,
    /// Begin and end of the longest.
    pub(super) longest_s: (u64, u64),
}

/// Reads the marks in their order.
pub(super) struct Marks<'a> {
    file: Option<File>,
    /// Up to here the file is read: more may be written meanwhile.
    length: u64,
    keys: Option<&'a KeyChain>,
    /// The number of the first key that is trusted: notes of those before it are passed over.
    trusted_from: usize,
    origin: Option<&'a str>,
    /// What was read and is no whole note yet.
    rest: Vec<u8>,
    /// Where `rest` begins in the file.
    at: u64,
    ready: VecDeque<Mark>,
    key_number: usize,
    last: Option<Mark>,
    good: u64,
    passed_over: u64,
    holes: Holes,
    torn_bytes: u64,
    /// At most [`Report::MOST_DAMAGES`].
    damages: Vec<Damage>,
    more_damages: u64,
}

/// A note before its signatures are checked.
struct Unchecked {
    byte: u64,
    bytes: Vec<u8>,
    says: Checkpoint,
}

impl<'a> Marks<'a> {
    /// The notes in the first `length` bytes of `file`. Without `keys` their roots are taken as they stand.
    pub(super) fn new(file: Option<File>, length: u64, beside: &'a Beside) -> Self {
        Self {
            file,
            length,
            keys: beside.keys.as_ref(),
            trusted_from: beside.trusted_from,
            origin: beside.origin(),
            rest: Vec::new(),
            at: 0,
            ready: VecDeque::new(),
            key_number: 0,
            last: None,
            good: 0,
            passed_over: 0,
            holes: Holes::default(),
            torn_bytes: 0,
            damages: Vec::new(),
            more_damages: 0,
        }
    }

    /// The next one that may be relied on; `None` at the end. Their sizes and times never fall.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn next(&mut self) -> io::Result<Option<Mark>> {
        loop {
            if let Some(mark) = self.ready.pop_front() {
                return Ok(Some(mark));
            }
            if self.file.is_none() {
                return Ok(None);
            }
            self.read_block()?;
        }
    }

    /// How many had good signatures.
    pub(super) fn good(&self) -> u64 {
        self.good
    }

    /// How many were signed by keys before those that are trusted.
    pub(super) fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The last that was read and may be relied on.
    pub(super) fn last(&self) -> Option<Mark> {
        self.last
    }

    pub(super) fn holes(&self) -> Holes {
        self.holes
    }

    /// Bytes of a last note that a kill tore.
    pub(super) fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// What is wrong with the notes that were read, and how many more are wrong.
    pub(super) fn take_damages(&mut self) -> (Vec<Damage>, u64) {
        (std::mem::take(&mut self.damages), self.more_damages)
    }

    fn read_block(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let read_so_far = self.at + self.rest.len() as u64;
        let wanted = self.length.saturating_sub(read_so_far).min(BLOCK_BYTES as u64);
        let got = file.take(wanted).read_to_end(&mut self.rest)?;
        let is_end = got == 0 || read_so_far + got as u64 >= self.length;
        let unchecked = self.split(is_end);
        let results = check_all(&unchecked, self.keys);
        for (note, result) in unchecked.iter().zip(results) {
            self.admit(note, result);
        }
        if is_end {
            self.file = None;
        }
        Ok(())
    }

    /// Takes the whole notes out of `rest`; at the end of the file, everything.
    fn split(&mut self, is_end: bool) -> Vec<Unchecked> {
        let rest = std::mem::take(&mut self.rest);
        let mut all = Vec::new();
        let mut from = 0;
        while let Some(note) = rest.get(from..).and_then(|rest| Notes::new(rest).next()) {
            let byte = self.at + from as u64;
            if note.is_torn {
                if is_end {
                    let is_begun = self.origin.is_none_or(|origin| note.is_begun(origin));
                    if is_begun {
                        self.torn_bytes = note.bytes.len() as u64;
                    } else {
                        self.complain(byte, "it is no signed checkpoint, nor the beginning of one".to_owned());
                    }
                    from += note.bytes.len();
                }
                break;
            }
            match Checkpoint::unchecked(note.bytes) {
                Some(says) => {
                    all.push(Unchecked { byte, bytes: note.bytes.to_vec(), says });
                    from += note.bytes.len();
                }
                None => {
                    self.complain(byte, CheckpointError::Malformed.to_string());
                    from += self.skip(note.bytes);
                }
            }
        }
        self.at += from as u64;
        self.rest = rest.get(from..).unwrap_or_default().to_vec();
        all
    }

    /// How far the next note may begin behind a damaged one: where a line is the origin.
    fn skip(&self, damaged: &[u8]) -> usize {
        let Some(origin) = self.origin else { return damaged.len() };
        let line = format!("\n{origin}\n");
        memchr::memmem::find(damaged, line.as_bytes()).map_or(damaged.len(), |at| at + 1)
    }

    fn complain(&mut self, byte: u64, what: String) {
        let damage = Damage { byte: Some(byte), ..Damage::of_file(DamageKind::Checkpoint, CHECKPOINTS, what) };
        if self.damages.len() < Report::MOST_DAMAGES {
            self.damages.push(damage);
        } else {
            self.more_damages += 1;
        }
    }

    /// Takes a note for a mark, unless something speaks against it.
    fn admit(&mut self, note: &Unchecked, result: Option<Result<(SignedCheckpoint, usize), CheckpointError>>) {
        let says = &note.says;
        let time_s = match result {
            None => None,
            Some(Err(error)) => return self.complain(note.byte, format!("{} lines: {error}", says.size)),
            Some(Ok((signed, _))) if signed.other_signatures > 0 => {
                return self.complain(note.byte, "somebody else signed it too, after it was written".to_owned());
            }
            Some(Ok((_, key))) if key < self.key_number => {
                return self.complain(note.byte, "it is signed by a key that had been succeeded".to_owned());
            }
            Some(Ok((_, key))) if key < self.trusted_from => {
                self.passed_over += 1;
                return;
            }
            Some(Ok((signed, key))) => {
                self.key_number = key;
                self.good += 1;
                Some(signed.time_s)
            }
        };
        if let Some(last) = self.last {
            if says.size < last.size {
                let what = format!("it is of {} lines, and the one before it of {}", says.size, last.size);
                return self.complain(note.byte, what);
            }
            if says.size == last.size && says.root != last.root {
                let what = format!("its root of {} lines is another one than before", says.size);
                return self.complain(note.byte, what);
            }
            if let (Some(before), Some(now)) = (last.time_s, time_s) {
                if now < before {
                    let what = format!("it was signed at {now} s, and the one before it at {before} s: later");
                    return self.complain(note.byte, what);
                }
                if now - before > HOLE_S {
                    self.holes.count += 1;
                    let (from, to) = self.holes.longest_s;
                    if now - before > to - from {
                        self.holes.longest_s = (before, now);
                    }
                }
            }
        }
        let mark = Mark { size: says.size, root: says.root, time_s, byte: note.byte };
        self.last = Some(mark);
        self.ready.push_back(mark);
    }
}

type Checked = Option<Result<(SignedCheckpoint, usize), CheckpointError>>;

/// Checks the signatures of the notes, in their order; `None` for each without keys.
fn check_all(notes: &[Unchecked], keys: Option<&KeyChain>) -> Vec<Checked> {
    let Some(keys) = keys else { return notes.iter().map(|_| None).collect() };
    let check =
        |notes: &[Unchecked]| -> Vec<Checked> { notes.iter().map(|note| Some(keys.read(&note.bytes, 0))).collect() };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = notes.len().div_ceil(processors).max(NOTES_PER_THREAD);
    if notes.len() <= share {
        return check(notes);
    }
    thread::scope(|scope| {
        let threads: Vec<_> = notes.chunks(share).map(|part| (part, scope.spawn(move || check(part)))).collect();
        // A thread that has panicked has left its part undone: here it is done, or panics, again.
        threads.into_iter().flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| check(part))).collect()
    })
}
