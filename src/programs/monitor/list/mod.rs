//! A list of lines of which only a window is in memory: it follows the end, or stands where a person scrolled
//! to, in a file of any size.
//!
//! Without a filter its rows are read when they are needed. With one they are looked for, a slice at a time, and
//! come in as they are found.

mod looking;

use std::cmp::Ordering;

use super::rows::{ROW_BYTES, Row};
use super::seek::unread_end;
use crate::doors::tail::{Pages, Place, TailError};

/// Lines kept on each side of what is shown, so that scrolling rarely reads.
const MARGIN: usize = 64;

/// At most so many lines are in memory.
const MOST_ROWS: usize = 512;

/// Up to so many new bytes are read on from the last row; after more the end is read anew.
const FEW_BYTES: u64 = 512 * 1024;

/// Which lines a list shows; `None` shows all.
pub(super) type Filter<'a> = Option<&'a dyn Fn(&[u8]) -> bool>;

/// A window of lines, with one of them selected.
#[derive(Debug)]
pub(super) struct List<R> {
    rows: Vec<R>,
    /// Index of the first row shown.
    top: usize,
    /// Index of the selected row; `None` while following without a selection.
    selected: Option<usize>,
    follows: bool,
    height: usize,
    /// Nothing from here on is shown: the end as it was when the screen was frozen.
    limit: Option<Place>,
    looking: Looking,
    /// Why the file could not be read.
    pub(super) trouble: Option<String>,
}

/// How far a filter was looked for, beyond the rows.
#[derive(Clone, Copy, Debug, Default)]
struct Looking {
    /// Lines before this one are still to be looked at; `None` at the beginning, and before anything was.
    back: Option<Place>,
    /// Lines from this one on are still to be looked at.
    forth: Option<Place>,
    /// So many rows are wanted before those that are there.
    wanted_before: usize,
    /// More was there than one slice: lines come faster, or lie further on.
    is_behind: bool,
}

impl<R: Row> List<R> {
    pub(super) fn new() -> Self {
        Self {
            rows: Vec::new(),
            top: 0,
            selected: None,
            follows: true,
            height: 1,
            limit: None,
            looking: Looking::default(),
            trouble: None,
        }
    }

    /// Whether new lines move it.
    pub(super) fn follows(&self) -> bool {
        self.follows
    }

    /// Whether filtered rows are still being looked for.
    pub(super) fn is_looking(&self) -> bool {
        self.looking.is_behind || (self.looking.wanted_before > 0 && self.looking.back.is_some())
    }

    /// Whether fewer rows are there than fit, and more may be had.
    pub(super) fn is_short(&self) -> bool {
        self.rows.len() < self.height
    }

    /// The rows on screen, and which of them is selected.
    pub(super) fn shown(&self) -> (&[R], Option<usize>) {
        let end = self.rows.len().min(self.top + self.height);
        let rows = self.rows.get(self.top..end).unwrap_or_default();
        (rows, self.selected.and_then(|selected| selected.checked_sub(self.top)).filter(|at| *at < rows.len()))
    }

    pub(super) fn selected(&self) -> Option<&R> {
        self.rows.get(self.selected?)
    }

    /// The row that keys act on: the selected one, else the newest shown.
    pub(super) fn current(&self) -> Option<&R> {
        self.selected().or_else(|| self.shown().0.last())
    }

    /// How many rows fit; the newest stay in sight while following.
    pub(super) fn set_height(&mut self, height: usize) {
        let height = height.max(1);
        if height == self.height {
            return;
        }
        self.height = height;
        if self.follows {
            self.top = self.rows.len().saturating_sub(height);
        } else {
            self.keep_in_sight();
        }
    }

    /// Shows nothing that comes from now on, or everything again.
    pub(super) fn freeze(&mut self, end: Option<Place>) {
        self.limit = end;
    }

