//! What sentences are said about, and where they are read.

use std::path::Path;

use super::clock::Clock;

/// Where sentences are read, so that advice names only what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// On the screen: there are keys to press.
    Screen,
    /// On a page: it shows the last lines below.
    Page,
    /// In a summary: there is nothing but the sentence.
    Summary,
}

/// Where the screen looks, and in which zone it tells times.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The trail.
    pub events: &'a Path,
    /// The health log.
    pub log: &'a Path,
    /// The zone.
    pub clock: &'a Clock,
    /// Where it is read.
    pub medium: Medium,
}
