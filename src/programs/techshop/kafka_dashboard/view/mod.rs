//! Drawing: from figures and what is open to cells. Nothing is decided here.

mod cells;
mod detail;
mod header;
mod help;
mod tables;

use super::app::{App, Overlay, Pane};
use super::layout::Layout;
use super::spoken::spoken;
use crate::doors::screen::{Area, Canvas, Role, Text};

/// Draws everything.
pub(super) fn draw(canvas: &mut Canvas<'_>, app: &mut App) {
    let screen = canvas.area();
    let told = spoken(&app.latest, app.texts(), app.now_ms);
    let overlay_rows = app.layout.overlay_rows;
    let zoomed = app.is_zoomed.then_some(app.focus);
    app.layout = Layout::of(screen, !told.advice.is_empty(), app.latest.brokers.len(), zoomed);
    app.layout.overlay_rows = overlay_rows;
    let layout = app.layout;
    header::header(canvas, &layout, app, &told);
    if layout.is_tiny {
        return;
    }
    match app.overlay.take() {
        Some(mut overlay) => {
            let (_, body) = screen.split_top(1);
            app.layout.overlay_rows = match &mut overlay {
                Overlay::Help { top } => help::help(canvas, body, top, app),
                Overlay::Group { name, top } => detail::full_screen(canvas, body, name, top, app),
            };
            app.overlay = Some(overlay);
        }
        None => main_screen(canvas, &layout, app),
    }
}

fn main_screen(canvas: &mut Canvas<'_>, layout: &Layout, app: &mut App) {
    header::cluster(canvas, layout, app);
    tables::brokers(canvas, layout, app);
    tables::topics(canvas, layout, app);
    tables::groups(canvas, layout, app);
    if !layout.detail.is_empty() {
        detail::beside(canvas, layout, app);
    }
    header::footer(canvas, layout, app);
}

/// The title of a pane.
fn title(canvas: &mut Canvas<'_>, area: Area, left: &str, right: &str, app: &App, pane: Pane) {
    let is_focused = app.focus == pane && app.overlay.is_none();
    let role = if is_focused { Role::Focus } else { Role::Label };
    canvas.rule(area, &Text::of(role, left), &Text::of(Role::Label, right), is_focused);
}
