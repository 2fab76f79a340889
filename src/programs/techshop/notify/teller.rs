//! One line for each thing, for people who look on; when there are too many, how many more there were.

use std::io;
use std::time::Instant;

use crate::tools::printer::Printer;
use crate::tools::quota::{Quota, and_more};

/// At most so many lines a second.
const MOST_A_SECOND: u32 = 20;

/// At most so many lines of the log a second that somebody should look at.
const MOST_COMPLAINTS_A_SECOND: u32 = 10;

/// Lines that may wait for a slow reader.
const MOST_WAITING: usize = 256;

/// Tells lines on standard output, and never waits for who reads them.
pub(crate) struct Teller {
    quota: Quota,
    printer: Printer,
}

impl Teller {
    /// # Errors
    /// When the operating system gives no thread.
    pub(crate) fn start(out: impl io::Write + Send + 'static) -> io::Result<Self> {
        Ok(Self { quota: Quota::new(MOST_A_SECOND, Instant::now()), printer: Printer::start(out, MOST_WAITING)? })
    }

    /// Tells a line, which must be harmless and end without a line feed, if there is room for it.
    pub(crate) fn line(&mut self, line: impl FnOnce() -> String) {
        self.turn();
        if self.quota.allows() && !self.push(line()) {
            self.quota.leave_out(1);
        }
    }

    fn push(&self, line: String) -> bool {
        self.printer.try_print(line + "\n")
    }

    fn turn(&mut self) {
        if let Some(left_out) = self.quota.turn(Instant::now()) {
            self.tell(left_out);
        }
    }

    fn tell(&mut self, left_out: u64) {
        if and_more(left_out).is_some_and(|line| !self.push(line)) {
            self.quota.leave_out(left_out);
        }
    }

    /// Says how many more there were, once their second is over.
    ///
    /// # Errors
    /// Why nobody reads any more.
    pub(crate) fn tick(&mut self) -> io::Result<()> {
        self.turn();
        self.printer.take_end().map_or(Ok(()), Err)
    }

    /// Writes all of it, also how many more there were in the last second; gives up on a reader who does not read.
    ///
    /// # Errors
    /// Why it could not be written.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let left_out = self.quota.rest();
        self.tell(left_out);
        self.printer.finish(None).map(drop)
    }
}

/// Lets so many complaints a second into the log.
#[derive(Debug)]
pub(super) struct Complaints {
    quota: Quota,
    untold: u64,
}

impl Complaints {
    pub(super) fn new() -> Self {
        Self { quota: Quota::new(MOST_COMPLAINTS_A_SECOND, Instant::now()), untold: 0 }
    }

    /// Whether one more is told: then how many were not since the last.
    pub(super) fn allows(&mut self) -> Option<u64> {
        self.untold += self.quota.turn(Instant::now()).unwrap_or_default();
        self.quota.allows().then(|| std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::printer::gate::Gate;

    #[test]
    fn what_is_too_much_is_counted() {
        let mut complaints = Complaints::new();
        assert_eq!((0..25).filter(|_| complaints.allows().is_some()).count(), 10);
        complaints.quota.pass();
        assert_eq!(complaints.allows(), Some(15));
        let (gate, open, text) = Gate::new();
        let mut teller = Teller::start(gate).expect("a thread");
        (0..25).for_each(|n| teller.line(|| format!("line {n}")));
        teller.quota.pass();
        teller.line(|| "another".to_owned());
        open.send(()).expect("the reader waits");
        teller.finish().expect("written");
        let text = text.lock().expect("no panic");
        assert_eq!(text.lines().count(), 22);
        assert!(text.ends_with("line 19\n… and 5 more\nanother\n"), "{text}");
    }

    /// Once who stopped reading held up every letter.
    #[test]
    fn a_reader_who_does_not_read_holds_up_nobody() {
        let (gate, _never, _) = Gate::new();
        let mut teller = Teller::start(gate).expect("a thread");
        for n in 0..100 * MOST_WAITING {
            teller.line(|| format!("line {n}"));
            teller.quota.pass();
        }
        teller.tick().expect("it is no failure");
        teller.finish().expect("nor at the end");
    }
}
