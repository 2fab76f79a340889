//! The files beside the trail, as far as they can be judged by themselves.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::notes::CHECKPOINTS;
use super::report::{Damage, DamageKind};
use super::{VerifyError, VerifyOptions};
use crate::tools::regular::{open_regular, read_regular};
use crate::words::seal::{KeyChain, Seal, SegmentEntry, topic_of};

pub(super) const SEAL: &str = "tracker.events.seal";
pub(super) const KEYS: &str = "tracker.events.pub";
pub(super) const SEGMENTS: &str = "tracker.events.segments";

/// A tracker seals at most once a second: one quiet look is soon had.
const LOOKS: usize = 20;

/// Far more than any of the files that are read as a whole ever has: a larger one must not fill the memory.
const MOST_BYTES: u64 = 256 << 20;

/// What stands beside a trail.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) seal: Option<Seal>,
    /// The file of it, as it stood.
    seal_bytes: Vec<u8>,
    /// Whether a key that is trusted signed it.
    pub(super) is_seal_trusted: bool,
    pub(super) keys: Option<KeyChain>,
    /// The number of the first of the keys that is trusted, from 0: those before it vouch for themselves alone.
    pub(super) trusted_from: usize,
    /// How many checkpoints from elsewhere are by those before it.
    pub(super) earlier_anchors: u64,
    /// The checkpoints, and how long the file was.
    pub(super) checkpoints: Option<(File, u64)>,
    /// The closed segments, in their order.
    pub(super) entries: Vec<SegmentEntry>,
    /// Whether there is anything that only a trail that was sealed has.
    pub(super) is_begun: bool,
    pub(super) damages: Vec<Damage>,
    pub(super) information: Vec<String>,
}

impl Beside {
    /// Reads all but the closed segments. Everything it tells is true of a trail that is opened after
    /// this: lines are synced before they are sealed, and sealed before they are signed.
    pub(super) fn read(dir: &Path, options: &VerifyOptions) -> Result<Self, VerifyError> {
        let mut beside = Self::default();
        let (checkpoints, seal) = consistent_look(dir)?;
        let keys = read(&dir.join(KEYS))?;
        let has_checkpoints = checkpoints.as_ref().is_some_and(|(_, length)| *length > 0);
        let has_more = keys.is_some() || has_checkpoints || dir.join(SEGMENTS).exists();
        // The first start of all writes a seal of no line before there is a key: it may be killed between.
        let seal = seal.filter(|bytes| has_more || !Seal::parse(bytes).is_ok_and(|seal| seal.lines == 0));
        beside.is_begun = seal.is_some() || has_checkpoints || dir.join(SEGMENTS).exists();
        beside.checkpoints = checkpoints;
        beside.settle_keys(keys, options);
        match seal {
            Some(bytes) => {
                beside.settle_seal(&bytes);
                beside.seal_bytes = bytes;
            }
            None if beside.is_begun => beside.complain(DamageKind::Seal, SEAL, "it is not there"),
            None if options.keys.is_some() || !options.anchors.is_empty() || options.is_complete => {
                beside.complain(DamageKind::Seal, SEAL, "nothing of this trail was ever sealed");
            }
            None => beside.information.push("the trail is not sealed: nothing of it can be proven".to_owned()),
        }
        Ok(beside)
    }

    fn complain(&mut self, kind: DamageKind, file: &str, what: impl Into<String>) {
        self.damages.push(Damage::of_file(kind, file, what));
    }

    /// The name of the trail.
    pub(super) fn origin(&self) -> Option<&str> {
        self.keys.as_ref().map(KeyChain::origin).or(self.seal.as_ref().map(|seal| seal.origin.as_str()))
    }

    /// The topic that all lines must be of: that of the key, which is signed.
    pub(super) fn topic(&self) -> Option<&str> {
        let of_origin = self.origin().and_then(topic_of);
        of_origin.or(self.seal.as_ref().map(|seal| seal.topic.as_str()))
    }

    fn settle_keys(&mut self, file: Option<Vec<u8>>, options: &VerifyOptions) {
        let given = options.keys.as_ref();
        let parsed = file.map(|bytes| match std::str::from_utf8(&bytes) {
            Ok(text) if !text.ends_with('\n') => Err("it does not end in a LF".to_owned()),
            Ok(text) => KeyChain::parse(text).map_err(|error| error.to_string()),
            Err(_) => Err("it is no text".to_owned()),
        });
        let own = match parsed {
            Some(Ok(chain)) => Some(chain),
            Some(Err(what)) => {
                self.complain(DamageKind::Keys, KEYS, what);
                None
            }
            None if given.is_none() && self.is_begun => {
                self.complain(DamageKind::Keys, KEYS, "it is not there: pass --key to check the signatures");
                None
            }
            None => None,
        };
        self.keys = match (given, own) {
            (Some(given), Some(own)) => match own.position_of(given) {
                Some(number) => {
                    self.trusted_from = number;
                    Some(own)
                }
                None => {
                    self.complain(DamageKind::Keys, KEYS, "its keys are not the one that was given with --key");
                    Some(given.clone())
                }
            },
            (Some(given), None) => Some(given.clone()),
            (None, own) => own,
        };
    }

