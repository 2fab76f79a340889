//! Drawing: from what is known and what is open to cells. Nothing is decided here.

mod ages;
mod footer;
mod header;
mod help;
mod key_texts;
mod lists;
mod log_message;
mod order;
mod panels;
mod phrases;
mod plots;
mod record;
mod timeline;

pub(super) use log_message::log_message;

use super::app::{App, Overlay, Pane};
use super::layout::{Layout, Needs, Size};
use super::live;
use super::record::RecordView;
use super::sources::Sources;
use super::texts::Texts;
use crate::doors::audit::read::sealed_totals;
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::doors::tail::{FileId, Place};
use crate::logic::monitor::{BucketSize, Figures, Plot};

/// More columns than any plot has.
const MOST_COLUMNS: usize = 512;

/// What is drawn from, as it was when the figures last settled.
pub(super) struct View {
    figures: Option<Figures>,
    plot: Option<Plot>,
    bucket: BucketSize,
    layout: Layout,
    /// The lines before this place are sealed.
    sealed_to: Option<Place>,
    /// The selected record, where there is room to show it beside the lists.
    preview: Option<RecordView>,
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            figures: None,
            plot: None,
            bucket: live::FIRST_BUCKET,
            layout: live::no_layout(),
            sealed_to: None,
            preview: None,
        }
    }

    /// Where everything stood in the last frame.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The bucket that the plots show.
    pub(super) fn bucket(&self) -> BucketSize {
        self.bucket
    }

    /// Takes the figures of this moment.
    pub(super) fn figures_of(&mut self, sources: &Sources, app: &App, now_ms: i64) {
        let model = sources.model();
        let figures = model.figures(now_ms);
        let at_ms = app.frozen.map_or(now_ms, |frozen| frozen.since_ms);
        self.bucket = app.bucket.unwrap_or_else(|| model.default_bucket(at_ms));
        let mut plot = model.plot(MOST_COLUMNS, self.bucket, at_ms);
        if let Some(lost_ms) = figures.trail_as_of_ms.filter(|_| figures.events_file.is_lost()) {
            forget_since(&mut plot, lost_ms);
        }
        (self.figures, self.plot) = (Some(figures), Some(plot));
        self.sealed_to = if app.overlay.is_some() || self.preview.is_some() { sealed_to(sources) } else { None };
    }

    /// Says of each record that is open whether it is sealed.
    fn mark_sealed(&mut self, app: &mut App, sources: &Sources) {
        let sealed_to = self.sealed_to;
        let is_sealed = |place: Place, end_byte: u64| is_before(sources, Place { byte: end_byte, ..place }, sealed_to?);
        if let Some(record) = self.preview.as_mut().filter(|record| record.pane == Pane::Events) {
            record.is_sealed = is_sealed(record.place, record.end_byte);
        }
        match &mut app.overlay {
            Some(Overlay::Record(record)) if record.pane == Pane::Events => {
                record.is_sealed = is_sealed(record.place, record.end_byte);
            }
            Some(Overlay::Order(order)) => order.is_sealed = is_sealed(order.own, order.end_byte),
            _ => {}
        }
    }

    /// Draws everything.
    pub(super) fn draw(&mut self, canvas: &mut Canvas<'_>, app: &mut App, sources: &Sources, now_ms: i64) {
        let texts = Texts::of(app.lang);
        let screen = canvas.area();
        let needs = Needs {
            reason_rows: self.reason_rows(app, texts),
            prompt: app.prompt.is_some() || app.search.is_some() || app.filter.is_some() || app.notice().is_some(),
            zoomed: app.is_zoomed.then_some(app.focus),
        };
        self.layout = Layout::of(screen, needs);
        if !app.is_zoomed && self.layout.pane(app.focus).is_empty() {
            app.focus = Pane::Events;
        }
        app.events.set_height(self.layout.list_rows(Pane::Events));
        app.logs.set_height(self.layout.list_rows(Pane::Logs));
        if !self.layout.preview.is_empty() {
            self.open_preview(app, sources);
        }
        self.mark_sealed(app, sources);
        let Some(figures) = self.figures.take() else { return };
        match app.overlay.take() {
            Some(mut overlay) if self.layout.size > Size::TwoLines => {
                self.overlay(canvas, screen, &mut overlay, app, &figures, texts, now_ms);
                app.overlay = Some(overlay);
            }
            overlay => {
                app.overlay = overlay;
                self.panes(canvas, app, &figures, texts, now_ms);
            }
        }
        self.figures = Some(figures);
    }

    fn panes(&mut self, canvas: &mut Canvas<'_>, app: &mut App, figures: &Figures, texts: &Texts, now_ms: i64) {
        let layout = self.layout;
        self.header(canvas, &layout, app, figures, texts, now_ms);
        if layout.size <= Size::TwoLines {
            return;
        }
        self.figures_panels(canvas, &layout, app, figures, texts);
        if layout.size == Size::Compact {
            self.spark(canvas, layout.throughput, texts);
        } else {
            self.throughput(canvas, layout.throughput, app, texts);
            self.success(canvas, layout.success, app, texts);
        }
        self.logs(canvas, layout.logs, app, figures, texts);
        self.events(canvas, layout.events, app, figures, texts);
        self.preview(canvas, layout.preview, app, texts, now_ms);
        self.dividers(canvas, &layout);
        self.footer(canvas, layout.footer, app, texts);
    }

    #[allow(clippy::too_many_arguments)] // What is drawn, where, from what: each is used by one of the four.
    fn overlay(
        &mut self,
        canvas: &mut Canvas<'_>,
        screen: Area,
        overlay: &mut Overlay,
        app: &mut App,
        figures: &Figures,
        texts: &Texts,
        now_ms: i64,
    ) {
        app.overlay_rows = usize::from(screen.height.saturating_sub(3));
        match overlay {
            Overlay::Help { top } => self.help(canvas, screen, top, app, texts),
            Overlay::Record(record) => self.record(canvas, screen, record, app, texts, now_ms),
            Overlay::Order(order) => self.order_story(canvas, screen, order, app, figures, texts),
            Overlay::Timeline(timeline) => self.both_files(canvas, screen, timeline, app, texts),
        }
    }

    /// The lines between panels that stand side by side.
    fn dividers(&self, canvas: &mut Canvas<'_>, layout: &Layout) {
        for right in [layout.health, layout.tracker, layout.partitions, layout.success] {
            if !right.is_empty() && right.x > 0 {
                canvas.divider(Area { x: right.x - 1, width: 1, ..right });
            }
        }
        if layout.events.x > 0 {
            canvas.divider(Area { x: layout.events.x - 1, width: 1, ..layout.events });
        }
    }

    /// The title of a pane.
    fn title(&self, canvas: &mut Canvas<'_>, area: Area, left: &str, right: &Text, app: &App, pane: Pane) {
        let is_focused = app.focus == pane && app.overlay.is_none();
        let role = if is_focused { Role::Focus } else { Role::Label };
        canvas.rule(area, &Text::of(role, left), right, is_focused);
    }
}

/// Up to where the lines of the trail are sealed, by its seal and the lines that are there.
pub(super) fn sealed_to(sources: &Sources) -> Option<Place> {
    let events = sources.events().segments().last()?.path.clone();
    let totals = sealed_totals(&events).ok()?;
    let file = FileId::of_file(&totals.file).ok()?;
    Some(Place { file, byte: totals.bytes })
}

/// Whether a line of the trail that ends at a place ends before another one; `None` when nobody can say.
pub(super) fn is_before(sources: &Sources, end: Place, to: Place) -> Option<bool> {
    sources.events().compare(end, to).map(|order| order.is_lt())
}

/// What came since a trail was lost nobody knows: these columns are empty, not zero.
pub(super) fn forget_since(plot: &mut Plot, lost_ms: i64) {
    for at in 0..plot.columns.len() {
        let ends_ms = plot.column_begins_ms(at + 1);
        if let Some(column) = plot.columns.get_mut(at).filter(|_| ends_ms > lost_ms) {
            column.is_known = false;
        }
    }
}
