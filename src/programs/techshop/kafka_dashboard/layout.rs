//! Where everything stands on a terminal of a given size; what is drawn and what a click means both ask here.

use super::app::Pane;
use crate::doors::screen::Area;

/// From so many columns on tables have all their columns.
pub(super) const WIDE_FROM: u16 = 119;

/// With fewer columns or rows only the verdict is told.
const LEAST: (u16, u16) = (40, 10);

/// From so many rows on a wide screen shows the selected group below the lists.
const DETAIL_FROM: u16 = 34;

/// A panel's title and the names of its columns.
const HEAD_ROWS: u16 = 2;

/// Where everything stands. An area without cells is not drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Whether there is room for the verdict alone.
    pub(super) is_tiny: bool,
    pub(super) is_wide: bool,
    pub(super) header: Area,
    /// What to do, when it is not well.
    pub(super) advice: Area,
    pub(super) cluster: Area,
    pub(super) brokers: Area,
    pub(super) topics: Area,
    pub(super) groups: Area,
    pub(super) detail: Area,
    pub(super) plot: Area,
    pub(super) prompt: Area,
    pub(super) keys: Area,
    /// Rows of what covers the screen, as it was last drawn.
    pub(super) overlay_rows: usize,
}

impl Layout {
    /// How a screen is divided. `brokers` is how many there are; `zoomed` is the pane that has all of it.
    pub(super) fn of(screen: Area, has_advice: bool, brokers: usize, zoomed: Option<Pane>) -> Self {
        let is_tiny = screen.width < LEAST.0 || screen.height < LEAST.1;
        let mut layout = Self { is_tiny, is_wide: screen.width >= WIDE_FROM, ..Self::default() };
        let (header, rest) = screen.split_top(1);
        layout.header = header;
        if is_tiny {
            layout.advice = rest.row(0);
            return layout;
        }
        let (advice, rest) = rest.split_top(u16::from(has_advice));
        let (cluster, rest) = rest.split_top(1);
        let (rest, keys) = rest.split_bottom(1);
        // A small screen has no row to spare: there a prompt takes that of the keys.
        let (rest, prompt) = rest.split_bottom(u16::from(screen.height >= 20));
        layout = Self { advice, cluster, keys, prompt, ..layout };
        match zoomed {
            Some(Pane::Groups) => layout.groups = rest,
            Some(Pane::Topics) => layout.topics = rest,
            Some(Pane::Brokers) => layout.brokers = rest,
            None if layout.is_wide => layout.wide(rest, brokers, screen.height >= DETAIL_FROM),
            None => layout.narrow(rest, brokers),
        }
        layout
    }

    fn wide(&mut self, rest: Area, brokers: usize, has_detail: bool) {
        let (brokers, rest) = rest.split_top(HEAD_ROWS + u16::try_from(brokers.clamp(1, 5)).unwrap_or(5));
        self.brokers = brokers;
        // Heights follow from the screen alone, so that nothing moves but the data.
        let lists = if has_detail { rest.height * 6 / 10 } else { rest.height };
        let (lists, below) = rest.split_top(lists);
        (self.topics, self.groups) = lists.split_top(lists.height / 2);
        (self.detail, self.plot) = below.split_top(below.height / 2);
    }

    fn narrow(&mut self, rest: Area, brokers: usize) {
        let rows = 1 + u16::try_from(brokers.div_ceil(3).clamp(1, 3)).unwrap_or(1);
        let (lists, brokers) = if rest.height >= 14 { rest.split_bottom(rows) } else { (rest, Area::default()) };
        self.brokers = brokers;
        if lists.height >= 10 {
            (self.groups, self.topics) = lists.split_top(lists.height.div_ceil(2));
        } else {
            self.groups = lists;
        }
    }

    /// Where a pane stands.
    pub(super) fn pane(&self, pane: Pane) -> Area {
        match pane {
            Pane::Groups => self.groups,
            Pane::Topics => self.topics,
            Pane::Brokers => self.brokers,
        }
    }

    /// How many rows of its list a pane shows.
    pub(super) fn rows(&self, pane: Pane) -> usize {
        usize::from(self.pane(pane).height.saturating_sub(HEAD_ROWS))
    }

    /// The pane in which a cell lies.
    pub(super) fn pane_at(&self, x: u16, y: u16) -> Option<Pane> {
        Pane::ALL.into_iter().find(|pane| self.pane(*pane).contains(x, y))
    }

    /// The row of a pane's list, counted from its top, that stands in this row of the screen.
    pub(super) fn row_at(&self, pane: Pane, y: u16) -> Option<usize> {
        y.checked_sub(self.pane(pane).y + HEAD_ROWS).map(usize::from)
    }
}
