//! What has to be sent so that a terminal shows the next screen.

use super::{Canvas, Glyphs, Theme};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io;

/// So many columns or rows at most: terminals have fewer, and a lie of one shall not cost all memory.
const MOST: u16 = 1_000;

/// Remembers what the terminal shows.
#[derive(Debug, Default)]
pub(super) struct Painter {
    shown: Option<Buffer>,
}

impl Painter {
    /// Nothing is known any more of what the terminal shows.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    /// The bytes that lead from the screen before to the one that is painted now; none if they are the same.
    pub(super) fn next(
        &mut self,
        (width, height): (u16, u16),
        theme: Theme,
        glyphs: Glyphs,
        paint: impl FnOnce(&mut Canvas<'_>),
    ) -> io::Result<Vec<u8>> {
        let area = Rect::new(0, 0, width.min(MOST), height.min(MOST));
        let mut next = Buffer::empty(area);
        paint(&mut Canvas::new(&mut next, theme, glyphs));
        let same_size = self.shown.take().filter(|shown| shown.area == area);
        let is_cleared = same_size.is_none();
        let shown = same_size.unwrap_or_else(|| Buffer::empty(area));
        let mut cells = shown.diff_iter(&next).peekable();
        let mut bytes = Vec::new();
        if is_cleared || cells.peek().is_some() {
            bytes.extend_from_slice(b"\x1b[?2026h");
            if is_cleared {
                bytes.extend_from_slice(b"\x1b[0m\x1b[2J");
            }
            CrosstermBackend::new(&mut bytes).draw(cells)?;
            bytes.extend_from_slice(b"\x1b[?2026l");
        }
        self.shown = Some(next);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Area, Role, Text, rendered};
    use super::*;
    use proptest::prelude::*;
    use ratatui::crossterm::style::force_color_output;

    fn row(text: &str) -> impl Fn(&mut Canvas<'_>) {
        move |canvas| canvas.put(canvas.area(), &Text::of(Role::Good, text))
    }

    fn bytes(painter: &mut Painter, size: (u16, u16), text: &str) -> Vec<u8> {
        painter.next(size, Theme::Dark, Glyphs::Unicode, row(text)).unwrap()
    }

    #[test]
    fn only_what_differs_is_sent_and_all_of_it_at_once() {
        force_color_output(true);
        let mut painter = Painter::default();
        let first = String::from_utf8(bytes(&mut painter, (20, 2), "orders 1,863")).unwrap();
        assert!(first.starts_with("\x1b[?2026h") && first.ends_with("\x1b[?2026l"), "{first:?}");
        assert!(first.contains("\x1b[2J") && first.contains("orders 1,863"), "{first:?}");
        assert_eq!(bytes(&mut painter, (20, 2), "orders 1,863"), b"");
        let second = String::from_utf8(bytes(&mut painter, (20, 2), "orders 1,864")).unwrap();
        assert!(second.contains('4') && !second.contains("orders") && !second.contains("\x1b[2J"), "{second:?}");
    }

    #[test]
    fn another_size_or_another_owner_means_all_anew() {
        let mut painter = Painter::default();
        bytes(&mut painter, (20, 2), "orders");
        let resized = bytes(&mut painter, (19, 2), "orders");
        assert!(resized.windows(6).any(|it| it == b"orders") && resized.windows(4).any(|it| it == b"\x1b[2J"));
        painter.forget();
        assert_eq!(bytes(&mut painter, (19, 2), "orders"), resized);
    }

    #[test]
    fn no_size_is_too_small_or_too_large() {
        let mut painter = Painter::default();
        for size in [(0, 0), (1, 0), (0, 1), (1, 1), (u16::MAX, u16::MAX), (1, 1)] {
            bytes(&mut painter, size, "日本");
        }
    }

    proptest! {
        #[test]
        fn a_terminal_shows_what_was_painted(
            screens in prop::collection::vec(
                (prop::collection::vec(("[ -~日本語é🦀─█⠉]{0,14}", 0..20_u16, 0..4_u16, 0..18_u16), 0..6), 0..4_usize),
                1..6,
            ),
        ) {
            force_color_output(true);
            let mut painter = Painter::default();
            let mut terminal = vt100::Parser::new(4.try_into().unwrap(), 20.try_into().unwrap(), 0);
            for (texts, theme) in &screens {
                let theme = [Theme::Dark, Theme::Light, Theme::HighContrast, Theme::NoColor][*theme];
                let paint = |canvas: &mut Canvas<'_>| {
                    for (text, x, y, width) in texts {
                        let area = Area::new(*x, *y, *width, 1);
                        canvas.row(area, *x == 3, &Text::of(Role::Warn, text), &Text::new());
                    }
                };
                terminal.process(&painter.next((20, 4), theme, Glyphs::Unicode, paint).unwrap());
                let wanted = rendered(20, 4, theme, Glyphs::Unicode, paint).text;
                let shown: Vec<String> = terminal.screen().rows(0, 20).map(|row| row.trim_end().to_owned()).collect();
                prop_assert_eq!(shown.join("\n") + "\n", wanted);
            }
        }
    }
}