    /// Reads the newest lines; only while following.
    pub(super) fn refresh(&mut self, pages: &Pages, filter: Filter<'_>) {
        if !self.follows {
            return;
        }
        let place = self.selected().map(Row::place);
        match filter {
            Some(filter) => self.look_forth(pages, filter),
            None if self.is_near_end(pages) => {
                let last = self.rows.last().map(Row::place);
                if let Some(rows) = self.read_from(pages, last, MOST_ROWS) {
                    // The last one comes again, and may have got its end meanwhile.
                    self.rows.pop();
                    self.rows.extend(rows);
                }
            }
            None => {
                if let Some(rows) = self.read_before(pages, None, self.height + MARGIN) {
                    self.rows = rows;
                }
            }
        }
        let surplus = self.rows.len().saturating_sub(self.height + MARGIN);
        self.drop_first(surplus);
        self.top = self.rows.len().saturating_sub(self.height);
        self.selected = place.and_then(|place| self.rows.iter().position(|row| row.place() == place));
    }

    /// Whether little was added since the last row was read.
    fn is_near_end(&self, pages: &Pages) -> bool {
        let (Some(last), Some(end)) = (self.rows.last().map(Row::place), pages.end()) else { return false };
        self.limit.is_none()
            && !self.is_short()
            && last.file == end.file
            && last.byte <= end.byte
            && end.byte - last.byte <= FEW_BYTES
    }

    /// Forgets what it holds and begins at the end again: the places are of a file that is no more, or another
    /// filter holds.
    pub(super) fn restart(&mut self, pages: &Pages, filter: Filter<'_>) {
        // A place of a file that is gone is no limit any more.
        let limit = self.limit.filter(|limit| pages.compare(*limit, *limit).is_some());
        *self = Self { height: self.height, limit, ..Self::new() };
        if filter.is_some() {
            let end = limit.or_else(|| unread_end(pages));
            self.looking = Looking { back: end, forth: end, wanted_before: self.height + MARGIN, is_behind: false };
            self.look_back(pages, filter);
        }
        self.refresh(pages, filter);
    }

    /// Goes to the end and follows it.
    pub(super) fn go_to_end(&mut self, pages: &Pages, filter: Filter<'_>) {
        self.restart(pages, filter);
    }

    /// Goes to the very first line.
    pub(super) fn go_to_beginning(&mut self, pages: &Pages, filter: Filter<'_>) {
        if let Some(first) = pages.first() {
            self.go_to_place(pages, first, filter);
        }
    }

    /// Shows the line at a place in the middle, and selects it; with a filter the next one that it lets through.
    pub(super) fn go_to_place(&mut self, pages: &Pages, place: Place, filter: Filter<'_>) {
        let around = self.height / 2 + MARGIN;
        if filter.is_some() {
            (self.rows, self.top, self.selected, self.follows) = (Vec::new(), 0, None, false);
            self.looking = Looking { back: Some(place), forth: Some(place), wanted_before: around, is_behind: false };
            if let Some(filter) = filter {
                self.look_forth(pages, filter);
            }
            self.selected = (!self.rows.is_empty()).then_some(0);
            self.look_back(pages, filter);
            self.keep_in_sight();
            return;
        }
        let (Some(mut rows), Some(behind)) =
            (self.read_before(pages, Some(place), around), self.read_from(pages, Some(place), self.height + around))
        else {
            return;
        };
        if behind.is_empty() {
            return;
        }
        let at = rows.len();
        rows.extend(behind);
        self.rows = rows;
        self.follows = false;
        self.selected = Some(at);
        self.top = at.saturating_sub(self.height / 2);
        self.keep_in_sight();
    }

    /// Moves the selection, which stops the following.
    pub(super) fn move_by(&mut self, by: isize, pages: &Pages, filter: Filter<'_>) {
        if self.rows.is_empty() {
            return;
        }
        // The first key starts from the newest row that is shown.
        let from = self.selected.unwrap_or((self.top + self.height).min(self.rows.len()).saturating_sub(1));
        self.selected = Some(from.min(self.rows.len() - 1));
        self.follows = false;
        let is_missing = from.checked_add_signed(by).is_none_or(|at| at >= self.rows.len());
        if is_missing || (by < 0 && from.saturating_add_signed(by) < self.height) {
            self.extend(by, pages, filter);
        }
        let from = self.selected.unwrap_or(from);
        let last = self.rows.len().saturating_sub(1);
        self.selected = Some(from.saturating_add_signed(by).min(last));
        self.keep_in_sight();
        self.trim();
    }

