//! Bars, a line, and a line of tiny bars. Scaling is decided elsewhere: values, ends of the axes and labels come
//! ready.

use super::{Area, Canvas, Glyphs, Role, Text};

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
    /// How an area is divided when the words of the upright axis take so many columns. An axis is left out where it
    /// would leave less room to the values than it takes.
    pub fn of(area: Area, label_columns: u16) -> PlotLayout {
        // ` 1.0 ┤`
        let axis_columns = label_columns.saturating_add(3);
        let has_y_axis = label_columns > 0 && area.width >= axis_columns.saturating_mul(2);
        let has_x_axis = area.height >= 3;
        let (upper, lower) = area.split_bottom(u16::from(has_x_axis));
        let (y_axis, values) = upper.split_left(if has_y_axis { axis_columns } else { 0 });
        let x_axis = Area { x: values.x, width: values.width, ..lower };
        PlotLayout { y_axis, values, x_axis }
    }

    /// How many values can be shown.
    pub fn columns(self) -> usize {
        usize::from(self.values.width)
    }

    /// The column of a value, if it is shown.
    fn column(self, index: usize, count: usize) -> Option<u16> {
        let from_right = u16::try_from(count.checked_sub(index)?).ok()?;
        let x = self.values.right().checked_sub(from_right)?;
        (from_right > 0 && x >= self.values.x).then_some(x)
    }
}

/// Where a value stands between the edges: 0 at the lower, 1 at the upper; beyond them if it is beyond.
fn share(value: f64, bottom: f64, top: f64) -> Option<f64> {
    let share = (value - bottom) / (top - bottom);
    (top > bottom && share.is_finite()).then_some(share)
}

/// The step, counted from the top, of a share when there are so many.
fn step(share: f64, steps: u16) -> u16 {
    let last = f64::from(steps.saturating_sub(1));
    // Within 0 and u16::MAX.
    ((1.0 - share.clamp(0.0, 1.0)) * last).round() as u16
}

