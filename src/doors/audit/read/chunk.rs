//! The memory that chunks of a segment are read into, past the system's own memory where they are not in it.
//!
//! A trail is read once from end to end, and may be larger than all memory. What the system has of it is taken from
//! there; what it has not comes straight from the disk: that saves a copy and the keeping of a page for each 4 kB, a
//! fifth of the work of verifying, and it does not push out what other programs, Kafka above all, will read again.

use std::fs::File;
use std::io;

use super::folder::{ReadError, Segment, fill_at};

/// What a disk wants addresses, positions and lengths to be multiples of; file systems that want more say no.
const BLOCK_BYTES: usize = 4_096;

/// Less than this is not worth a way of its own: the system reads about so much ahead by itself.
#[cfg(target_os = "linux")]
const LEAST_DIRECT_BYTES: usize = 128 << 10;

/// A segment as it is open on one thread.
pub(super) struct Opened {
    /// The segment's number.
    pub(super) segment: usize,
    plain: File,
    /// The same file, past the system's memory; `None` where that is not to be had.
    direct: Option<File>,
}

impl Opened {
    /// Opens a segment, to be read past the system's memory where it can be and `is_past_memory` wants it.
    ///
    /// # Errors
    /// [`ReadError`]: it is gone, or may not be read.
    pub(super) fn new(number: usize, segment: &Segment, is_past_memory: bool) -> Result<Self, ReadError> {
        let plain = segment.file()?;
        let direct = is_past_memory.then(|| direct(&plain)).flatten();
        Ok(Self { segment: number, plain, direct })
    }
}

/// The file once more, for reading past the system's memory. By its descriptor, since its name may be another's by now.
#[cfg(target_os = "linux")]
fn direct(plain: &File) -> Option<File> {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = i32::try_from(rustix::fs::OFlags::DIRECT.bits()).ok()?;
    File::options().read(true).custom_flags(flags).open(format!("/proc/self/fd/{}", plain.as_raw_fd())).ok()
}

#[cfg(not(target_os = "linux"))]
fn direct(_plain: &File) -> Option<File> {
    None
}

/// Memory that is read into again and again; it is made once, and never wiped for the next chunk.
#[derive(Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    /// Where in the memory what was read begins: as far behind a multiple of [`BLOCK_BYTES`] as in the file.
    start: usize,
    filled: usize,
}

impl Buffer {
    /// What was read since [`Self::begin`].
    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(self.start..self.start + self.filled).unwrap_or_default()
    }

    /// Forgets what it holds and reads up to `length` bytes at `at`, less only at the end of the file.
    pub(super) fn begin(&mut self, opened: &mut Opened, at: u64, length: usize) -> io::Result<()> {
        // Room for an address that is a multiple, for what stands before `at` in its block, and behind its end.
        let needed = length + 3 * BLOCK_BYTES;
        if self.memory.len() < needed {
            self.memory.resize(needed, 0);
        }
        // Never more than a block, whatever `align_offset` may say of some other machine.
        let aligned = self.memory.as_ptr().align_offset(BLOCK_BYTES).min(BLOCK_BYTES);
        let block = at - at % BLOCK_BYTES as u64;
        self.start = aligned + (at - block) as usize;
        let Some(from_block) = self.memory.get_mut(aligned..) else { return Ok(()) };
        self.filled = fill(opened, block, from_block, (at - block) as usize, length)?;
        Ok(())
    }

    /// Reads up to `length` bytes more, behind those that are here, of which the last stands before `at`.
    pub(super) fn read_more(&mut self, opened: &Opened, at: u64, length: usize) -> io::Result<()> {
        let from = self.start + self.filled;
        if self.memory.len() < from + length {
            self.memory.resize(from + length, 0);
        }
        self.filled += fill_at(&opened.plain, at, self.memory.get_mut(from..from + length).unwrap_or_default())?;
        Ok(())
    }
}

/// Fills `room`, which stands for the file from `block` on, with `length` bytes behind its first `lead`. Says how many
/// there were.
fn fill(opened: &mut Opened, block: u64, room: &mut [u8], lead: usize, length: usize) -> io::Result<usize> {
    let mut end = lead;
    #[cfg(target_os = "linux")]
    if opened.direct.is_some() {
        end += kept_by_the_system(&opened.plain, block + lead as u64, part(room, lead, lead + length))?;
        if lead + length - end >= LEAST_DIRECT_BYTES {
            end = end.max(straight_from_the_disk(opened, block, room, end, lead + length));
        }
    }
    let rest = fill_at(&opened.plain, block + end as u64, part(room, end, lead + length))?;
    Ok(end + rest - lead)
}

fn part(room: &mut [u8], from: usize, to: usize) -> &mut [u8] {
    room.get_mut(from..to).unwrap_or_default()
}

/// Reads what the system has in its memory without waiting for a disk, up to the first byte that it has not.
#[cfg(target_os = "linux")]
fn kept_by_the_system(plain: &File, at: u64, room: &mut [u8]) -> io::Result<usize> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    let all = room.len();
    let read = preadv2(plain, &mut [io::IoSliceMut::new(room)], at, ReadWriteFlags::NOWAIT);
    match read {
        Ok(count) => Ok(count),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        // Where nobody can say what is in memory, it is read as ever.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => fill_at(plain, at, part(room, 0, all)),
        Err(error) => Err(error.into()),
    }
}

/// Reads on from `end` without the system's memory, in whole blocks, and says up to where the room holds the file now.
/// Whatever a disk has against that is no failure: the rest is read as ever, and so are all chunks after it.
#[cfg(target_os = "linux")]
fn straight_from_the_disk(opened: &mut Opened, block: u64, room: &mut [u8], end: usize, due: usize) -> usize {
    use std::os::unix::fs::FileExt as _;
    let Some(file) = &opened.direct else { return end };
    let from = end - end % BLOCK_BYTES;
    let to = due.next_multiple_of(BLOCK_BYTES);
    match file.read_at(part(room, from, to), block + from as u64) {
        Ok(count) => (from + count).min(due),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => end,
        Err(_) => {
            opened.direct = None;
            end
        }
    }
}
