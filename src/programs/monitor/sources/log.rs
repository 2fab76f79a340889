//! `tracker.log`: its end heard line by line, in order; what stands before only counted.

use std::path::Path;

use super::{Looked, Pieces, file_state};
use crate::doors::tail::{Change, Checked, Cursor, Pages, Place, Step, Tail, TailError};
use crate::logic::monitor::{LogTally, Model};
use crate::words::record::HealthLine;

/// `tracker.log`, followed.
#[derive(Debug)]
pub(super) struct LogSource {
    tail: Tail,
    pieces: Pieces,
    heard: Option<Heard>,
    trouble: Option<String>,
    state: Option<crate::logic::monitor::FileState>,
}

#[derive(Debug)]
struct Heard {
    cursor: Cursor,
    tally: LogTally,
    /// What stands before the first line that was heard.
    before: Option<Before>,
    before_tally: LogTally,
    has_caught_up: bool,
}

#[derive(Debug)]
struct Before {
    cursor: Cursor,
    stop: Place,
}

impl LogSource {
    pub(super) fn new(path: &Path, pieces: Pieces) -> Self {
        Self { tail: Tail::open(path), pieces, heard: None, trouble: None, state: None }
    }

    pub(super) fn pages(&self) -> &Pages {
        self.tail.pages()
    }

    /// Looks at the file and hears what is new. Gives how many bytes were read.
    pub(super) fn look(&mut self, model: &mut Model, now_ms: i64, budget: u64, looked: &mut Looked) -> u64 {
        let change = self.tail.look(now_ms);
        looked.log_grew |= change != Change::Nothing;
        let read = match self.follow(model, change, budget, looked) {
            Ok(read) => {
                self.trouble = None;
                read
            }
            Err(error) => {
                // What is gone is made anew at the next look.
                if matches!(error, TailError::Gone) {
                    self.heard = None;
                    self.tail.distrust();
                } else {
                    self.trouble = Some(error.to_string());
                }
                0
            }
        };
        let state = file_state(&self.tail, self.trouble.as_deref());
        if self.state.as_ref() != Some(&state) {
            looked.figures_changed = true;
            model.set_log_file(state.clone());
            self.state = Some(state);
        }
        read
    }

    fn follow(
        &mut self,
        model: &mut Model,
        change: Change,
        budget: u64,
        looked: &mut Looked,
    ) -> Result<u64, TailError> {
        let is_same = match &mut self.heard {
            Some(heard) if change != Change::Created => heard.cursor.check(self.tail.pages())? == Checked::Same,
            _ => false,
        };
        if !is_same {
            looked.rebuilt |= self.heard.take().is_some();
            looked.log_grew |= looked.rebuilt;
            self.start(model)?;
        }
        let Some(heard) = &mut self.heard else { return Ok(0) };
        // The first time all of the end is heard, so that the first screen knows how the tracker is.
        let budget = if heard.has_caught_up { budget.max(1) } else { budget.max(self.pieces.log_bytes * 2) };
        let before = heard.cursor.read_bytes();
        let lines_before = heard.tally.lines + heard.tally.unreadable;
        let tally = &mut heard.tally;
        let step = heard.cursor.read(self.tail.pages(), None, budget, &mut |line| match serde_json::from_slice::<
            HealthLine<'_>,
        >(line.bytes)
        {
            Ok(line) => {
                tally.add(&line);
                model.hear(&line);
            }
            Err(_) => {
                tally.unreadable += 1;
                model.hear_unreadable();
            }
        })?;
        heard.has_caught_up |= step == Step::End;
        looked.is_busy |= step == Step::GoOn;
        if heard.tally.lines + heard.tally.unreadable > lines_before {
            looked.figures_changed = true;
            looked.log_grew = true;
            model.set_log_tally(sum(heard.tally, heard.before_tally));
        }
        Ok(heard.cursor.read_bytes() - before)
    }

    fn start(&mut self, model: &mut Model) -> Result<(), TailError> {
        let pages = self.tail.pages();
        let (Some(start), Some(first)) = (pages.near_end(self.pieces.log_bytes)?, pages.first()) else {
            return Ok(());
        };
        model.forget_log();
        let before =
            if start == first { None } else { Some(Before { cursor: Cursor::new(pages, first)?, stop: start }) };
        self.heard = Some(Heard {
            cursor: Cursor::new(pages, start)?,
            tally: LogTally::default(),
            before,
            before_tally: LogTally::default(),
            has_caught_up: false,
        });
        // Even a log without a line is one.
        model.set_log_tally(LogTally::default());
        Ok(())
    }

    /// Counts on in what stands before.
    pub(super) fn work(&mut self, model: &mut Model, budget: u64, looked: &mut Looked) {
        let Some(heard) = &mut self.heard else { return };
        let Some(before) = &mut heard.before else { return };
        let tally = &mut heard.before_tally;
        let step =
            before.cursor.read(
                self.tail.pages(),
                Some(before.stop),
                budget,
                &mut |line| match serde_json::from_slice::<HealthLine<'_>>(line.bytes) {
                    Ok(line) => tally.add(&line),
                    Err(_) => tally.unreadable += 1,
                },
            );
        match step {
            Ok(Step::GoOn) => looked.is_busy = true,
            // Also when it was taken away meanwhile: what was counted stays.
            Ok(Step::End) | Err(_) => heard.before = None,
        }
        looked.figures_changed = true;
        model.set_log_tally(sum(heard.tally, heard.before_tally));
    }
}

fn sum(one: LogTally, other: LogTally) -> LogTally {
    LogTally {
        lines: one.lines + other.lines,
        warnings: one.warnings + other.warnings,
        errors: one.errors + other.errors,
        errors_of_its_own: one.errors_of_its_own + other.errors_of_its_own,
        unreadable: one.unreadable + other.unreadable,
    }
}
