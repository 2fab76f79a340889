//! Saving what a search or a filter means: the stored lines, exactly, into a new file.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::seek::IsHit;
use crate::doors::tail::{Direction, Pages, Place, Searched};

/// So many bytes are looked through in one go.
const SLICE_BYTES: u64 = 8 * 1024 * 1024;

/// Lines on their way into a file.
pub(super) struct Save {
    out: BufWriter<File>,
    path: PathBuf,
    is_hit: IsHit,
    from: Option<Place>,
    saved: u64,
}

/// How a slice ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Saving {
    /// There is more to look through.
    GoOn,
    /// All of them are in the file.
    Done { lines: u64, path: PathBuf },
    /// The files could not be read, or the new one not written; what was saved until then stays.
    Failed { reason: String },
}

impl Save {
    /// Begins a new file in `folder`, named after the moment; never one that is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn begin(folder: &Path, pages: &Pages, is_hit: IsHit, now_ms: i64) -> io::Result<Self> {
        let moment = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let path = folder.join(format!("log-monitor-{}.jsonl", moment.strftime("%Y%m%dT%H%M%S%.3fZ")));
        let out = BufWriter::new(File::create_new(&path)?);
        Ok(Self { out, path, is_hit, from: pages.first(), saved: 0 })
    }

    /// Goes on a slice.
    pub(super) fn step(&mut self, pages: &Pages) -> Saving {
        let Some(from) = self.from else { return self.finish() };
        let mut written = Ok(());
        let Self { out, is_hit, saved, .. } = self;
        let searched = pages.search(from, Direction::Forwards, SLICE_BYTES, &mut |line| {
            if !is_hit(line) {
                return false;
            }
            written = out.write_all(line).and_then(|()| out.write_all(b"\n"));
            *saved += u64::from(written.is_ok());
            // A disk that fails ends the search.
            written.is_err()
        });
        match (written, searched) {
            (Err(error), _) => self.failed(&error),
            (Ok(()), Ok(Searched::GoOn(place) | Searched::Found(place))) => {
                self.from = Some(place);
                Saving::GoOn
            }
            (Ok(()), Ok(Searched::Ended)) => self.finish(),
            (Ok(()), Err(error)) => Saving::Failed { reason: error.to_string() },
        }
    }

    fn finish(&mut self) -> Saving {
        match self.out.flush() {
            Ok(()) => Saving::Done { lines: self.saved, path: self.path.clone() },
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&self, error: &io::Error) -> Saving {
        Saving::Failed { reason: format!("{}: {error}", self.path.display()) }
    }
}
