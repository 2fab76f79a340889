//! A piece of a trail: whole lines, one after another.

use memchr::memchr_iter;

/// Whole lines of one segment.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Which segment, as an index of [`TrailReader::segments`](super::TrailReader::segments).
    pub segment: usize,
    /// Where in the segment its first line begins.
    pub start: u64,
    /// The lines, each with its LF.
    pub bytes: &'a [u8],
}

impl<'a> Piece<'a> {
    /// Where in the piece each line begins, and the line without its LF.
    pub fn lines(self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut start = 0;
        memchr_iter(b'\n', self.bytes).map(move |end| {
            let line = self.bytes.get(start..end).unwrap_or_default();
            let at = start;
            start = end + 1;
            (at, line)
        })
    }

    /// How many lines it has.
    pub fn line_count(self) -> u64 {
        memchr_iter(b'\n', self.bytes).count() as u64
    }
}