    /// Selects a row on screen, which stops the following.
    pub(super) fn select_shown(&mut self, at: usize) {
        if self.top + at < self.rows.len() && at < self.height {
            self.selected = Some(self.top + at);
            self.follows = false;
        }
    }

    /// Reads further rows before those that are there, where the screen has become larger.
    pub(super) fn fill(&mut self, pages: &Pages, filter: Filter<'_>) {
        if !self.is_short() {
            return;
        }
        if self.rows.is_empty() || self.follows {
            self.rows.clear();
            match filter {
                Some(_) => self.restart(pages, filter),
                None => self.refresh(pages, filter),
            }
            return;
        }
        self.extend(-1, pages, filter);
        self.keep_in_sight();
    }

    /// Reads further rows where the movement goes.
    fn extend(&mut self, by: isize, pages: &Pages, filter: Filter<'_>) {
        let wanted = by.unsigned_abs().min(MOST_ROWS) + MARGIN;
        match (by < 0, filter) {
            (true, Some(_)) => {
                self.looking.wanted_before = wanted;
                self.look_back(pages, filter);
            }
            (false, Some(filter)) => self.look_forth(pages, filter),
            (true, None) => {
                let first = self.rows.first().map(Row::place);
                if let (Some(_), Some(rows)) = (first, self.read_before(pages, first, wanted)) {
                    self.prepend(rows);
                }
            }
            (false, None) => {
                let last = self.rows.last().map(Row::place);
                if let (Some(_), Some(rows)) = (last, self.read_from(pages, last, wanted + 1))
                    && !rows.is_empty()
                {
                    self.rows.pop();
                    self.rows.extend(rows);
                }
            }
        }
    }

    fn prepend(&mut self, rows: Vec<R>) {
        let added = rows.len();
        self.rows.splice(0..0, rows);
        self.top += added;
        self.selected = self.selected.map(|selected| selected + added);
        if self.follows {
            self.top = self.rows.len().saturating_sub(self.height);
        }
    }

    /// Drops what is far from what is shown.
    fn trim(&mut self) {
        if self.rows.len() <= MOST_ROWS {
            return;
        }
        let first = self.top.saturating_sub(MARGIN);
        let end = (self.top + self.height + MARGIN).min(self.rows.len());
        if end < self.rows.len() {
            self.looking.forth = self.rows.get(end).map(Row::place);
        }
        self.rows.truncate(end);
        self.drop_first(first);
    }

    /// Drops the first rows; what is dropped may be looked for again.
    fn drop_first(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        self.rows.drain(..count);
        self.looking.back = self.rows.first().map(Row::place);
        self.top = self.top.saturating_sub(count);
        self.selected = self.selected.and_then(|selected| selected.checked_sub(count));
    }

    fn keep_in_sight(&mut self) {
        if let Some(selected) = self.selected {
            if selected < self.top {
                self.top = selected;
            } else if selected >= self.top + self.height {
                self.top = selected + 1 - self.height;
            }
        }
        self.top = self.top.min(self.rows.len().saturating_sub(self.height));
    }

    fn is_within(&self, pages: &Pages, place: Place) -> bool {
        self.limit.is_none_or(|limit| pages.compare(place, limit) == Some(Ordering::Less))
    }

    fn read_before(&mut self, pages: &Pages, place: Option<Place>, lines: usize) -> Option<Vec<R>> {
        let lines = pages.before(place.or(self.limit), lines, ROW_BYTES);
        Some(self.heard(lines)?.iter().map(R::of).collect())
    }

    fn read_from(&mut self, pages: &Pages, place: Option<Place>, lines: usize) -> Option<Vec<R>> {
        let lines = pages.from(place, lines, ROW_BYTES);
        let lines = self.heard(lines)?;
        Some(lines.iter().filter(|line| self.is_within(pages, line.place)).map(R::of).collect())
    }

    fn heard<T>(&mut self, found: Result<T, TailError>) -> Option<T> {
        match found {
            Ok(found) => {
                self.trouble = None;
                Some(found)
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                None
            }
        }
    }
}