    /// What is wrong with the signature of a seal.
    fn wrong_signature(&self, seal: &Seal) -> Option<String> {
        match self.keys.as_ref()?.check_seal(seal) {
            Ok(number) if number < self.trusted_from => {
                Some("it is signed by a key before the one that was given with --key".to_owned())
            }
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    fn settle_seal(&mut self, bytes: &[u8]) {
        let seal = match Seal::parse(bytes) {
            Ok(seal) => seal,
            Err(error) => return self.complain(DamageKind::Seal, SEAL, error.to_string()),
        };
        let keys_origin = self.keys.as_ref().map(KeyChain::origin);
        let what = if seal.to_bytes() != bytes {
            Some("it is not written as the tracker writes it: somebody changed it".to_owned())
        } else if keys_origin.is_some_and(|origin| origin != seal.origin) {
            Some(format!("it is of {}, and the key of {}", seal.origin, keys_origin.unwrap_or_default()))
        } else if topic_of(&seal.origin).is_some_and(|topic| topic != seal.topic) {
            Some(format!("it is of topic {}, and its name of another one: {}", seal.topic, seal.origin))
        } else {
            self.wrong_signature(&seal)
        };
        self.is_seal_trusted = what.is_none() && self.keys.is_some();
        if let Some(what) = what {
            self.complain(DamageKind::Seal, SEAL, what);
        }
        self.seal = Some(seal);
    }

    /// Whether the seal still stands as it stood when it was read.
    pub(super) fn is_seal_unchanged(&self, dir: &Path) -> Result<bool, VerifyError> {
        Ok(read(&dir.join(SEAL))?.is_some_and(|bytes| bytes == self.seal_bytes))
    }

    /// Reads the closed segments; must be called after the trail was opened, so that every segment
    /// that was rotated by then is told of.
    pub(super) fn read_entries(&mut self, dir: &Path) -> Result<(), VerifyError> {
        let Some(bytes) = read(&dir.join(SEGMENTS))? else { return Ok(()) };
        let mut at = 0;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let place = Some(at);
            at += line.len() as u64;
            let entry = SegmentEntry::parse(line);
            let wrong = match &entry {
                // It is written before the segment is renamed: a torn one is of no renamed segment.
                Err(_) if line.last() != Some(&b'\n') => {
                    self.information.push(format!("the last line of {SEGMENTS} is torn"));
                    continue;
                }
                Err(error) => format!("it does not tell a closed segment: {error}"),
                Ok(entry) if entry.to_line() != line => {
                    "it is not written as the tracker writes it: somebody changed it".to_owned()
                }
                Ok(entry) if entry.tree().is_none() => "its frontier does not fit its lines".to_owned(),
                Ok(entry) if Some(entry.first_line) != self.entries.last().map_or(Some(1), next_line) => {
                    let (found, due) = (entry.first_line, self.entries.last().and_then(next_line).unwrap_or(1));
                    format!("it tells of line {found} on, and line {due} was due")
                }
                Ok(_) => String::new(),
            };
            if !wrong.is_empty() {
                let damage = Damage::of_file(DamageKind::Segment, SEGMENTS, wrong);
                self.damages.push(Damage { byte: place, ..damage });
            }
            if let Some(entry) = entry.ok().filter(|entry| entry.tree().is_some()) {
                self.entries.push(entry);
            }
        }
        Ok(())
    }

    /// The closed segment that begins with this line.
    pub(super) fn entry_from(&self, first_line: u64) -> Option<&SegmentEntry> {
        self.entries.iter().find(|entry| entry.first_line == first_line)
    }

    /// The closed segment that ends with this line.
    pub(super) fn entry_to(&self, last_line: u64) -> Option<&SegmentEntry> {
        self.entries.iter().find(|entry| entry.end() == Some(last_line))
    }
}

/// The line after a closed segment.
pub(super) fn next_line(entry: &SegmentEntry) -> Option<u64> {
    entry.end()?.checked_add(1)
}

/// The file of checkpoints with its length, and the bytes of the seal; each if it is there.
type Look = (Option<(File, u64)>, Option<Vec<u8>>);

/// The checkpoints and the seal as they stood at one moment, even while a tracker runs.
fn consistent_look(dir: &Path) -> Result<Look, VerifyError> {
    let path = dir.join(CHECKPOINTS);
    let look = || -> Result<_, VerifyError> {
        let checkpoints = match open_regular(&path) {
            Ok(file) => {
                let length = file.metadata().map_err(|source| disk(&path, source))?.len();
                Some((file, length))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(disk(&path, source)),
        };
        Ok((checkpoints, read(&dir.join(SEAL))?))
    };
    let length = |look: &(Option<(File, u64)>, _)| look.0.as_ref().map(|(_, length)| *length);
    let mut before = look()?;
    for _ in 0..LOOKS {
        let after = look()?;
        if length(&before) == length(&after) && before.1 == after.1 {
            return Ok(after);
        }
        before = after;
    }
    Ok(before)
}

/// Refuses a pipe or a device in the place of a segment, or of what is read with them: reading would not end.
pub(super) fn refuse_what_is_no_file(dir: &Path) -> Result<(), VerifyError> {
    // A folder that is not there, or not to be read, is told by whoever reads the segments.
    let Ok(names) = std::fs::read_dir(dir) else { return Ok(()) };
    for entry in names.flatten() {
        let name = entry.file_name();
        let end = name.to_str().and_then(|name| name.strip_prefix("tracker.events"));
        let is_read = |end: &str| match end.strip_prefix('.') {
            Some(end) => matches!(end, "segments" | "index") || end.parse::<u64>().is_ok(),
            None => end.is_empty(),
        };
        if end.is_some_and(is_read) {
            open_regular(&entry.path()).map_err(|source| disk(&entry.path(), source))?;
        }
    }
    Ok(())
}

/// The whole of a small file; `None` when it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, VerifyError> {
    match read_regular(path, MOST_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(disk(path, source)),
    }
}

pub(super) fn disk(path: &Path, source: io::Error) -> VerifyError {
    VerifyError::Disk { path: PathBuf::from(path), source }
}
