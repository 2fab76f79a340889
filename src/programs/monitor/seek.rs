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

/// How many hits there are, and which of them a line is; counted outwards from it, and on as lines come.
pub(super) struct HitCount {
    is_hit: IsHit,
    at: Place,
    back: Option<Start>,
    forth: Start,
    is_forth_done: bool,
    before: u64,
    after: u64,
}

impl HitCount {
    /// Begins at a hit.
    pub(super) fn around(is_hit: IsHit, place: Place) -> Self {
        let start = Start::Beyond(place);
        Self { is_hit, at: place, back: Some(start), forth: start, is_forth_done: false, before: 0, after: 0 }
    }

    /// Goes on a slice in each direction.
    ///
    /// # Errors
    /// [`TailError`] when the file cannot be read.
    pub(super) fn step(&mut self, pages: &Pages) -> Result<(), TailError> {
        let Self { is_hit, before, after, .. } = self;
        if let Some(start) = self.back.take()
            && let Some(from) = start.place(pages, Direction::Backwards)?
        {
            self.back = count(pages, from, Direction::Backwards, is_hit, before)?.map(Start::At);
        }
        if !self.is_forth_done {
            let from = self.forth.place(pages, Direction::Forwards)?;
            let go_on = match from {
                Some(from) => count(pages, from, Direction::Forwards, is_hit, after)?,
                None => None,
            };
            self.is_forth_done = go_on.is_none();
            if let Some(end) = go_on.or_else(|| unread_end(pages)) {
                self.forth = Start::At(end);
            }
        }
        Ok(())
    }

    /// Lines came: they are counted too.
    pub(super) fn grew(&mut self) {
        self.is_forth_done = false;
    }

    /// Whether all lines were looked at.
    pub(super) fn is_done(&self) -> bool {
        self.back.is_none() && self.is_forth_done
    }

    /// Which one the hit is, from 1, and how many there are; lower bounds until all is counted.
    pub(super) fn counted(&self) -> (u64, u64) {
        (self.before + 1, self.before + 1 + self.after)
    }

    /// The next hit became the one that is shown. False when it is not known to be the neighbour of the one
    /// before: then it has to be counted anew.
    pub(super) fn moved(&mut self, from: Option<Place>, to: Place, direction: Direction) -> bool {
        if from != Some(self.at) || self.back.is_some() {
            return false;
        }
        match direction {
            Direction::Forwards if self.after > 0 => (self.before, self.after) = (self.before + 1, self.after - 1),
            Direction::Backwards if self.before > 0 => (self.before, self.after) = (self.before - 1, self.after + 1),
            _ => return false,
        }
        self.at = to;
        true
    }
}

/// Counts hits in a slice, and says where the next one begins.
fn count(
    pages: &Pages,
    from: Place,
    direction: Direction,
    is_hit: &IsHit,
    count: &mut u64,
) -> Result<Option<Place>, TailError> {
    let searched = pages.search(from, direction, SLICE_BYTES / 2, &mut |line| {
        *count += u64::from(is_hit(line));
        false
    })?;
    Ok(match searched {
        Searched::GoOn(place) | Searched::Found(place) => Some(place),
        Searched::Ended => None,
    })
}

/// Behind the last whole line: where the next one begins, or goes on.
pub(super) fn unread_end(pages: &Pages) -> Option<Place> {
    match pages.before(None, 1, 0).ok()?.pop() {
        Some(line) if line.is_torn => Some(line.place),
        _ => pages.end(),
    }
}
