//! A rectangle of cells, and cutting it up.

use ratatui::layout::Rect;

/// A rectangle of cells; columns and rows count from 0 at the top left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Area {
    /// The leftmost column.
    pub x: u16,
    /// The topmost row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// A rectangle; one that would reach beyond column or row 65,535 is cut there.
    pub fn new(x: u16, y: u16, width: u16, height: u16) -> Area {
        Area { x, y, width: width.min(u16::MAX - x), height: height.min(u16::MAX - y) }
    }

    /// The first column right of it.
    pub fn right(self) -> u16 {
        self.x.saturating_add(self.width)
    }

    /// The first row below it.
    pub fn bottom(self) -> u16 {
        self.y.saturating_add(self.height)
    }

    /// Whether it holds no cell.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether the cell is inside.
    pub fn contains(self, x: u16, y: u16) -> bool {
        (self.x..self.right()).contains(&x) && (self.y..self.bottom()).contains(&y)
    }

    /// Its first `rows` rows, and the rest; all of it and nothing when there are fewer.
    pub fn split_top(self, rows: u16) -> (Area, Area) {
        let rows = rows.min(self.height);
        (Area { height: rows, ..self }, Area { y: self.y.saturating_add(rows), height: self.height - rows, ..self })
    }

    /// What stays above, and its last `rows` rows; nothing and all of it when there are fewer.
    pub fn split_bottom(self, rows: u16) -> (Area, Area) {
        self.split_top(self.height - rows.min(self.height))
    }

    /// Its first `columns` columns, and the rest; all of it and nothing when there are fewer.
    pub fn split_left(self, columns: u16) -> (Area, Area) {
        let columns = columns.min(self.width);
        (
            Area { width: columns, ..self },
            Area { x: self.x.saturating_add(columns), width: self.width - columns, ..self },
        )
    }

    /// What stays at the left, and its last `columns` columns; nothing and all of it when there are fewer.
    pub fn split_right(self, columns: u16) -> (Area, Area) {
        self.split_left(self.width - columns.min(self.width))
    }

    /// One row of it, counted from its top; empty when it has no such row.
    pub fn row(self, index: u16) -> Area {
        let (_, rest) = self.split_top(index);
        rest.split_top(1).0
    }

    /// Its rows, from the top.
    pub fn rows(self) -> impl Iterator<Item = Area> {
        (0..self.height).map(move |index| self.row(index))
    }

    /// What both hold.
    pub fn both(self, other: Area) -> Area {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        Area {
            x,
            y,
            width: self.right().min(other.right()).saturating_sub(x),
            height: self.bottom().min(other.bottom()).saturating_sub(y),
        }
    }
}

impl From<Rect> for Area {
    fn from(rect: Rect) -> Area {
        Area { x: rect.x, y: rect.y, width: rect.width, height: rect.height }
    }
}
