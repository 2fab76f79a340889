//! Memory that parts of a segment are read into.

use std::io;

use memmap2::MmapMut;

/// What processors with pages of 4 kB call a large page. A disk fills one as one piece and not as 512 of them, which it
/// does more than twice as fast where it writes into memory by itself; on other machines this is only an alignment.
const LARGE_PAGE_BYTES: usize = 2 << 20;

/// Less than this stays in small pages: a large one is wiped whole when it is first touched.
const LEAST_LARGE_BYTES: usize = 256 << 10;

/// Bytes whose first has an address that is a multiple of a page.
#[derive(Default)]
pub(super) struct Memory {
    map: Option<MmapMut>,
    /// Where in the map they begin.
    start: usize,
}

impl Memory {
    /// All of them.
    pub(super) fn bytes(&self) -> &[u8] {
        self.map.as_ref().and_then(|map| map.get(self.start..)).unwrap_or_default()
    }

    /// All of them, to be written.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.map.as_mut().and_then(|map| map.get_mut(self.start..)).unwrap_or_default()
    }

    /// Makes them `length` at least. Of what they hold the first `kept` stay.
    ///
    /// # Errors
    /// The system has not so much memory.
    pub(super) fn grow(&mut self, length: usize, kept: usize) -> io::Result<()> {
        if self.bytes().len() >= length {
            return Ok(());
        }
        let mut larger = Self::new(length)?;
        let (from, to) = (self.bytes(), larger.bytes_mut());
        let kept = kept.min(from.len()).min(to.len());
        if let (Some(from), Some(to)) = (from.get(..kept), to.get_mut(..kept)) {
            to.copy_from_slice(from);
        }
        *self = larger;
        Ok(())
    }

    fn new(length: usize) -> io::Result<Self> {
        if length < LEAST_LARGE_BYTES {
            return Ok(Self { map: Some(MmapMut::map_anon(length)?), start: 0 });
        }
        // The room before the first multiple is never touched, so it is no memory.
        let map = MmapMut::map_anon(length.next_multiple_of(LARGE_PAGE_BYTES) + LARGE_PAGE_BYTES)?;
        // Never more than a large page, whatever `align_offset` may say of some other machine.
        let start = map.as_ptr().align_offset(LARGE_PAGE_BYTES).min(LARGE_PAGE_BYTES);
        // A system without large pages, or without one to spare, gives small ones: that costs only time.
        #[cfg(target_os = "linux")]
        drop(map.advise(memmap2::Advice::HugePage));
        Ok(Self { map: Some(map), start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_grows_keeps_what_is_wanted_of_it() {
        let mut memory = Memory::default();
        let mut kept: Vec<u8> = Vec::new();
        for length in [1, 4_097, LEAST_LARGE_BYTES, LARGE_PAGE_BYTES + 1, 3 * LARGE_PAGE_BYTES] {
            memory.grow(length, kept.len()).expect("there is memory");
            assert!(memory.bytes().len() >= length && memory.bytes().starts_with(&kept), "{length}");
            assert_eq!(memory.bytes().as_ptr().align_offset(4_096), 0, "{length}");
            kept.extend((kept.len()..length).map(|at| (at % 251) as u8));
            memory.bytes_mut()[..length].copy_from_slice(&kept);
        }
        memory.grow(1, 0).expect("it is larger already");
        assert!(memory.bytes().starts_with(&kept), "nothing is made anew that is large enough");
    }
}
