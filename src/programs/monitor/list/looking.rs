//! Filtered rows are looked for a slice at a time: backwards for those before, forwards for those that came.

use super::{Filter, List, MOST_ROWS};
use crate::doors::tail::{Direction, Pages};
use crate::programs::monitor::rows::{ROW_BYTES, Row};
use crate::programs::monitor::seek::unread_end;

/// So many bytes are looked through for filtered rows in one go.
const SLICE_BYTES: u64 = 8 * 1024 * 1024;

impl<R: Row> List<R> {
    /// Looks a slice further for rows that a filter lets through; true when anything changed.
    pub(in crate::programs::monitor) fn look(&mut self, pages: &Pages, filter: Filter<'_>) -> bool {
        match filter {
            Some(_) if self.looking.is_behind && self.follows => self.refresh(pages, filter),
            Some(filter) if self.looking.is_behind => self.look_forth(pages, filter),
            _ => return self.look_back(pages, filter),
        }
        true
    }

    /// Looks a slice further back; true when any row came, or none can come any more.
    pub(super) fn look_back(&mut self, pages: &Pages, filter: Filter<'_>) -> bool {
        let (Some(filter), Some(from)) = (filter, self.looking.back) else { return false };
        let wanted = self.looking.wanted_before;
        let found = pages.collect(from, Direction::Backwards, wanted, SLICE_BYTES, ROW_BYTES, &mut |line| filter(line));
        let Some(found) = self.heard(found) else {
            self.looking.wanted_before = 0;
            return true;
        };
        self.looking.back = found.go_on;
        self.looking.wanted_before = wanted.saturating_sub(found.lines.len());
        let rows: Vec<R> = found.lines.iter().rev().map(R::of).collect();
        let any = !rows.is_empty();
        self.prepend(rows);
        if self.selected.is_none() && !self.follows {
            // Nothing lay behind: the nearest before it is meant.
            self.selected = self.rows.len().checked_sub(1);
        }
        self.keep_in_sight();
        any || self.looking.back.is_none()
    }

    /// Looks a slice further on for rows that a filter lets through.
    pub(super) fn look_forth(&mut self, pages: &Pages, filter: &dyn Fn(&[u8]) -> bool) {
        let Some(from) = self.looking.forth.or_else(|| pages.first()) else { return };
        let found =
            pages.collect(from, Direction::Forwards, MOST_ROWS, SLICE_BYTES, ROW_BYTES, &mut |line| filter(line));
        if let Some(found) = self.heard(found) {
            let next = found.go_on.or_else(|| unread_end(pages));
            // What lies behind the limit is looked at once there is none.
            let at_limit =
                self.limit.filter(|limit| next.is_some_and(|next| !self.is_within(pages, next) || next == *limit));
            self.looking.is_behind = found.go_on.is_some() && at_limit.is_none();
            self.looking.forth = at_limit.or(next);
            let rows: Vec<R> = found.lines.iter().map(R::of).filter(|row| self.is_within(pages, row.place())).collect();
            self.rows.extend(rows);
        }
    }
}
