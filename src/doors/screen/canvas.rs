//! What is drawn on: texts, rows of lists, and the lines between panels.

use super::text::columns_of;
use super::{Area, Glyphs, Role, Text, Theme};
use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::style::{Modifier, Style};

/// Marks on top of one character; more of them only serve to overflow the row above.
const MOST_MARKS: usize = 3;

/// Fewer columns of a right title tell nothing.
const LEAST_RIGHT_TITLE: usize = 8;

/// What is drawn on: a grid of cells, a theme and a set of characters. Whatever lies outside is not drawn, and no
/// size is too small.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    glyphs: Glyphs,
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
        for row in area.both(self.area()).rows() {
            self.put(row, &Text::of(Role::Value, " ".repeat(usize::from(row.width))));
        }
    }

    /// A text at the left of the area's first row, cut with `…` at its width.
    pub fn put(&mut self, area: Area, text: &Text) {
        let row = area.row(0).both(self.area());
        let mut x = row.x;
        for (role, piece) in text.clone().cut(usize::from(row.width)).pieces() {
            let (style, edge) = (self.theme.style(role), self.theme.edge(role));
            for character in piece.chars() {
                let glyph = match (edge, self.glyphs, character) {
                    (Some(_), Glyphs::Ascii, '▐') => '[',
                    (Some(_), Glyphs::Ascii, '▌') => ']',
                    _ => character,
                };
                let is_edge = matches!(character, '▐' | '▌');
                let style = if is_edge { edge.unwrap_or(style) } else { style };
                x += self.set(x, row, glyph, style);
            }
        }
    }

    /// A text at the right of the area's first row, cut with `…` at its width.
    pub fn put_right(&mut self, area: Area, text: &Text) {
        let row = area.row(0).both(self.area());
        let columns = u16::try_from(text.width()).unwrap_or(u16::MAX);
        self.put(row.split_right(columns).1, text);
    }

    /// Two texts on the area's first row: the right one is kept, the left one is cut so that a blank stays between.
    pub fn put_both(&mut self, area: Area, left: &Text, right: &Text) {
        let row = area.row(0).both(self.area());
        let columns = u16::try_from(right.width()).unwrap_or(u16::MAX);
        let (before, after) = row.split_right(columns);
        self.put(after, right);
        self.put(if columns == 0 { before } else { before.split_right(1).0 }, left);
    }

    /// Texts one below the other, as many as there are rows.
    pub fn put_lines(&mut self, area: Area, lines: &[Text]) {
        for (row, line) in area.rows().zip(lines) {
            self.put(row, line);
        }
    }

    /// A row of a list: a column for `▸`, then the texts as [`Canvas::put_both`] does; reversed as a whole when it
    /// is selected.
    pub fn row(&mut self, area: Area, is_selected: bool, left: &Text, right: &Text) {
        let row = area.row(0).both(self.area());
        let (mark, rest) = row.split_left(1);
        self.put(mark, &Text::of(Role::Value, if is_selected { "▸" } else { " " }));
        self.put_both(rest, left, right);
        if is_selected {
            self.select(row);
        }
    }

    /// Reverses an area as it is, so that it is seen under every theme.
    pub fn select(&mut self, area: Area) {
        let area = area.both(self.area());
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.modifier.insert(Modifier::REVERSED);
                }
            }
        }
    }

    /// The line above a panel, `─ Title ──── right ─`; `▌ Title ──── right ─` when the panel has the focus. The
    /// left title is kept, the right one is cut, or left out where nothing of it would be told.
    pub fn rule(&mut self, area: Area, left: &Text, right: &Text, is_focused: bool) {
        let row = area.row(0).both(self.area());
        self.put(row, &Text::of(Role::Rule, "─".repeat(usize::from(row.width))));
        let mut left = left.clone();
        if is_focused {
            self.put(row.split_left(1).0, &Text::of(Role::Focus, "▌"));
            left = focused(&left);
        }
        if left.is_empty() && right.is_empty() {
            return;
        }
        // A line's end stays at both sides, with a blank between it and the words.
        let inner = row.split_left(1).1.split_right(1).0;
        let columns = usize::from(inner.width);
        if !left.is_empty() && columns > 2 {
            left = between_blanks(left.cut(columns - 2));
            self.put(inner, &left);
        }
        // One more so that a piece of line stands between the two.
        let room = columns.saturating_sub(left.width() + 3);
        if !right.is_empty() && (right.width() <= room || room >= LEAST_RIGHT_TITLE) {
            self.put_right(inner, &between_blanks(right.clone().cut(room)));
        }
    }

    /// A line from top to bottom between panels, in the area's first column. Where it meets lines that are there
    /// already they are joined: `┬`, `┴`, `┼`. It never writes over a word.
    pub fn divider(&mut self, area: Area) {
        let line = area.split_left(1).0.both(self.area());
        let style = self.theme.style(Role::Rule);
        for y in line.y..line.bottom() {
            let here = self.arms(line.x, y);
            let Some(here) = here else { continue };
            let is_crossing = here.0 || here.1;
            let up = here.2 || !is_crossing || y > line.y;
            let down = here.3 || !is_crossing || y + 1 < line.bottom();
            let joint = joint(here.0, here.1, up, down);
            let _columns = self.set(line.x, Area { y, height: 1, ..line }, joint, style);
        }
    }

    /// Which arms (left, right, up, down) the line in a cell has; `None` if a word stands there.
    fn arms(&self, x: u16, y: u16) -> Option<(bool, bool, bool, bool)> {
        let symbol = |x: u16| self.buffer.cell((x, y)).map_or(" ", |cell| cell.symbol());
        Some(match symbol(x) {
            " " => (false, false, false, false),
            "─" => (true, true, false, false),
            "│" | "|" => (false, false, true, true),
            "┬" => (true, true, false, true),
            "┴" => (true, true, true, false),
            "┼" | "+" => (true, true, true, true),
            // A word may hold this one; a line has more of it.
            "-" if [x.saturating_sub(1), x.saturating_add(1)].iter().all(|x| matches!(symbol(*x), "-" | " " | "+")) => {
                (true, true, false, false)
            }
            _ => return None,
        })
    }

    pub(super) fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Writes one character into a row at column `x`, and tells how many columns it took: as many as it has, or
    /// what is left of the row.
    pub(super) fn set(&mut self, x: u16, row: Area, character: char, style: Style) -> u16 {
        let columns = columns_of(character) as u16;
        let room = row.right().saturating_sub(x);
        if columns == 0 || room == 0 || !row.contains(x, row.y) {
            if self.glyphs == Glyphs::Unicode && columns == 0 && x > row.x {
                self.add_mark(x - 1, row.y, character);
            }
            return 0;
        }
        self.blank_half(x, row.y);
        let glyph = self.glyphs.drawn(character);
        // Half of a wide character is no character; and ASCII stands in once for each of its columns.
        let is_wide = columns == 2 && room >= 2 && self.glyphs == Glyphs::Unicode;
        let glyph = if columns == 2 && room < 2 { ' ' } else { glyph };
        let columns = columns.min(room);
        for column in 0..columns {
            if let Some(cell) = self.buffer.cell_mut((x + column, row.y)) {
                cell.reset();
                cell.set_char(if is_wide && column > 0 { ' ' } else { glyph }).set_style(style);
            }
        }
        columns
    }

    /// What is written at `x` may cover the second half of a wide character: its first half goes, too.
    fn blank_half(&mut self, x: u16, y: u16) {
        if let Some(before) = x.checked_sub(1).and_then(|x| self.buffer.cell_mut((x, y)))
            && before.symbol().cell_width() > 1
        {
            before.set_char(' ');
        }
    }

    /// Puts a combining mark onto the character before it, at column `x` or, if that is wide, one before.
    fn add_mark(&mut self, x: u16, y: u16, mark: char) {
        let is_wide = |x: u16| self.buffer.cell((x, y)).is_some_and(|cell| cell.symbol().cell_width() > 1);
        let x = if x > 0 && is_wide(x - 1) { x - 1 } else { x };
        let Some(cell) = self.buffer.cell_mut((x, y)) else { return };
        let marked = format!("{}{mark}", cell.symbol());
        // Some marks widen what they are put on, and then the grid would no longer be one.
        if marked.chars().count() <= 1 + MOST_MARKS && marked.as_str().cell_width() == cell.symbol().cell_width() {
            cell.set_symbol(&marked);
        }
    }
}

/// The words of a title as those of the panel that has the focus; badges and what is judged stay as they are.
fn focused(title: &Text) -> Text {
    let mut same = Text::new();
    for (role, piece) in title.pieces() {
        let is_plain = matches!(role, Role::Value | Role::Label | Role::Strong);
        same.push(if is_plain { Role::Focus } else { role }, piece);
    }
    same
}

fn between_blanks(text: Text) -> Text {
    Text::of(Role::Value, " ").join(text).value(" ")
}

fn joint(left: bool, right: bool, up: bool, down: bool) -> char {
    match (left || right, up, down) {
        (true, true, true) => '┼',
        (true, true, false) => '┴',
        (true, false, true) => '┬',
        (true, false, false) => '─',
        (false, _, _) => '│',
    }
}
