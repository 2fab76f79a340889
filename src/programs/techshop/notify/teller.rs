//! One line for each thing, for people who look on; when there are too many, how many more there were.

use std::time::{Duration, Instant};

use crate::programs::techshop::{TechshopError, print};

/// At most so many lines a second.
const MOST_A_SECOND: u32 = 20;

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
