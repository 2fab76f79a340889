//! What sentences are said about, and to whom.

use std::path::Path;

use super::clock::Clock;

/// Where the screen looks, and in which zone it tells times.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The trail.
    pub events: &'a Path,
    /// The health log.
    pub log: &'a Path,
    /// The zone.
    pub clock: &'a Clock,
    /// Whether there are keys to press, so that advice may name them.
    pub has_keys: bool,
}
