//! A segment past the system's own memory.
//!
//! A trail is read once from end to end, and may be larger than all memory. What the system has of it is taken from
//! there; what it has not comes straight from the disk: that saves a copy and a page of the system's for each 4 kB, a
//! third of the work of verifying, and it does not push out what other programs, Kafka above all, will read again.

use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, IoSliceMut};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};

use rustix::fs::{Advice, OFlags, fadvise};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::chunk::BLOCK_BYTES;

/// So much of a segment is taken to be all in the system's memory, or all not: it comes and goes in long stretches.
const STRETCH_BYTES: u64 = 64 << 20;

/// How many places of a stretch are looked at.
const PLACES: u64 = 4;

/// A file that is open for reading past the system's memory.
pub(super) struct Direct {
    file: File,
    /// Once more, for looking what is in memory: as one that is read here and there, so that the system takes a look for
    /// no more than that. Where it expects a reader to go on it fetches the megabytes that follow.
    looked_at: File,
    bytes: u64,
    /// The stretch that was looked at last, and whether it is in memory.
    seen: Option<(u64, bool)>,
    places: RandomState,
}

impl Direct {
    /// Opens `plain`, of `bytes`, once more; `None` where that is not to be had.
    pub(super) fn new(plain: &File, bytes: u64) -> Option<Self> {
        let file = again(plain, OFlags::DIRECT)?;
        let looked_at = again(plain, OFlags::empty())?;
        fadvise(&looked_at, 0, None, Advice::Random).ok()?;
        Some(Self { file, looked_at, bytes, seen: None, places: RandomState::new() })
    }

    /// Whether the system has the stretch around `at` in its memory, or nobody can say: then it is read as ever.
    pub(super) fn is_in_memory(&mut self, at: u64) -> bool {
        let stretch = at / STRETCH_BYTES;
        match self.seen {
            Some((seen, is_in_memory)) if seen == stretch => is_in_memory,
            _ => {
                let is_in_memory = (0..PLACES).all(|place| self.is_place_in_memory(stretch, place));
                self.seen = Some((stretch, is_in_memory));
                is_in_memory
            }
        }
    }

    /// Places are others each time: looking brings them into memory.
    fn is_place_in_memory(&self, stretch: u64, place: u64) -> bool {
        let start = stretch * STRETCH_BYTES;
        let length = self.bytes.saturating_sub(start).clamp(1, STRETCH_BYTES);
        let at = start + self.places.hash_one((stretch, place)) % length;
        let seen = preadv2(&self.looked_at, &mut [IoSliceMut::new(&mut [0])], at, ReadWriteFlags::NOWAIT);
        !matches!(seen, Err(Errno::AGAIN))
    }

    /// Reads whole blocks into `room`, which begins at a multiple of one, as does what stands at `at`.
    ///
    /// # Errors
    /// What the disk or its file system has against that; reading as ever may do all the same.
    pub(super) fn read(&self, room: &mut [u8], at: u64) -> io::Result<usize> {
        debug_assert!(at.is_multiple_of(BLOCK_BYTES as u64) && room.len().is_multiple_of(BLOCK_BYTES));
        self.file.read_at(room, at)
    }
}

/// The file once more. By its descriptor, since its name may be another's by now.
fn again(plain: &File, flags: OFlags) -> Option<File> {
    let flags = i32::try_from(flags.bits()).ok()?;
    File::options().read(true).custom_flags(flags).open(format!("/proc/self/fd/{}", plain.as_raw_fd())).ok()
}
