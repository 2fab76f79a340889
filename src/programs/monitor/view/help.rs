//! The keys, and what the words mean.

use super::View;
use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::programs::monitor::app::App;
use crate::programs::monitor::texts::Texts;

impl View {
    pub(super) fn help(&self, canvas: &mut Canvas<'_>, screen: Area, top: &mut usize, app: &mut App, texts: &Texts) {
        let (head, rest) = screen.split_top(1);
        let (body, foot) = rest.split_bottom(1);
        let right = Text::of(Role::Label, concat!("log-monitor ", env!("CARGO_PKG_VERSION")));
        canvas.rule(head, &Text::of(Role::Focus, texts.help_title), &right, true);
        let lines: Vec<Text> = texts
            .help_lines(usize::from(body.width))
            .into_iter()
            .map(|line| {
                line.into_iter().fold(Text::of(Role::Value, " "), |text, (is_key, part)| {
                    text.and(if is_key { Role::Strong } else { Role::Value }, part)
                })
            })
            .collect();
        let rows = usize::from(body.height);
        app.overlay_rows = rows;
        *top = (*top).min(lines.len().saturating_sub(rows));
        canvas.put_lines(body, lines.get(*top..).unwrap_or_default());
        let more = if lines.len() > rows {
            format!("↑↓ {}   {} {}", texts.do_more, texts.escape_key, texts.do_back)
        } else {
            format!("{} {}", texts.escape_key, texts.do_back)
        };
        canvas.put(foot, &Text::of(Role::Label, format!(" {more}")));
    }
}
