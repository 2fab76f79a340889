//! Reading chunks of a segment.

use std::fs::File;
use std::io;

#[cfg(target_os = "linux")]
use super::direct::Direct;
use super::folder::{ReadError, Segment, fill_at};
use super::memory::Memory;

/// What a disk wants addresses, positions and lengths to be multiples of; file systems that want more say no.
pub(super) const BLOCK_BYTES: usize = 4_096;

/// Less than this is not worth a way of its own: the system reads about so much ahead by itself.
#[cfg(target_os = "linux")]
const LEAST_DIRECT_BYTES: usize = 128 << 10;

/// A segment as it is open on one thread.
pub(super) struct Opened {
    /// The segment's number.
    pub(super) segment: usize,
    plain: File,
    /// The same file, past the system's memory; `None` where that is not wanted, or not to be had.
    #[cfg(target_os = "linux")]
    direct: Option<Direct>,
}

impl Opened {
    /// Opens a segment, to be read past the system's memory where it can be and `is_past_memory` wants it.
    ///
    /// # Errors
    /// [`ReadError`]: it is gone, or may not be read.
    pub(super) fn new(number: usize, segment: &Segment, is_past_memory: bool) -> Result<Self, ReadError> {
        let plain = segment.file()?;
        #[cfg(target_os = "linux")]
        let direct = is_past_memory.then(|| Direct::new(&plain, segment.bytes)).flatten();
        #[cfg(not(target_os = "linux"))]
        let _ = is_past_memory;
        Ok(Self {
            segment: number,
            plain,
            #[cfg(target_os = "linux")]
            direct,
        })
    }
}

/// Memory that is read into again and again; it is made once, and never wiped for the next chunk.
#[derive(Default)]
pub(super) struct Buffer {
    memory: Memory,
    /// Where in the memory what was read begins: as far behind a multiple of [`BLOCK_BYTES`] as in the file.
    start: usize,
    filled: usize,
}

impl Buffer {
    /// What was read since [`Self::begin`].
    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.bytes().get(self.start..self.start + self.filled).unwrap_or_default()
    }

    /// Forgets what it holds and reads up to `length` bytes at `at`, less only at the end of the file.
    pub(super) fn begin(&mut self, opened: &mut Opened, at: u64, length: usize) -> io::Result<()> {
        let block = at - at % BLOCK_BYTES as u64;
        self.start = (at - block) as usize;
        // Room for what stands before `at` in its block, and behind its end.
        self.memory.grow(length + 2 * BLOCK_BYTES, 0)?;
        let room = self.memory.bytes_mut();
        self.filled = fill(opened, block, room, self.start, length)?;
        Ok(())
    }

    /// Reads up to `length` bytes more, behind those that are here, of which the last stands before `at`.
    pub(super) fn read_more(&mut self, opened: &Opened, at: u64, length: usize) -> io::Result<()> {
        let from = self.start + self.filled;
        self.memory.grow(from + length, from)?;
        self.filled += fill_at(&opened.plain, at, part(self.memory.bytes_mut(), from, from + length))?;
        Ok(())
    }
}

/// Fills `room`, which stands for the file from `block` on, with `length` bytes behind its first `lead`. Says how many
/// there were.
fn fill(opened: &mut Opened, block: u64, room: &mut [u8], lead: usize, length: usize) -> io::Result<usize> {
    let mut end = lead;
    #[cfg(target_os = "linux")]
    if length >= LEAST_DIRECT_BYTES {
        end = straight_from_the_disk(opened, block, room, lead, lead + length).max(lead);
    }
    let rest = fill_at(&opened.plain, block + end as u64, part(room, end, lead + length))?;
    Ok(end + rest - lead)
}

fn part(room: &mut [u8], from: usize, to: usize) -> &mut [u8] {
    room.get_mut(from..to).unwrap_or_default()
}

/// Reads what the system has not in its memory without it, in whole blocks, and says up to where the room holds the file
/// now. Whatever a disk has against that is no failure: the rest is read as ever, and so are all chunks after it.
#[cfg(target_os = "linux")]
fn straight_from_the_disk(opened: &mut Opened, block: u64, room: &mut [u8], lead: usize, due: usize) -> usize {
    let Some(direct) = opened.direct.as_mut() else { return lead };
    if direct.is_in_memory(block + lead as u64) {
        return lead;
    }
    match direct.read(part(room, 0, due.next_multiple_of(BLOCK_BYTES)), block) {
        Ok(count) => count.min(due),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => lead,
        Err(_) => {
            opened.direct = None;
            lead
        }
    }
}
