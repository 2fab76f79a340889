//! Counting the lines of the trail as they come, with marks to go back to when some are cut.

use super::line::LineReader;
use crate::doors::tail::{Checked, Cursor, FileId, Pages, Place, Step, TailError, Torn};
use crate::logic::monitor::{EventSeen, Mark, Marks, Tally};

/// What is kept to know the bytes before a mark again: the last of them.
type Guard = Box<[u8]>;

/// Counts whole lines from a place on, each once.
#[derive(Debug)]
pub(super) struct Count {
    cursor: Cursor,
    reader: LineReader,
    /// The lines from where it began up to the cursor.
    tally: Tally,
    /// Of the file that the cursor is in: a rotated one is not cut any more.
    marks: FileMarks,
    mark_bytes: u64,
}

/// The marks of one file.
#[derive(Debug)]
struct FileMarks {
    file: FileId,
    /// Where counting began in it: never forgotten.
    start: Mark<Guard>,
    marks: Marks<Guard>,
}

/// What a slice of counting did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) step: Step,
    /// How many bytes were read.
    pub(super) read_bytes: u64,
    /// What was counted before the first line of another file, when it came to one.
    pub(super) before_next_file: Option<Tally>,
}

impl FileMarks {
    fn new(place: Place, tally: Tally, guard: &[u8], mark_bytes: u64) -> Self {
        let start = Mark { byte: place.byte, tally, fingerprint: guard.into() };
        Self { file: place.file, start, marks: Marks::new(mark_bytes, Marks::<Guard>::MOST) }
    }
}

impl Count {
    /// Begins at `place`, which is the beginning of a line.
    pub(super) fn new(pages: &Pages, place: Place, mark_bytes: u64) -> Result<Self, TailError> {
        let cursor = Cursor::new(pages, place)?;
        let marks = FileMarks::new(place, Tally::default(), cursor.guard(), mark_bytes);
        Ok(Self { cursor, reader: LineReader::default(), tally: Tally::default(), marks, mark_bytes })
    }

    /// Where the next line begins.
    pub(super) fn place(&self) -> Place {
        self.cursor.place()
    }

    /// The lines from where it began up to its place.
    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// A line that waits for its end.
    pub(super) fn torn(&self) -> Option<Torn> {
        self.cursor.torn()
    }

    /// The topic of the last line; empty before the first.
    pub(super) fn topic(&self) -> &str {
        self.reader.topic()
    }

    /// Whether what was counted is still there.
    pub(super) fn check(&mut self, pages: &Pages) -> Result<Checked, TailError> {
        self.cursor.check(pages)
    }

    /// Counts on, and hands over what each line tells; `None` for one that is none.
    pub(super) fn read(
        &mut self,
        pages: &Pages,
        stop: Option<Place>,
        budget_bytes: u64,
        each: &mut dyn FnMut(Place, Option<EventSeen>),
    ) -> Result<Counted, TailError> {
        let mut counted = Counted { step: Step::GoOn, read_bytes: 0, before_next_file: None };
        while counted.read_bytes < budget_bytes {
            let slice = (budget_bytes - counted.read_bytes).min(self.mark_bytes);
            let before = self.cursor.read_bytes();
            let Self { cursor, reader, tally, marks, .. } = self;
            let mut next_file = None;
            let file = marks.file;
            counted.step = cursor.read(pages, stop, slice, &mut |line| {
                if line.place.file != file && next_file.is_none_or(|(known, _)| known != line.place.file) {
                    next_file = Some((line.place.file, *tally));
                }
                let seen = reader.read(line.bytes, line.length);
                match &seen {
                    Some(event) => *tally += event.tally(),
                    None => tally.unreadable += 1,
                }
                each(line.place, seen);
            })?;
            let now_in = self.cursor.place().file;
            if now_in != file {
                // Perhaps without a line in it yet.
                let before = next_file.filter(|(known, _)| *known == now_in).map_or(self.tally, |(_, tally)| tally);
                self.marks = FileMarks::new(Place { file: now_in, byte: 0 }, before, &[], self.mark_bytes);
                counted.before_next_file = Some(before);
            }
            if self.marks.marks.is_due(self.cursor.place().byte) {
                self.marks.marks.add(Mark {
                    byte: self.cursor.place().byte,
                    tally: self.tally,
                    fingerprint: self.cursor.guard().into(),
                });
            }
            counted.read_bytes += self.cursor.read_bytes() - before;
            if counted.step == Step::End {
                break;
            }
        }
        Ok(counted)
    }

    /// Goes back to the last mark before which nothing was cut; what was counted behind it is taken back.
    /// `false` when there is none: then everything is to be counted anew.
    pub(super) fn go_back(&mut self, pages: &Pages) -> Result<bool, TailError> {
        let FileMarks { file, start, marks } = &mut self.marks;
        let mut end = u64::MAX;
        let found = loop {
            let mark = marks.cut(end).unwrap_or(start);
            let place = Place { file: *file, byte: mark.byte };
            if let Some(cursor) = Cursor::resume(pages, place, &mark.fingerprint)? {
                break Some((cursor, mark.tally));
            }
            if mark.byte <= start.byte {
                break None;
            }
            end = mark.byte - 1;
        };
        let Some((cursor, tally)) = found else { return Ok(false) };
        (self.cursor, self.tally) = (cursor, tally);
        Ok(true)
    }
}
