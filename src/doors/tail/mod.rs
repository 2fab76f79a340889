//! Files that others write, followed and paged: lines as they come, and any line again by its place.
//!
//! [`Tail`] follows a file by its path through growth, truncation, rotation, deletion and re-creation.
//! [`Pages`] is what is there now as one row of lines, the rotated predecessors (`<name>.<number>`)
//! first. [`Cursor`] hands whole lines over as they come, [`BackCursor`] goes from a place backwards.
//! Nothing is locked, nothing is written, and no call waits.

mod back;
mod block;
mod cursor;
mod folder;
mod follow;
mod moment;
mod pages;
mod place;
mod search;

#[cfg(test)]
mod tests;

pub use back::BackCursor;
pub use cursor::{Checked, Cursor, Line, Torn};
pub use follow::{Change, FileState, Tail};
pub use pages::{PageSegment, Pages};
pub use place::{Collected, Direction, FileId, Place, Searched, Step, StoredLine, TailError};
