//! What the mouse does: the wheel scrolls the list below it and zooms a plot, a click chooses, two open.

use super::app::{App, MoveBy, Overlay, Pane};
use super::keys::Around;

impl App {
    pub(super) fn on_wheel(&mut self, x: u16, y: u16, is_up: bool, around: &Around<'_>) {
        let by = if is_up { -3 } else { 3 };
        match &mut self.overlay {
            Some(Overlay::Help { top }) => *top = top.saturating_add_signed(by),
            Some(Overlay::Record(record)) => record.scroll(by),
            Some(Overlay::Order(order)) => order.move_by(by),
            Some(Overlay::Timeline(timeline)) => timeline.move_by(by, self.overlay_rows),
            None => match around.layout.pane_at(x, y) {
                Some(Pane::Throughput | Pane::Success) => {
                    self.bucket = Some(if is_up { around.bucket.smaller() } else { around.bucket.bigger() });
                }
                Some(pane) => {
                    let focus = std::mem::replace(&mut self.focus, pane);
                    self.on_list(around.sources, MoveBy(by));
                    // Turning the wheel over a list does not choose it.
                    self.focus = focus;
                }
                None => {}
            },
        }
    }

    pub(super) fn on_click(&mut self, x: u16, y: u16, is_double: bool, around: &Around<'_>) {
        if self.overlay.is_some() || self.prompt.is_some() {
            return;
        }
        let Some(pane) = around.layout.pane_at(x, y) else { return };
        self.focus = pane;
        let row = y.saturating_sub(around.layout.pane(pane).y).checked_sub(1).map(usize::from);
        let Some(row) = row else { return };
        match pane {
            Pane::Logs => self.logs.select_shown(row),
            Pane::Events => self.events.select_shown(row),
            _ => return,
        }
        if is_double {
            self.open_record(around);
        }
    }
}
