//! What is drawn on.

use super::{Area, Glyphs, Text, Theme};
use ratatui::buffer::Buffer;

/// What is drawn on: a grid of cells, a theme and a set of characters. Whatever lies outside is not drawn, and no
/// size is too small.
pub struct Canvas<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) theme: Theme,
    pub(super) glyphs: Glyphs,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, theme: Theme, glyphs: Glyphs) -> Canvas<'a> {
        Canvas { buffer, theme, glyphs }
    }

    /// All of it.
    pub fn area(&self) -> Area {
        Area::from(self.buffer.area)
    }

    /// The characters that are drawn with.
    pub fn glyphs(&self) -> Glyphs {
        self.glyphs
    }

    /// Blanks.
    pub fn clear(&mut self, area: Area) {
        let _ = area;
    }

    /// A text at the left of the area's first row, cut with `…` at its width.
    pub fn put(&mut self, area: Area, text: &Text) {
        let _ = (area, text);
    }

    /// A text at the right of the area's first row, cut with `…` at its width.
    pub fn put_right(&mut self, area: Area, text: &Text) {
        let _ = (area, text);
    }

    /// Two texts on the area's first row: the right one is kept, the left one is cut so that a blank stays between.
    pub fn put_both(&mut self, area: Area, left: &Text, right: &Text) {
        let _ = (area, left, right);
    }

    /// Texts one below the other, as many as there are rows.
    pub fn put_lines(&mut self, area: Area, lines: &[Text]) {
        let _ = (area, lines);
    }

    /// A row of a list: a column for `▸`, then the texts as [`Canvas::put_both`] does; reversed as a whole when it
    /// is selected.
    pub fn row(&mut self, area: Area, is_selected: bool, left: &Text, right: &Text) {
        let _ = (area, is_selected, left, right);
    }

    /// The line above a panel, `─ Title ──── right ─`; `▌ Title ──── right ─` when the panel has the focus. The
    /// left title is kept, the right one is cut, or left out where nothing of it would be told.
    pub fn rule(&mut self, area: Area, left: &Text, right: &Text, is_focused: bool) {
        let _ = (area, left, right, is_focused);
    }

    /// A line from top to bottom between panels, in the area's first column. Where it meets lines that are there
    /// already they are joined: `┬`, `┴`, `┼`. It never writes over a word.
    pub fn divider(&mut self, area: Area) {
        let _ = area;
    }
}
