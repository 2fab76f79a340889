//! A screen drawn into a text, for tests.

use super::{Canvas, Glyphs, Theme};
use ratatui::buffer::{Buffer, Cell, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::style::Color;

/// A screen drawn into a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its rows, without the blanks at their ends.
    pub text: String,
    /// The same with each change of style written before it: `{LightGreen}`, `{Black on Red, bold}`, `{}` for none.
    pub styled: String,
    /// Whether any cell has a colour of its own, in front or behind.
    pub has_color: bool,
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
    let has_color = buffer.content().iter().any(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset));
    let mut of_all = Rendered { text: String::new(), styled: String::new(), has_color };
    for y in 0..height {
        let (text, styled) = row(&buffer, y);
        of_all.text.push_str(text.trim_end());
        of_all.styled.push_str(&styled);
        of_all.text.push('\n');
        of_all.styled.push('\n');
    }
    of_all
}

fn row(buffer: &Buffer, y: u16) -> (String, String) {
    let (mut text, mut styled) = (String::new(), String::new());
    let mut last = String::new();
    let mut x = 0;
    // Blanks without a style at the end say nothing; they wait here until something follows.
    let mut blanks = String::new();
    while let Some(cell) = buffer.cell((x, y)) {
        let style = described(cell);
        text.push_str(cell.symbol());
        if style.is_empty() && cell.symbol() == " " {
            if !last.is_empty() {
                styled.push_str("{}");
                last.clear();
            }
            blanks.push(' ');
        } else {
            styled.push_str(&std::mem::take(&mut blanks));
            if style != last {
                styled.push_str(&format!("{{{style}}}"));
                last = style;
            }
            styled.push_str(cell.symbol());
        }
        x += cell.cell_width().max(1);
    }
    (text, styled)
}

fn described(cell: &Cell) -> String {
    let mut words = Vec::new();
    match (cell.fg, cell.bg) {
        (Color::Reset, Color::Reset) => {}
        (foreground, Color::Reset) => words.push(format!("{foreground}")),
        (foreground, background) => words.push(format!("{foreground} on {background}")),
    }
    words.extend(cell.modifier.iter_names().map(|(name, _)| name.to_ascii_lowercase()));
    words.join(", ")
}
