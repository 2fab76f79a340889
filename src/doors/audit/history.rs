//! A trail as it was when it was opened or verified, held to what it had published of itself.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::paths::checkpoints_path;
use super::verify::Report;
use crate::base::tree::Hash;
use crate::tools::regular::open_regular;
use crate::words::seal::{Checkpoint, HeldTo, KeyChain, Notes, hold_to_published, newest_published};

/// How much of the checkpoints is read at once: many times what the longest one takes.
const BLOCK_BYTES: u64 = if cfg!(test) { 4 << 10 } else { 256 << 10 };

/// What a trail was when it was opened or verified.
#[derive(Clone, Debug)]
pub struct History {
    folder: PathBuf,
    keys: KeyChain,
    lines: u64,
    /// As far as the seal, or without one the last checkpoint, vouches for them.
    sealed_lines: u64,
}

/// How a trail stands to what it had published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// It had published nothing that counts.
    NothingPublished,
    /// It is that trail.
    Agreeing {
        /// Of how many lines the newest checkpoint is that it had published.
        published_lines: u64,
    },
    /// It is an older state of that trail.
    RolledBack {
        /// Of how many lines the newest checkpoint is that it had published.
        published_lines: u64,
        /// From which line on it is written anew: the first that is not sealed.
        from_line: u64,
    },
    /// It reaches as far, and that checkpoint is none of its own.
    Another {
        /// Of how many lines the newest checkpoint is that it had published.
        published_lines: u64,
    },
}

impl History {
    pub(super) fn new(folder: &Path, keys: KeyChain, lines: u64, sealed_lines: u64) -> Self {
        Self { folder: folder.to_owned(), keys, lines, sealed_lines }
    }

    /// That of a trail that was verified, as far as signatures cover it; `None` when there was no key to know it by.
    pub fn of_verified(folder: &Path, report: &Report) -> Option<Self> {
        let lines = report.covered_lines;
        report.keys.clone().map(|keys| Self::new(folder, keys, lines, lines))
    }

    /// The name of the trail.
    pub fn origin(&self) -> &str {
        self.keys.origin()
    }

    /// Whether it has lines for which neither its seal nor a checkpoint vouches.
    pub fn has_unsealed_lines(&self) -> bool {
        self.lines > self.sealed_lines
    }

    /// Holds it to what stands beside the offsets of its group. What is no checkpoint of this trail by one of its keys
    /// is passed over.
    ///
    /// # Errors
    /// What the operating system says of `tracker.events.checkpoints`.
    pub fn hold_to<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> io::Result<Held> {
        let Some(published) = newest_published(texts, &self.keys) else { return Ok(Held::NothingPublished) };
        let found = find_checkpoint(&checkpoints_path(&self.folder), self.origin(), published.size)?;
        let published_lines = published.size;
        Ok(match hold_to_published(&published, self.lines, found.as_ref()) {
            HeldTo::Agreeing => Held::Agreeing { published_lines },
            HeldTo::RolledBack => Held::RolledBack { published_lines, from_line: self.sealed_lines + 1 },
            HeldTo::Another => Held::Another { published_lines },
        })
    }
}

