//! Messages a second, and how many of them were what was expected, over time.

use super::View;
use super::header::apart;
use crate::doors::screen::{Area, Bars, Canvas, Curve, Mark, PlotLayout, Role, Text};
use crate::logic::monitor::{BucketSize, Column, Plot, SuccessFloor};
use crate::programs::monitor::app::{App, Pane};
use crate::programs::monitor::texts::Texts;

/// Columns between two times below a plot.
const TIME_EVERY: usize = 10;

impl View {
    pub(super) fn throughput(&mut self, canvas: &mut Canvas<'_>, area: Area, app: &mut App, texts: &Texts) {
        if area.is_empty() {
            return;
        }
        let (title, body) = area.split_top(1);
        let body = apart(canvas, body);
        let Some(plot) = self.plot.clone() else { return };
        let labels = 6;
        let columns = PlotLayout::of(body, labels).columns();
        let plot = newest(&plot, columns);
        let peak = plot.peak_per_second();
        let top = app.axis.fit(peak);
        let right = if area.width >= 56 {
            let mut parts = Vec::new();
            parts.extend(
                plot.columns
                    .last()
                    .filter(|last| last.is_known)
                    .map(|last| format!("{} {}", texts.now_word, texts.plot_rate(last.per_second(plot.bucket)))),
            );
            parts.extend(
                plot.mean_per_second()
                    .filter(|_| area.width >= 76)
                    .map(|mean| format!("{} {}", texts.mean, texts.plot_rate(mean))),
            );
            parts.push(format!("{} {}", texts.peak, texts.plot_rate(peak)));
            parts.push(texts.a_bar_of(plot.bucket));
            parts.join(" · ")
        } else {
            texts.a_bar_of(plot.bucket)
        };
        let right = if app.frozen.is_some() { texts.frozen.to_owned() } else { right };
        self.title(canvas, title, texts.throughput_plot, &Text::of(Role::Label, right), app, Pane::Throughput);
        let values = plot.columns.iter().map(|column| rate(*column, plot.bucket)).collect();
        canvas.bars(
            body,
            &Bars {
                values,
                top,
                label_columns: labels,
                y_marks: vec![
                    Mark { at: top, word: texts.axis(top) },
                    Mark { at: top / 2.0, word: texts.axis(top / 2.0) },
                    Mark { at: 0.0, word: "0".to_owned() },
                ],
                x_marks: self.times(&plot, app),
            },
        );
    }

    pub(super) fn success(&mut self, canvas: &mut Canvas<'_>, area: Area, app: &App, texts: &Texts) {
        if area.is_empty() {
            return;
        }
        let (title, body) = area.split_top(1);
        let Some(plot) = self.plot.clone() else { return };
        let labels = 7;
        let columns = PlotLayout::of(body, labels).columns();
        let plot = newest(&plot, columns);
        let floor = f64::from(SuccessFloor::of(&plot).0.hundredths()) / 100.0;
        let span = texts.span(plot.bucket.span_ms().saturating_mul(i64::try_from(plot.columns.len()).unwrap_or(0)));
        let right = match (plot.newest_success(), plot.lowest_success()) {
            (Some(newest), Some(lowest)) if area.width >= 56 => {
                format!(
                    "{} {} · {} {} · {span}",
                    texts.now_word,
                    texts.percent(newest),
                    texts.low,
                    texts.percent(lowest)
                )
            }
            _ => span,
        };
        let right = if app.frozen.is_some() { texts.frozen.to_owned() } else { right };
        self.title(canvas, title, texts.success_plot, &Text::of(Role::Label, right), app, Pane::Success);
        let values = plot
            .columns
            .iter()
            .map(|column| {
                column.success().filter(|_| column.is_known).map(|share| f64::from(share.hundredths()) / 100.0)
            })
            .collect();
        let word = |value: f64| texts.share_axis(value, floor);
        canvas.curve(
            body,
            &Curve {
                values,
                bottom: floor,
                top: 100.0,
                threshold: Some(95.0).filter(|threshold| *threshold > floor),
                label_columns: labels,
                y_marks: [100.0, (100.0 + floor) / 2.0, floor].map(|at| Mark { at, word: word(at) }).to_vec(),
                x_marks: self.times(&plot, app),
            },
        );
    }

    /// One row of tiny bars, for small screens.
    pub(super) fn spark(&self, canvas: &mut Canvas<'_>, area: Area, texts: &Texts) {
        let Some(plot) = &self.plot else { return };
        let width = usize::from(area.width);
        let span_of =
            |bars: usize| texts.span(plot.bucket.span_ms().saturating_mul(i64::try_from(bars).unwrap_or(i64::MAX)));
        // As many bars as fit beside the words that say how long they all are.
        let fits = |bars: &usize| bars + crate::tools::shown::width(&span_of(*bars)) + 2 <= width;
        let bars = (0..=width.min(plot.columns.len())).rev().find(fits).unwrap_or(0);
        let (plot, span) = (newest(plot, bars), span_of(bars));
        let values: Vec<Option<f64>> = plot.columns.iter().map(|column| rate(*column, plot.bucket)).collect();
        let bars = crate::doors::screen::sparkline(&values);
        canvas.put_both(area, &Text::new().value(" ").join(bars), &Text::of(Role::Label, span));
    }

    /// Clock times below a plot, at round moments.
    fn times(&self, plot: &Plot, app: &App) -> Vec<Mark<usize>> {
        let bucket_ms = plot.bucket.span_ms().max(1);
        let every_ms = round_span(bucket_ms.saturating_mul(i64::try_from(TIME_EVERY).unwrap_or(10)));
        let is_short = every_ms % 60_000 != 0;
        (0..plot.columns.len())
            .filter_map(|at| {
                let begins = plot.column_begins_ms(at);
                let marks = begins.rem_euclid(every_ms) < bucket_ms;
                marks.then(|| Mark {
                    at,
                    word: if is_short { app.clock.second(begins) } else { app.clock.minute(begins) },
                })
            })
            .collect()
    }
}

/// The smallest round span that is at least so long.
fn round_span(least_ms: i64) -> i64 {
    const ROUND_MS: [i64; 10] =
        [10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000];
    ROUND_MS.into_iter().find(|span| *span >= least_ms).unwrap_or(21_600_000)
}

fn rate(column: Column, bucket: BucketSize) -> Option<f64> {
    column.is_known.then(|| column.per_second(bucket))
}

/// The newest columns of a plot.
fn newest(plot: &Plot, columns: usize) -> Plot {
    let skip = plot.columns.len().saturating_sub(columns);
    Plot { columns: plot.columns.get(skip..).unwrap_or_default().to_vec(), ..plot.clone() }
}
