//! A list of lines of which only a window is in memory: it follows the end, or stands where a person scrolled
//! to, in a file of any size.

use super::rows::{ROW_BYTES, Row};
use crate::doors::tail::{Direction, Pages, Place, Searched, TailError};

/// Lines kept on each side of what is shown, so that scrolling rarely reads.
const MARGIN: usize = 64;

/// At most so many lines are in memory.
const MOST_ROWS: usize = 512;

/// So many bytes are looked through for filtered rows in one go.
const FILTER_BYTES: u64 = 16 * 1024 * 1024;

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
    /// Why the file could not be read.
    pub(super) trouble: Option<String>,
}

impl<R: Row> List<R> {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), top: 0, selected: None, follows: true, height: 1, trouble: None }
    }

    /// Whether new lines move it.
    pub(super) fn follows(&self) -> bool {
        self.follows
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

    /// Reads the newest lines again; only while following.
    pub(super) fn refresh(&mut self, pages: &Pages, filter: Filter<'_>) {
        if !self.follows {
            return;
        }
        let wanted = self.height + MARGIN;
        let place = self.selected().map(Row::place);
        if let Some(rows) = self.read_before(pages, None, wanted, filter) {
            self.rows = rows;
            self.top = self.rows.len().saturating_sub(self.height);
            // A selected row stays selected while it is in sight; after that the list holds no selection.
            self.selected = place
                .and_then(|place| self.rows.iter().position(|row| row.place() == place))
                .filter(|at| *at >= self.top);
        }
    }

    /// Forgets what it holds and begins at the end again: the places are of a file that is no more.
    pub(super) fn restart(&mut self, pages: &Pages, filter: Filter<'_>) {
        *self = Self { height: self.height, ..Self::new() };
        self.refresh(pages, filter);
    }

    /// Goes to the end and follows it.
    pub(super) fn go_to_end(&mut self, pages: &Pages, filter: Filter<'_>) {
        self.follows = true;
        self.selected = None;
        self.refresh(pages, filter);
    }

    /// Goes to the very first line.
    pub(super) fn go_to_beginning(&mut self, pages: &Pages, filter: Filter<'_>) {
        let wanted = self.height + MARGIN;
        if let Some(rows) = self.read_from(pages, None, wanted, filter)
            && !rows.is_empty()
        {
            self.follows = false;
            self.rows = rows;
            self.top = 0;
            self.selected = Some(0);
        }
    }

    /// Shows the line at a place in the middle, and selects it.
    pub(super) fn go_to_place(&mut self, pages: &Pages, place: Place, filter: Filter<'_>) {
        let around = self.height / 2 + MARGIN;
        let (Some(mut rows), Some(behind)) = (
            self.read_before(pages, Some(place), around, filter),
            self.read_from(pages, Some(place), self.height + around, filter),
        ) else {
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

    /// Moves the selection; scrolling up stops the following, and reaching the end goes on with it.
    pub(super) fn move_by(&mut self, by: isize, pages: &Pages, filter: Filter<'_>) {
        if self.rows.is_empty() {
            return;
        }
        let last = self.rows.len() - 1;
        let from = match self.selected {
            Some(selected) => selected,
            // The first key selects the newest row that is shown, and stays there.
            None => (self.top + self.height).min(self.rows.len()).saturating_sub(1),
        };
        self.selected = Some(from.min(last));
        if by < 0 {
            self.follows = false;
        }
        let needed = from.checked_add_signed(by).filter(|at| *at < self.rows.len());
        if needed.is_none() || from.saturating_add_signed(by) < self.height {
            self.extend(by, pages, filter);
        }
        let from = self.selected.unwrap_or(from);
        let last = self.rows.len().saturating_sub(1);
        let target = from.saturating_add_signed(by).min(last);
        self.selected = Some(target);
        self.keep_in_sight();
        self.trim();
    }

    /// Selects a row on screen.
    pub(super) fn select_shown(&mut self, at: usize) {
        if self.top + at < self.rows.len() && at < self.height {
            self.selected = Some(self.top + at);
            self.follows = false;
        }
    }

    /// Reads further rows where the movement goes.
    fn extend(&mut self, by: isize, pages: &Pages, filter: Filter<'_>) {
        let wanted = by.unsigned_abs() + MARGIN;
        if by < 0 {
            let Some(first) = self.rows.first().map(Row::place) else { return };
            if let Some(rows) = self.read_before(pages, Some(first), wanted, filter) {
                let added = rows.len();
                self.rows.splice(0..0, rows);
                self.top += added;
                self.selected = self.selected.map(|selected| selected + added);
            }
        } else {
            let Some(last) = self.rows.last().map(Row::place) else { return };
            if let Some(rows) = self.read_from(pages, Some(last), wanted + 1, filter) {
                // The last one comes again, and may have got its end meanwhile.
                if !rows.is_empty() {
                    self.rows.pop();
                    self.rows.extend(rows);
                }
            }
        }
    }

    /// Drops what is far from what is shown.
    fn trim(&mut self) {
        if self.rows.len() <= MOST_ROWS {
            return;
        }
        let first = self.top.saturating_sub(MARGIN);
        let end = (self.top + self.height + MARGIN).min(self.rows.len());
        self.rows.truncate(end);
        self.rows.drain(..first);
        self.top -= first;
        self.selected = self.selected.and_then(|selected| selected.checked_sub(first));
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

    fn read_before(&mut self, pages: &Pages, place: Option<Place>, lines: usize, filter: Filter<'_>) -> Option<Vec<R>> {
        let found = match filter {
            None => pages.before(place, lines, ROW_BYTES).map(|lines| lines.iter().map(R::of).collect()),
            Some(filter) => matching(pages, place, lines, filter, Direction::Backwards).map(|mut rows| {
                rows.reverse();
                rows
            }),
        };
        self.heard(found)
    }

    fn read_from(&mut self, pages: &Pages, place: Option<Place>, lines: usize, filter: Filter<'_>) -> Option<Vec<R>> {
        let found = match filter {
            None => pages.from(place, lines, ROW_BYTES).map(|lines| lines.iter().map(R::of).collect()),
            Some(filter) => matching(pages, place, lines, filter, Direction::Forwards),
        };
        self.heard(found)
    }

    fn heard(&mut self, found: Result<Vec<R>, TailError>) -> Option<Vec<R>> {
        match found {
            Ok(rows) => {
                self.trouble = None;
                Some(rows)
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                None
            }
        }
    }
}

/// The nearest lines that a filter lets through, in the order in which they are met.
fn matching<R: Row>(
    pages: &Pages,
    place: Option<Place>,
    lines: usize,
    filter: &dyn Fn(&[u8]) -> bool,
    direction: Direction,
) -> Result<Vec<R>, TailError> {
    let mut rows = Vec::new();
    let mut from = place.or_else(|| match direction {
        Direction::Forwards => pages.first(),
        Direction::Backwards => pages.end(),
    });
    let mut left = FILTER_BYTES;
    while let Some(start) = from
        && rows.len() < lines
        && left > 0
    {
        let step = left.min(FILTER_BYTES / 4);
        match pages.search(start, direction, step, &mut |line| filter(line))? {
            Searched::Found(found) => {
                if let Some(line) = pages.whole(found, ROW_BYTES)? {
                    rows.push(R::of(&line));
                }
                from = match direction {
                    Direction::Backwards => Some(found),
                    Direction::Forwards => pages.after(found)?,
                };
            }
            Searched::GoOn(next) => from = Some(next),
            Searched::Ended => break,
        }
        left = left.saturating_sub(step);
    }
    Ok(rows)
}
