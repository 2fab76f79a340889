//! Where everything stands on a terminal of a given size; what is drawn and what a click means both ask here.

use super::app::Pane;
use crate::doors::screen::Area;

/// The arrangements, by the room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Size {
    /// A shape and a word, in one row.
    Word,
    /// One row.
    Line,
    /// Two rows.
    TwoLines,
    /// A few figures and the newest events.
    Compact,
    /// Panels below each other, one plot.
    Narrow,
    /// Panels and plots side by side.
    Normal,
    /// A third panel, for the tracker.
    Wide,
    /// A fourth, for the partitions; the lists side by side; the selected record below.
    Huge,
}

/// Where everything stands. An area without cells is not drawn. Each panel's first row is its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) size: Size,
    pub(super) header: Area,
    /// Why it is not well: up to two rows.
    pub(super) reason: Area,
    pub(super) messages: Area,
    pub(super) health: Area,
    pub(super) tracker: Area,
    pub(super) partitions: Area,
    pub(super) throughput: Area,
    pub(super) success: Area,
    pub(super) logs: Area,
    pub(super) events: Area,
    /// The selected record, beside the lists.
    pub(super) preview: Area,
    /// Prompts and notices; above the keys.
    pub(super) footer: Area,
}

/// What asks for room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Rows for why it is not well.
    pub(super) reason_rows: u16,
    /// A prompt or a notice wants the row above the keys.
    pub(super) prompt: bool,
    /// One pane has the whole screen.
    pub(super) zoomed: Option<Pane>,
}

impl Size {
    pub(super) fn of(width: u16, height: u16) -> Self {
        match (width, height) {
            (0..=19, _) | (_, 0) => Self::Word,
            (_, 1) => Self::Line,
            (20..=39, _) | (_, 2..=9) => Self::TwoLines,
            (40..=59, _) | (_, 10..=23) => Self::Compact,
            (60..=79, _) => Self::Narrow,
            (80..=109, _) | (_, 24..=31) => Self::Normal,
            (110..=149, _) | (_, 32..=44) => Self::Wide,
            _ => Self::Huge,
        }
    }

    /// Rows of the panels of figures, their title included.
    fn panel_rows(self) -> u16 {
        match self {
            Self::Wide => 7,
            Self::Huge => 9,
            _ => 6,
        }
    }
}

impl Layout {
    pub(super) fn of(screen: Area, needs: Needs) -> Self {
        let size = Size::of(screen.width, screen.height);
        let none = Area::default();
        let mut layout = Self {
            size,
            header: none,
            reason: none,
            messages: none,
            health: none,
            tracker: none,
            partitions: none,
            throughput: none,
            success: none,
            logs: none,
            events: none,
            preview: none,
            footer: none,
        };
        let (header, rest) = screen.split_top(1);
        layout.header = header;
        if size <= Size::TwoLines {
            layout.reason = rest.split_top(1).0;
            return layout;
        }
        let (rest, footer) = rest.split_bottom(1 + u16::from(needs.prompt && size > Size::Compact));
        layout.footer = footer;
        let reason_rows = needs.reason_rows.min(if size == Size::Compact { 1 } else { 2 });
        let (reason, rest) = rest.split_top(reason_rows);
        layout.reason = reason;
        match needs.zoomed {
            Some(pane) => *layout.pane_mut(pane) = rest,
            None if size == Size::Compact => layout.compact(rest),
            None if size == Size::Narrow => layout.narrow(rest),
            None => layout.full(rest),
        }
        layout
    }

    /// Where a pane stands.
    pub(super) fn pane(&self, pane: Pane) -> Area {
        match pane {
            Pane::Throughput => self.throughput,
            Pane::Success => self.success,
            Pane::Logs => self.logs,
            Pane::Events => self.events,
        }
    }

    fn pane_mut(&mut self, pane: Pane) -> &mut Area {
        match pane {
            Pane::Throughput => &mut self.throughput,
            Pane::Success => &mut self.success,
            Pane::Logs => &mut self.logs,
            Pane::Events => &mut self.events,
        }
    }

    /// The panes that can be seen, from top to bottom.
    pub(super) fn panes(&self) -> impl Iterator<Item = Pane> {
        Pane::ALL.into_iter().filter(|pane| !self.pane(*pane).is_empty())
    }

    /// The pane under a cell.
    pub(super) fn pane_at(&self, x: u16, y: u16) -> Option<Pane> {
        self.panes().find(|pane| self.pane(*pane).contains(x, y))
    }

    /// Rows of a list that fit below its title.
    pub(super) fn list_rows(&self, pane: Pane) -> usize {
        usize::from(self.pane(pane).height.saturating_sub(1))
    }

    fn compact(&mut self, rest: Area) {
        let (messages, rest) = rest.split_top(3);
        self.messages = messages;
        // Each further row goes to the events; the plot is a single row.
        let (events, plot) = if rest.height >= 5 { rest.split_bottom(1) } else { (rest, Area::default()) };
        (self.events, self.throughput) = (events, plot);
    }

