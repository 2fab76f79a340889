//! Reading the files for the page: only while somebody looks, at most once a second, and never long.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crate::doors::audit::read::{NewestCheckpoint, newest_checkpoint};
use crate::doors::tail::{Direction, Pages, Place, StoredLine, TailError};
use crate::logic::monitor::{BucketSize, Figures, Plot};
use crate::programs::monitor::rows::{EventRow, LogRow, ROW_BYTES, Row};
use crate::programs::monitor::sources::{Looked, SourceOptions, Sources};
use crate::programs::monitor::view::{forget_since, is_before, sealed_to};
use crate::tools::moment::now_ms;

/// Between two looks at the files.
const EVERY: Duration = Duration::from_millis(950);

/// How long one look may read, while there is much to read.
const READING: Duration = Duration::from_millis(40);

/// How long the first look may: a small trail is counted by then.
const FIRST_READING: Duration = Duration::from_millis(250);

/// So much is read before the time is looked at.
const BUDGET_BYTES: u64 = 256 * 1024;

/// Further behind it begins anew: what was sealed meanwhile need not be counted.
const FAR_BYTES: u64 = 64 << 20;

/// Between two such beginnings.
const ANEW_EVERY: Duration = Duration::from_secs(10);

/// The last lines of the trail that are shown.
const MOST_EVENTS: usize = 30;

/// The last lines of the log that are shown.
const MOST_LOGS: usize = 15;

/// The last gaps that are shown, and how much of the log is looked through for them.
const MOST_GAPS: usize = 20;
const GAPS_BYTES: u64 = 4 << 20;

/// Columns of the plots: a quarter of an hour.
const COLUMNS: usize = 60;
const BUCKET: BucketSize = BucketSize::Seconds15;

/// What a gap's line in the log holds.
const GAP: &[u8] = br#""event":"audit.gap""#;

/// What the files told at one moment.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) figures: Figures,
    pub(super) plot: Plot,
    /// The last lines of the trail, the oldest first.
    pub(super) events: Vec<EventRow>,
    /// The last lines of the log, the oldest first.
    pub(super) logs: Vec<LogRow>,
    /// The last lines of the log that tell a gap, the newest first.
    pub(super) gaps: Vec<LogRow>,
    pub(super) checkpoint: Option<NewestCheckpoint>,
    /// Why lines could not be read.
    pub(super) trouble: Option<String>,
}

/// Which of the files a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    Events,
    Log,
}

/// The files, and what they told last.
pub(super) struct Reading {
    files: SourceOptions,
    inside: Mutex<Inside>,
    shown: Mutex<Option<Arc<Shown>>>,
}

struct Inside {
    sources: Sources,
    /// How long the first look may read.
    first: Duration,
    opened: Instant,
    looked: Option<Instant>,
    events: Vec<EventRow>,
    logs: Vec<LogRow>,
    gaps: Vec<LogRow>,
    trouble: Option<String>,
}

impl Reading {
    /// Reads nothing yet.
    pub(super) fn new(files: SourceOptions) -> Self {
        Self::with_patience(files, FIRST_READING)
    }

    /// The same with another time for the first look.
    pub(super) fn with_patience(files: SourceOptions, first: Duration) -> Self {
        Self { inside: Mutex::new(Inside::new(&files, first)), files, shown: Mutex::default() }
    }

    /// A text without the folder that the files are in, which is nobody's business who may open the page.
    pub(super) fn without_folder(&self, text: &str) -> String {
        match self.files.events.parent().filter(|folder| folder.is_absolute()).and_then(Path::to_str) {
            Some(folder) if folder.len() > 1 => text.replace(&format!("{}/", folder.trim_end_matches('/')), ""),
            _ => text.to_owned(),
        }
    }

    /// What the files tell, not much older than a second. Who comes while somebody else reads is told what is known.
    pub(super) fn shown(&self) -> Arc<Shown> {
        let known = lock(&self.shown).clone();
        let inside = match known {
            Some(known) => match self.inside.try_lock() {
                Ok(inside) if inside.is_due() => inside,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                _ => return known,
            },
            None => lock(&self.inside),
        };
        self.look(inside)
    }

    fn look(&self, mut inside: MutexGuard<'_, Inside>) -> Arc<Shown> {
        let looked = inside.look(&self.files);
        inside.rows(looked);
        let now_ms = now_ms();
        let model = inside.sources.model();
        let figures = model.figures(now_ms);
        let mut plot = model.plot(COLUMNS, BUCKET, now_ms);
        if let Some(lost_ms) = figures.trail_as_of_ms.filter(|_| figures.events_file.is_lost()) {
            forget_since(&mut plot, lost_ms);
        }
        let shown = Arc::new(Shown {
            figures,
            plot,
            events: inside.events.clone(),
            logs: inside.logs.clone(),
            gaps: inside.gaps.clone(),
            checkpoint: newest_checkpoint(&self.files.events),
            trouble: inside.trouble.clone(),
        });
        *lock(&self.shown) = Some(Arc::clone(&shown));
        shown
    }