/// The root of the checkpoint of exactly so many lines; `None` without one. Sizes never fall, so it is looked for from
/// the end, where the last that was published stands, until there is one of fewer lines. Its signatures are not checked:
/// those of the last one were when the trail was opened, and one of more lines that stands before it is not reached.
fn find_checkpoint(path: &Path, origin: &str, size: u64) -> io::Result<Option<Hash>> {
    let file = match open_regular(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut end = file.metadata()?.len();
    let begin = format!("\n{origin}\n");
    while end > 0 {
        let start = end.saturating_sub(BLOCK_BYTES);
        let block = read_block(&file, start, end)?;
        // A note that the block cuts is read with the one before.
        let skipped = match start {
            0 => 0,
            _ => match memchr::memmem::find(&block, begin.as_bytes()) {
                Some(lf) => lf + 1,
                // No note is as long as a block: whatever this is, nothing before it counts.
                None => return Ok(None),
            },
        };
        let notes: Vec<_> = Notes::new(block.get(skipped..).unwrap_or_default()).collect();
        for checkpoint in notes.iter().rev().filter_map(|note| Checkpoint::unchecked(note.bytes)) {
            if checkpoint.size == size {
                return Ok(Some(checkpoint.root));
            }
            if checkpoint.size < size {
                return Ok(None);
            }
        }
        end = start + skipped as u64;
    }
    Ok(None)
}

fn read_block(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut block = vec![0; usize::try_from(end - start).unwrap_or(0)];
    file.read_exact_at(&mut block, start)?;
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::seal::{PublishedCheckpoint, PublishedText, SigningKey};

    const ORIGIN: &str = "ordertrail/orders/0123456789abcdef";

    fn key() -> SigningKey {
        SigningKey::from_seed(ORIGIN, [7; 32]).unwrap()
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size, root: [size.to_le_bytes()[0]; 32] }
    }

    /// A folder with checkpoints of these sizes, each signed twice.
    fn folder(sizes: impl Iterator<Item = u64>) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let notes: String = sizes.map(|size| key().sign(&checkpoint(size), 1_000 + size).repeat(2)).collect();
        std::fs::write(checkpoints_path(folder.path()), notes).unwrap();
        folder
    }

    fn published(checkpoint: &Checkpoint) -> String {
        let checkpoint = PublishedCheckpoint::of_note(&key().sign(checkpoint, 1_000));
        PublishedText { origin: ORIGIN.to_owned(), topic_id: None, checkpoint }.to_text()
    }

    #[test]
    fn each_checkpoint_is_found_wherever_a_block_begins() {
        let folder = folder((0..100).map(|n| n * 3));
        let path = checkpoints_path(folder.path());
        assert!(std::fs::metadata(&path).unwrap().len() > BLOCK_BYTES * 10);
        for size in 0..300 {
            let found = find_checkpoint(&path, ORIGIN, size).unwrap();
            assert_eq!(found, (size % 3 == 0).then(|| checkpoint(size).root), "{size}");
        }
        assert_eq!(find_checkpoint(&path, ORIGIN, 300).unwrap(), None);
        assert_eq!(find_checkpoint(&folder.path().join("none"), ORIGIN, 0).unwrap(), None);
    }

    #[test]
    fn a_trail_is_held_to_the_newest_that_a_key_of_it_signed() {
        let keys = KeyChain::of(key().verifier());
        let folder = folder([10, 20, 30].into_iter());
        let history = |lines, sealed| History::new(folder.path(), keys.clone(), lines, sealed);
        let stranger = SigningKey::from_seed(ORIGIN, [8; 32]).unwrap();
        let forged = PublishedCheckpoint::of_note(&stranger.sign(&checkpoint(99), 1));
        let forged = PublishedText { origin: ORIGIN.to_owned(), topic_id: None, checkpoint: forged }.to_text();
        let (ten, thirty, fifty) = (published(&checkpoint(10)), published(&checkpoint(30)), published(&checkpoint(50)));
        let hold = |lines, texts: &[&str]| history(lines, 30).hold_to(texts.iter().copied()).unwrap();
        assert_eq!(hold(33, &[]), Held::NothingPublished);
        assert_eq!(hold(33, &["", "no text of ours", &forged]), Held::NothingPublished);
        assert_eq!(hold(33, &[&ten, &thirty, &forged]), Held::Agreeing { published_lines: 30 });
        assert_eq!(hold(33, &[&ten, &fifty]), Held::RolledBack { published_lines: 50, from_line: 31 });
        assert_eq!(hold(50, &[&fifty, &ten]), Held::Another { published_lines: 50 });
        let other = Checkpoint { root: [1; 32], ..checkpoint(30) };
        assert_eq!(hold(33, &[&published(&other)]), Held::Another { published_lines: 30 });
    }

    /// One of more lines that stands before the last is of no use to who put it there.
    #[test]
    fn a_checkpoint_that_is_out_of_its_order_is_not_found() {
        let folder = folder([10, 50, 20].into_iter());
        assert_eq!(find_checkpoint(&checkpoints_path(folder.path()), ORIGIN, 50).unwrap(), None);
    }
}