    fn narrow(&mut self, rest: Area) {
        let (messages, rest) = rest.split_top(6.min(rest.height / 3));
        let (health, rest) = rest.split_top(6.min(rest.height / 3));
        (self.messages, self.health) = (messages, health);
        let (plot, rest) = rest.split_top(plot_rows(rest.height));
        self.throughput = plot;
        let (logs, events) = rest.split_top(log_rows(rest.height));
        (self.logs, self.events) = (logs, events);
    }

    fn full(&mut self, rest: Area) {
        let width = rest.width;
        let (panels, rest) = rest.split_top(self.size.panel_rows());
        self.panels(panels);
        let shares = if self.size == Size::Huge { rest.height * 3 / 5 } else { rest.height };
        let (plots, rest) = rest.split_top(plot_rows(shares));
        let (throughput, success) = plots.split_left(width / 2);
        (self.throughput, self.success) = (throughput, success);
        if self.size == Size::Huge {
            let (lists, preview) = rest.split_bottom(rest.height * 9 / 20);
            let (logs, events) = lists.split_left(width * 2 / 5 + 3);
            (self.logs, self.events, self.preview) = (logs, events, preview);
        } else {
            let (logs, events) = rest.split_top(log_rows(rest.height));
            (self.logs, self.events) = (logs, events);
        }
    }

    fn panels(&mut self, panels: Area) {
        let width = panels.width;
        match self.size {
            Size::Wide => {
                // As wide as the longest words of both languages; what is left goes to the tracker.
                let (messages, rest) = panels.split_left(if width < 120 { 31 } else { 33 });
                let (health, tracker) = rest.split_left(if width < 120 { 44 } else { 48 });
                (self.messages, self.health, self.tracker) = (messages, health, tracker);
            }
            Size::Huge => {
                let more = (width - 150) / 4;
                let (messages, rest) = panels.split_left(39 + more);
                let (health, rest) = rest.split_left(45 + more);
                let (tracker, partitions) = rest.split_left(36 + more);
                (self.messages, self.health) = (messages, health);
                (self.tracker, self.partitions) = (tracker, partitions);
            }
            _ => {
                let (messages, health) = panels.split_left(width * 2 / 5 + 1);
                (self.messages, self.health) = (messages, health);
            }
        }
    }
}

/// Rows of the plots with their title: the title, the words below, and one in four of what is left.
fn plot_rows(left: u16) -> u16 {
    // Logs and events come first, with three rows and a title each.
    if left < 13 { 0 } else { ((left - 12) / 4 + 4).clamp(5, 12) }
}

/// Rows of the logs with their title.
fn log_rows(left: u16) -> u16 {
    if left < 8 { left / 3 } else { (left / 3).max(4) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn areas(layout: &Layout) -> Vec<Area> {
        let all = [
            layout.header,
            layout.reason,
            layout.messages,
            layout.health,
            layout.tracker,
            layout.partitions,
            layout.throughput,
            layout.success,
            layout.logs,
            layout.events,
            layout.preview,
            layout.footer,
        ];
        all.into_iter().filter(|area| !area.is_empty()).collect()
    }

    proptest! {
        /// Nothing overlaps, nothing overflows, and nothing is left empty.
        #[test]
        fn every_cell_belongs_to_one_area(width in 0_u16..300, height in 0_u16..120, reason_rows in 0_u16..3, prompt: bool) {
            let screen = Area::new(0, 0, width, height);
            let layout = Layout::of(screen, Needs { reason_rows, prompt, zoomed: None });
            let areas = areas(&layout);
            let cells: u32 = areas.iter().map(|area| u32::from(area.width) * u32::from(area.height)).sum();
            for (at, area) in areas.iter().enumerate() {
                prop_assert!(area.right() <= width && area.bottom() <= height, "{area:?} overflows");
                for other in areas.get(at + 1..).unwrap_or_default() {
                    prop_assert!(area.both(*other).is_empty(), "{area:?} and {other:?} overlap");
                }
            }
            if layout.size >= Size::Compact {
                prop_assert_eq!(cells, u32::from(width) * u32::from(height), "{:?} {:?}", layout.size, layout);
                prop_assert!(layout.events.height >= 3);
            }
        }
    }

    #[test]
    fn the_sizes_that_people_have() {
        let rows = |width, height| {
            let layout = Layout::of(Area::new(0, 0, width, height), Needs::default());
            (layout.size, layout.throughput.height, layout.logs.height, layout.events.height)
        };
        assert_eq!(rows(80, 24), (Size::Normal, 5, 4, 7));
        assert_eq!(rows(120, 40), (Size::Wide, 8, 7, 16));
        assert_eq!(rows(160, 50).0, Size::Huge);
        assert_eq!(rows(60, 24).0, Size::Narrow);
        assert_eq!(rows(40, 10).0, Size::Compact);
    }
}