    /// The line at a place, at most `longest_bytes` of it, and whether it is sealed, if that is known; `None` when there
    /// is none any more.
    pub(super) fn line(&self, file: File, place: Place, longest_bytes: usize) -> Option<(StoredLine, Option<bool>)> {
        // The files as they were at the last look: one at least.
        drop(self.shown());
        let inside = lock(&self.inside);
        let pages = match file {
            File::Events => inside.sources.events(),
            File::Log => inside.sources.log(),
        };
        let line = begins_line(pages, place).then(|| pages.whole(place, longest_bytes).ok().flatten())??;
        let end = Place { byte: place.byte.saturating_add(line.length), ..place };
        let is_sealed = match file {
            File::Events => sealed_to(&inside.sources).and_then(|to| is_before(&inside.sources, end, to)),
            File::Log => None,
        };
        Some((line, is_sealed))
    }
}

/// Whether a line begins here: a link may have been made by hand.
fn begins_line(pages: &Pages, place: Place) -> bool {
    let Some(before) = place.byte.checked_sub(1) else { return true };
    let line = pages.before(Some(place), 1, 1).ok().and_then(|lines| lines.into_iter().next());
    line.is_some_and(|line| line.place.file == place.file && !line.is_torn && line.place.byte + line.length == before)
}

impl Inside {
    fn new(files: &SourceOptions, first: Duration) -> Self {
        Self {
            sources: Sources::open(files.clone(), now_ms()),
            first,
            opened: Instant::now(),
            looked: None,
            events: Vec::new(),
            logs: Vec::new(),
            gaps: Vec::new(),
            trouble: None,
        }
    }

    fn is_due(&self) -> bool {
        self.looked.is_none_or(|looked| looked.elapsed() >= EVERY)
    }

    /// Looks at the files, again and again while there is much to read, but never long.
    fn look(&mut self, files: &SourceOptions) -> Looked {
        let is_far = self.sources.unread_bytes() > FAR_BYTES && self.opened.elapsed() > ANEW_EVERY;
        if is_far {
            *self = Self::new(files, self.first);
        }
        let patience = if self.looked.is_some() { READING } else { self.first };
        let began = Instant::now();
        let mut all = self.sources.look(now_ms(), BUDGET_BYTES);
        while all.is_busy && began.elapsed() < patience {
            let looked = self.sources.look(now_ms(), BUDGET_BYTES);
            all.events_grew |= looked.events_grew;
            all.log_grew |= looked.log_grew;
            all.rebuilt |= looked.rebuilt;
            all.is_busy = looked.is_busy;
        }
        if self.looked.is_none() {
            (all.events_grew, all.log_grew) = (true, true);
        }
        self.looked = Some(Instant::now());
        all
    }

    /// Reads the last lines, where there are others now.
    fn rows(&mut self, looked: Looked) {
        let mut read = || {
            if looked.events_grew || looked.rebuilt {
                self.events = last(self.sources.events(), MOST_EVENTS)?;
            }
            if looked.log_grew || looked.rebuilt {
                self.logs = last(self.sources.log(), MOST_LOGS)?;
                self.gaps = gaps(self.sources.log())?;
            }
            Ok::<_, TailError>(())
        };
        self.trouble = match read() {
            // It is there again at the next look, or gone.
            Ok(()) | Err(TailError::Gone) => None,
            Err(error) => Some(error.to_string()),
        };
    }
}

/// The last lines, the oldest first; one that is still being written is none yet.
fn last<R: Row>(pages: &Pages, lines: usize) -> Result<Vec<R>, TailError> {
    let found = pages.before(None, lines, ROW_BYTES)?;
    Ok(found.iter().filter(|line| !line.is_torn).map(R::of).collect())
}

/// The last gaps that the log tells, the newest first.
fn gaps(log: &Pages) -> Result<Vec<LogRow>, TailError> {
    let Some(end) = log.end() else { return Ok(Vec::new()) };
    let finder = memchr::memmem::Finder::new(GAP);
    let wanted = &mut |line: &[u8]| finder.find(line).is_some();
    let found = log.collect(end, Direction::Backwards, MOST_GAPS, GAPS_BYTES, ROW_BYTES, wanted)?;
    let rows = found.lines.iter().map(LogRow::of);
    Ok(rows.filter(|row| row.event == "audit.gap").collect())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
