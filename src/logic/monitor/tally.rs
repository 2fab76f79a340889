//! How many lines of the trail are what, and what to take back when the file becomes shorter.

use std::ops::{Add, AddAssign, Sub, SubAssign};

/// How many lines of `tracker.events` are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that are what was expected.
    pub valid: u64,
    /// Messages that are not.
    pub invalid: u64,
    /// Lines that tell a gap; they are no messages.
    pub gaps: u64,
    /// The offsets that those lines say are missing.
    pub gap_offsets: u64,
    /// Whole lines that are no line of a trail.
    pub unreadable: u64,
}

impl Tally {
    /// Messages, valid or not.
    pub fn received(&self) -> u64 {
        self.valid.saturating_add(self.invalid)
    }

    /// All lines, whatever they are.
    pub fn lines(&self) -> u64 {
        self.received().saturating_add(self.gaps).saturating_add(self.unreadable)
    }

    fn with(self, other: Self, join: fn(u64, u64) -> u64) -> Self {
        Self {
            valid: join(self.valid, other.valid),
            invalid: join(self.invalid, other.invalid),
            gaps: join(self.gaps, other.gaps),
            gap_offsets: join(self.gap_offsets, other.gap_offsets),
            unreadable: join(self.unreadable, other.unreadable),
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }
}

impl Sub for Tally {
    type Output = Self;

    /// Never below 0, whatever a damaged seal has claimed.
    fn sub(self, other: Self) -> Self {
        self.with(other, u64::saturating_sub)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Tally {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// A place in a file between two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark<Fingerprint = [u8; 32]> {
    /// Bytes before it.
    pub byte: u64,
    /// What stands before it, as far as the giver counts.
    pub tally: Tally,
    /// What the giver keeps to know the bytes before the mark again.
    pub fingerprint: Fingerprint,
}

/// Marks of one file, about so many bytes apart, in rising order. The longer the file, the wider apart
/// they stand, so that there are never many.
#[derive(Clone, Debug)]
pub struct Marks<Fingerprint = [u8; 32]> {
    step_bytes: u64,
    most: usize,
    marks: Vec<Mark<Fingerprint>>,
}

impl<Fingerprint> Default for Marks<Fingerprint> {
    fn default() -> Self {
        Self::new(Self::STEP_BYTES, Self::MOST)
    }
}

impl<Fingerprint> Marks<Fingerprint> {
    /// The distance of two marks at first.
    pub const STEP_BYTES: u64 = 1024 * 1024;
    /// How many marks are kept.
    pub const MOST: usize = 4_096;

    /// No marks yet: the first ones `step_bytes` apart, at most `most` (and at least 2).
    pub fn new(step_bytes: u64, most: usize) -> Self {
        Self { step_bytes: step_bytes.max(1), most: most.max(2), marks: Vec::new() }
    }

    /// Whether a mark is due at `byte`, which lies behind all that are there.
    pub fn is_due(&self, byte: u64) -> bool {
        let last = self.marks.last().map_or(0, |mark| mark.byte);
        byte.saturating_sub(last) >= self.step_bytes
    }

    /// Keeps a mark. One that does not lie behind the last is not kept.
    pub fn add(&mut self, mark: Mark<Fingerprint>) {
        if self.marks.last().is_some_and(|last| last.byte >= mark.byte) {
            return;
        }
        self.marks.push(mark);
        if self.marks.len() > self.most {
            self.step_bytes = self.step_bytes.saturating_mul(2);
            let mut at = 0;
            // The second of each two, so that what stays is as far apart as the new step.
            self.marks.retain(|_| {
                at += 1;
                at % 2 == 0
            });
        }
    }

    /// Forgets the marks behind `to_byte`; the last one at or before it, if there is one.
    pub fn cut(&mut self, to_byte: u64) -> Option<&Mark<Fingerprint>> {
        let kept = self.marks.partition_point(|mark| mark.byte <= to_byte);
        self.marks.truncate(kept);
        self.marks.last()
    }

    /// The last mark at or before `byte`; nothing is forgotten.
    pub fn before(&self, byte: u64) -> Option<&Mark<Fingerprint>> {
        let kept = self.marks.partition_point(|mark| mark.byte <= byte);
        self.marks.get(kept.checked_sub(1)?)
    }

    /// The last mark.
    pub fn last(&self) -> Option<&Mark<Fingerprint>> {
        self.marks.last()
    }

    /// All marks, the first first.
    pub fn iter(&self) -> std::slice::Iter<'_, Mark<Fingerprint>> {
        self.marks.iter()
    }

    /// How many marks there are.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.marks.clear();
    }
}
