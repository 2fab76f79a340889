//! Reading a trail: its segments as one row of numbered lines, without disturbing who writes them.
//!
//! [`TrailReader::open`] notes the segments as they are; [`TrailReader::scan`] reads them in large
//! pieces on several threads and hands what was made of each piece over in order. [`Plan`] says which
//! parts to read for an offset, a time or a line, with the help of `tracker.events.index` where it is
//! there and agrees with the lines. [`Follower`] waits for lines that are still to come.

mod chunk;
#[cfg(target_os = "linux")]
mod direct;
mod folder;
mod follow;
mod holes;
mod index;
mod memory;
mod piece;
mod plan;
mod scan;
mod totals;

#[cfg(test)]
mod tests;

pub use folder::{ReadError, Segment, TrailReader};
pub use follow::{Followed, Follower};
pub use piece::Piece;
pub use plan::{Plan, Wanted};
pub use scan::{ScanEnd, Span, Taken, Torn};
pub use totals::{NewestCheckpoint, SealedTotals, TotalsError, newest_checkpoint, read_seal, sealed_totals};
