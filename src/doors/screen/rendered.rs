//! A screen drawn into a text, for tests.

use super::{Canvas, Glyphs, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A screen drawn into a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its rows, without the blanks at their ends.
    pub text: String,
    /// The same with each change of style written before it: `{LightGreen}`, `{Black on Red, bold}`, `{}` for none.
    pub styled: String,
}

/// What a terminal of this size would show.
pub fn rendered(
    width: u16,
    height: u16,
    theme: Theme,
    glyphs: Glyphs,
    paint: impl FnOnce(&mut Canvas<'_>),
) -> Rendered {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    paint(&mut Canvas::new(&mut buffer, theme, glyphs));
    Rendered { text: String::new(), styled: String::new() }
}
