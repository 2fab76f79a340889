//! Bars, a line, and a line of tiny bars. Scaling is decided elsewhere: values, ends of the axes and labels come
//! ready.

use super::{Area, Canvas, Text};

/// A word on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark<At> {
    /// Where it stands: a value on the upright axis, the index of a value on the other.
    pub at: At,
    /// What it says.
    pub word: String,
}

/// Counts over time: one column a bucket, from 0 up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// Oldest first; the last stands at the right edge. `None`: nothing is known of the bucket. More than there are
    /// columns: the oldest are left out.
    pub values: Vec<Option<f64>>,
    /// The value at the upper edge.
    pub top: f64,
    /// Columns for the words of the upright axis.
    pub label_columns: u16,
    /// Words of the upright axis.
    pub y_marks: Vec<Mark<f64>>,
    /// Words below, each from the column of its value on; one that would touch the one before it is left out.
    pub x_marks: Vec<Mark<usize>>,
}

/// A share over time: a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// As of [`Bars`]; `None` is a gap in the line.
    pub values: Vec<Option<f64>>,
    /// The value at the lower edge.
    pub bottom: f64,
    /// The value at the upper edge.
    pub top: f64,
    /// A dotted line at this value, if it is between the edges.
    pub threshold: Option<f64>,
    /// Columns for the words of the upright axis.
    pub label_columns: u16,
    /// Words of the upright axis.
    pub y_marks: Vec<Mark<f64>>,
    /// As of [`Bars`].
    pub x_marks: Vec<Mark<usize>>,
}

/// How a plot divides its area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlotLayout {
    /// For the words of the upright axis and `┤`; empty where there is no room.
    pub y_axis: Area,
    /// For the values, one column each.
    pub values: Area,
    /// For the words below; empty where there is no room.
    pub x_axis: Area,
}

impl PlotLayout {
    /// How an area is divided when the words of the upright axis take so many columns.
    pub fn of(area: Area, label_columns: u16) -> PlotLayout {
        let _ = label_columns;
        PlotLayout { y_axis: Area::default(), values: area, x_axis: Area::default() }
    }

    /// How many values can be shown.
    pub fn columns(self) -> usize {
        usize::from(self.values.width)
    }
}

impl Canvas<'_> {
    /// Bars of eighths of a cell.
    pub fn bars(&mut self, area: Area, bars: &Bars) {
        let _ = (area, bars);
    }

    /// A line of dots, two to a column and four to a row, with steps where values change.
    pub fn curve(&mut self, area: Area, curve: &Curve) {
        let _ = (area, curve);
    }
}

/// Tiny bars in one row, a column a value, the highest of them full; `None` is a blank.
pub fn sparkline(values: &[Option<f64>]) -> Text {
    let _ = values;
    Text::new()
}
