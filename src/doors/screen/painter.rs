//! What has to be sent so that a terminal shows the next screen.

use super::{Canvas, Glyphs, Theme};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io;

/// So many columns or rows at most: terminals have fewer, and a lie of one shall not cost all memory.
const MOST: u16 = 1_000;

/// Remembers what the terminal shows.
#[derive(Debug, Default)]
pub(super) struct Painter {
    shown: Option<Buffer>,
}

impl Painter {
    /// Nothing is known any more of what the terminal shows.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    /// The bytes that lead from the screen before to the one that is painted now; none if they are the same.
    pub(super) fn next(
        &mut self,
        (width, height): (u16, u16),
        theme: Theme,
        glyphs: Glyphs,
        paint: impl FnOnce(&mut Canvas<'_>),
    ) -> io::Result<Vec<u8>> {
        let area = Rect::new(0, 0, width.min(MOST), height.min(MOST));
        let mut next = Buffer::empty(area);
        paint(&mut Canvas::new(&mut next, theme, glyphs));
        let same_size = self.shown.take().filter(|shown| shown.area == area);
        let is_cleared = same_size.is_none();
        let shown = same_size.unwrap_or_else(|| Buffer::empty(area));
        let mut cells = shown.diff_iter(&next).peekable();
        let mut bytes = Vec::new();
        if is_cleared || cells.peek().is_some() {
            bytes.extend_from_slice(b"\x1b[?2026h");
            if is_cleared {
                bytes.extend_from_slice(b"\x1b[0m\x1b[2J");
            }
            CrosstermBackend::new(&mut bytes).draw(cells)?;
            bytes.extend_from_slice(b"\x1b[?2026l");
        }
        self.shown = Some(next);
        Ok(bytes)
    }
}
