//! One line for each thing, for people who look on; when there are too many, how many more there were.

use crate::programs::techshop::quota::{Quota, and_more};
use crate::programs::techshop::{TechshopError, print};

/// At most so many lines a second.
const MOST_A_SECOND: u32 = 20;

/// At most so many lines of the log a second that somebody should look at.
const MOST_COMPLAINTS_A_SECOND: u32 = 10;

/// Tells lines on standard output.
#[derive(Debug)]
pub(crate) struct Teller {
    quota: Quota,
    text: String,
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self { quota: Quota::new(MOST_A_SECOND), text: String::new() }
    }

    /// Notes a line, which must be harmless and end without a line feed.
    pub(crate) fn line(&mut self, line: impl FnOnce() -> String) {
        self.turn();
        if self.quota.allows() {
            self.push(&line());
        }
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn turn(&mut self) {
        if let Some(line) = self.quota.turn().and_then(and_more) {
            self.push(&line);
        }
    }

    /// Writes what was noted.
    pub(crate) fn flush(&mut self) -> Result<(), TechshopError> {
        self.turn();
        if self.text.is_empty() {
            return Ok(());
        }
        print(&std::mem::take(&mut self.text))
    }

    /// Writes all of it, also how many more there were in the last second.
    pub(crate) fn finish(&mut self) -> Result<(), TechshopError> {
        if let Some(line) = and_more(self.quota.rest()) {
            self.push(&line);
        }
        self.flush()
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
        Self { quota: Quota::new(MOST_COMPLAINTS_A_SECOND), untold: 0 }
    }

    /// Whether one more is told: then how many were not since the last.
    pub(super) fn allows(&mut self) -> Option<u64> {
        self.untold += self.quota.turn().unwrap_or_default();
        self.quota.allows().then(|| std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted() {
        let mut complaints = Complaints::new();
        assert_eq!((0..25).filter(|_| complaints.allows().is_some()).count(), 10);
        complaints.quota.pass();
        assert_eq!(complaints.allows(), Some(15));
        let mut teller = Teller::new();
        (0..25).for_each(|n| teller.line(|| format!("line {n}")));
        teller.quota.pass();
        teller.line(|| "another".to_owned());
        assert_eq!(teller.text.lines().count(), 22);
        assert!(teller.text.ends_with("line 19\n… and 5 more\nanother\n"), "{}", teller.text);
    }
}
