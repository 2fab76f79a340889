//! Looking for lines in a file of any size without holding up the screen: a slice at a time.

use crate::doors::tail::{Direction, Pages, Place, Searched, TailError};

/// So many bytes are looked through in one go.
const SLICE_BYTES: u64 = 8 * 1024 * 1024;

/// Whether a line is one of those that are looked for.
pub(super) type IsHit = Box<dyn Fn(&[u8]) -> bool>;

/// How a slice ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seeking {
    /// The line here is the next one; `wrapped` when it was found from the other end.
    Found { place: Place, wrapped: bool },
    /// There is more to look through.
    GoOn,
    /// There is no such line.
    Nothing,
}

/// The way to the next or the previous such line, around the end when it has to be.
pub(super) struct Seek {
    is_hit: IsHit,
    direction: Direction,
    from: Start,
    may_wrap: bool,
    has_wrapped: bool,
}

/// Where the next slice begins.
#[derive(Clone, Copy, Debug)]
enum Start {
    /// At the end that lies behind.
    Outside,
    /// Beyond this line, which was seen.
    Beyond(Place),
    /// Here, where the last slice ended.
    At(Place),
}

impl Start {
    fn place(self, pages: &Pages, direction: Direction) -> Result<Option<Place>, TailError> {
        match (self, direction) {
            (Self::Outside, Direction::Forwards) => Ok(pages.first()),
            (Self::Outside, Direction::Backwards) => Ok(pages.end()),
            (Self::Beyond(place), Direction::Forwards) => pages.after(place),
            (Self::Beyond(place), Direction::Backwards) | (Self::At(place), _) => Ok(Some(place)),
        }
    }
}

impl Seek {
    /// From a line on, which itself is not looked at; `None` is the end that lies behind.
    pub(super) fn new(is_hit: IsHit, direction: Direction, from: Option<Place>, may_wrap: bool) -> Self {
        let may_wrap = may_wrap && from.is_some();
        Self { is_hit, direction, from: from.map_or(Start::Outside, Start::Beyond), may_wrap, has_wrapped: false }
    }

    /// Looks for the next one after a hit.
    pub(super) fn go_on_from(&mut self, hit: Place) {
        self.from = Start::Beyond(hit);
    }

    /// Goes on a slice.
    ///
    /// # Errors
    /// [`TailError`] when the file cannot be read.
    pub(super) fn step(&mut self, pages: &Pages) -> Result<Seeking, TailError> {
        let searched = match self.from.place(pages, self.direction)? {
            Some(from) => pages.search(from, self.direction, SLICE_BYTES, &mut |line| (self.is_hit)(line))?,
            None => Searched::Ended,
        };
        match searched {
            Searched::Found(place) => Ok(Seeking::Found { place, wrapped: self.has_wrapped }),
            Searched::GoOn(place) => {
                self.from = Start::At(place);
                Ok(Seeking::GoOn)
            }
            Searched::Ended if self.may_wrap && !self.has_wrapped => {
                (self.has_wrapped, self.from) = (true, Start::Outside);
                Ok(Seeking::GoOn)
            }
            Searched::Ended => Ok(Seeking::Nothing),
        }
    }
}

/// How many hits there are, and which of them a line is; counted outwards from it.
pub(super) struct HitCount {
    is_hit: IsHit,
    back: Option<Start>,
    forth: Option<Start>,
    before: u64,
    after: u64,
}

impl HitCount {
    /// Begins at a hit.
    pub(super) fn around(is_hit: IsHit, place: Place) -> Self {
        Self { is_hit, back: Some(Start::Beyond(place)), forth: Some(Start::Beyond(place)), before: 0, after: 0 }
    }

    /// Goes on a slice in each direction, and says whether all is counted.
    ///
    /// # Errors
    /// [`TailError`] when the file cannot be read.
    pub(super) fn step(&mut self, pages: &Pages) -> Result<bool, TailError> {
        for (from, count, direction) in [
            (&mut self.back, &mut self.before, Direction::Backwards),
            (&mut self.forth, &mut self.after, Direction::Forwards),
        ] {
            let Some(start) = *from else { continue };
            *from = None;
            if let Some(start) = start.place(pages, direction)? {
                let searched = pages.search(start, direction, SLICE_BYTES / 2, &mut |line| {
                    *count += u64::from((self.is_hit)(line));
                    false
                })?;
                if let Searched::GoOn(place) | Searched::Found(place) = searched {
                    *from = Some(Start::At(place));
                }
            }
        }
        Ok(self.is_done())
    }

    /// Whether all lines were looked at.
    pub(super) fn is_done(&self) -> bool {
        self.back.is_none() && self.forth.is_none()
    }

    /// Which one the hit is, from 1, and how many there are; lower bounds until all is counted.
    pub(super) fn counted(&self) -> (u64, u64) {
        (self.before + 1, self.before + 1 + self.after)
    }

    /// Another hit became the one that is shown.
    pub(super) fn moved(&mut self, direction: Direction) {
        match direction {
            Direction::Forwards if self.after > 0 => (self.before, self.after) = (self.before + 1, self.after - 1),
            Direction::Backwards if self.before > 0 => (self.before, self.after) = (self.before - 1, self.after + 1),
            _ => {}
        }
    }
}
