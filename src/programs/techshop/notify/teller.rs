//! One line for each thing, for people who look on; when there are too many, how many more there were.

use std::time::{Duration, Instant};

use crate::programs::techshop::{TechshopError, print};

/// At most so many lines a second.
const MOST_A_SECOND: u32 = 20;

/// At most so many lines of the log a second that somebody should look at.
const MOST_COMPLAINTS_A_SECOND: u32 = 10;

const SECOND: Duration = Duration::from_secs(1);

/// Tells lines on standard output.
#[derive(Debug)]
pub(crate) struct Teller {
    since: Instant,
    told: u32,
    untold: u64,
    text: String,
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), told: 0, untold: 0, text: String::new() }
    }

    /// Notes a line, which must be harmless and end without a line feed.
    pub(crate) fn line(&mut self, line: impl FnOnce() -> String) {
        self.turn();
        if self.told < MOST_A_SECOND {
            self.told += 1;
            self.text.push_str(&line());
            self.text.push('\n');
        } else {
            self.untold += 1;
        }
    }

    fn turn(&mut self) {
        if self.since.elapsed() < SECOND {
            return;
        }
        if self.untold > 0 {
            self.text.push_str(&format!("… and {} more\n", self.untold));
        }
        (self.since, self.told, self.untold) = (Instant::now(), 0, 0);
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
        if self.untold > 0 {
            self.text.push_str(&format!("… and {} more\n", std::mem::take(&mut self.untold)));
        }
        self.flush()
    }
}

/// Lets so many complaints a second into the log.
#[derive(Debug)]
pub(super) struct Complaints {
    since: Instant,
    told: u32,
    untold: u64,
}

impl Complaints {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), told: 0, untold: 0 }
    }

    /// Whether one more is told: then how many were not since the last.
    pub(super) fn allows(&mut self) -> Option<u64> {
        if self.since.elapsed() >= SECOND {
            (self.since, self.told) = (Instant::now(), 0);
        }
        if self.told < MOST_COMPLAINTS_A_SECOND {
            self.told += 1;
            return Some(std::mem::take(&mut self.untold));
        }
        self.untold += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted() {
        let mut complaints = Complaints::new();
        assert_eq!((0..25).filter(|_| complaints.allows().is_some()).count(), 10);
        complaints.since -= SECOND;
        assert_eq!(complaints.allows(), Some(15));
        let mut teller = Teller::new();
        (0..25).for_each(|n| teller.line(|| format!("line {n}")));
        teller.since -= SECOND;
        teller.line(|| "another".to_owned());
        assert_eq!(teller.text.lines().count(), 22);
        assert!(teller.text.ends_with("line 19\n… and 5 more\nanother\n"), "{}", teller.text);
    }
}