impl Canvas<'_> {
    /// Bars of eighths of a cell.
    pub fn bars(&mut self, area: Area, bars: &Bars) {
        let layout = PlotLayout::of(area, bars.label_columns);
        self.y_axis(layout, (0.0, bars.top), &bars.y_marks);
        self.x_axis(layout, bars.values.len(), &bars.x_marks);
        let style = self.style(Role::Bar);
        let rows = layout.values.height;
        for (index, value) in bars.values.iter().enumerate() {
            let Some(x) = layout.column(index, bars.values.len()) else { continue };
            let share = value.and_then(|value| share(value, 0.0, bars.top)).unwrap_or(0.0).clamp(0.0, 1.0);
            let mut eighths = (share * f64::from(rows) * 8.0).round() as u32;
            if share > 0.0 {
                eighths = eighths.max(1);
            }
            let values = layout.values;
            for y in (values.y..values.bottom()).rev() {
                if let Some(block) = block(eighths.min(8)) {
                    let _columns = self.set(x, Area { y, height: 1, ..values }, block, style);
                }
                eighths = eighths.saturating_sub(8);
            }
        }
    }

    /// A line of dots, two to a column and four to a row, with steps where values change.
    pub fn curve(&mut self, area: Area, curve: &Curve) {
        let layout = PlotLayout::of(area, curve.label_columns);
        let edges = (curve.bottom, curve.top);
        self.y_axis(layout, edges, &curve.y_marks);
        self.x_axis(layout, curve.values.len(), &curve.x_marks);
        let dots = match self.glyphs() {
            Glyphs::Unicode => 4,
            Glyphs::Ascii => 1,
        };
        let steps = layout.values.height.saturating_mul(dots);
        if steps == 0 {
            return;
        }
        self.threshold(layout, curve.threshold.and_then(|value| share(value, edges.0, edges.1)), steps, dots);
        let mut before = None;
        for (index, value) in curve.values.iter().enumerate() {
            let here = value.and_then(|value| share(value, edges.0, edges.1)).map(|share| step(share, steps));
            if let (Some(here), Some(x)) = (here, layout.column(index, curve.values.len())) {
                self.curve_column(x, layout.values, before.unwrap_or(here), here, dots);
            }
            before = here;
        }
    }

    fn threshold(&mut self, layout: PlotLayout, share: Option<f64>, steps: u16, dots: u16) {
        let Some(share) = share.filter(|share| (0.0..=1.0).contains(share)) else { return };
        let (at, style) = (step(share, steps), self.style(Role::Label));
        let values = layout.values;
        let dot = if dots == 1 { '.' } else { braille(LEFT_DOTS[usize::from(at % dots)]) };
        for x in (values.x..values.right()).step_by(2) {
            let _columns = self.set(x, Area { y: values.y + at / dots, height: 1, ..values }, dot, style);
        }
    }

    /// One column of a line: level at its own height, and at its left side up or down from the one before.
    fn curve_column(&mut self, x: u16, values: Area, before: u16, here: u16, dots: u16) {
        let style = self.style(Role::Line);
        // The step before is drawn already, so it is not part of the way.
        let (first, last) = if before < here { (before + 1, here) } else { (here, before.max(here + 1) - 1) };
        for row in first / dots..=last / dots {
            let glyph = if dots == 1 {
                if row == here { '*' } else { '|' }
            } else {
                let lefts = (0..dots).filter(|dot| (first..=last).contains(&(row * dots + dot)));
                let left: u32 = lefts.map(|dot| LEFT_DOTS[usize::from(dot)]).sum();
                let right = if here / dots == row { RIGHT_DOTS[usize::from(here % dots)] } else { 0 };
                braille(left + right)
            };
            let _columns = self.set(x, Area { y: values.y + row, height: 1, ..values }, glyph, style);
        }
    }

    fn y_axis(&mut self, layout: PlotLayout, (bottom, top): (f64, f64), marks: &[Mark<f64>]) {
        let axis = layout.y_axis;
        let columns = usize::from(axis.width.saturating_sub(3));
        let mut words = vec![""; usize::from(axis.height)];
        for mark in marks {
            let share = share(mark.at, bottom, top).filter(|share| (0.0..=1.0).contains(share));
            let place = share.and_then(|share| words.get_mut(usize::from(step(share, axis.height))));
            if let Some(place) = place.filter(|place| place.is_empty()) {
                *place = &mark.word;
            }
        }
        for (row, word) in axis.rows().zip(words) {
            self.put(row, &Text::new().label(" ").padded_left(Role::Label, word, columns).label(" ┤"));
        }
    }

    fn x_axis(&mut self, layout: PlotLayout, count: usize, marks: &[Mark<usize>]) {
        let axis = layout.x_axis;
        let mut free = axis.x;
        for mark in marks {
            let text = Text::new().label(&mark.word);
            let Some(x) = layout.column(mark.at, count).filter(|x| *x >= free) else { continue };
            let Some(columns) = u16::try_from(text.width()).ok().filter(|it| *it <= axis.right() - x) else { continue };
            self.put(Area { x, width: columns, ..axis }, &text);
            free = x + columns + 1;
        }
    }
}

/// Tiny bars in one row, a column a value, the highest of them full; `None` is a blank.
pub fn sparkline(values: &[Option<f64>]) -> Text {
    let highest = values.iter().flatten().copied().filter(|value| value.is_finite()).fold(0.0, f64::max);
    let bar = |value: &Option<f64>| {
        let Some(value) = value.filter(|value| value.is_finite()) else { return ' ' };
        let share = share(value, 0.0, highest).unwrap_or(0.0).clamp(0.0, 1.0);
        block((share * 8.0).round().max(1.0) as u32).unwrap_or(' ')
    };
    Text::of(Role::Bar, values.iter().map(bar).collect::<String>())
}

/// So many eighths of a cell, from below.
fn block(eighths: u32) -> Option<char> {
    // U+2581 is one eighth, U+2588 the whole cell.
    eighths.checked_sub(1).filter(|it| *it < 8).and_then(|it| char::from_u32(0x2581 + it))
}

/// The bits of the dots of a braille cell, from above.
const LEFT_DOTS: [u32; 4] = [0x01, 0x02, 0x04, 0x40];
const RIGHT_DOTS: [u32; 4] = [0x08, 0x10, 0x20, 0x80];

fn braille(dots: u32) -> char {
    char::from_u32(0x2800 + dots).unwrap_or(' ')
}
