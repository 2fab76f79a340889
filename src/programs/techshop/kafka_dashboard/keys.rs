//! What keys and the mouse do.

use super::app::{App, Overlay, Pane};
use crate::base::language::Language;
use crate::doors::screen::{Effect, Input, InputLine, Key};

/// The most buckets to a column of the lag's plot.
const MOST_BUCKETS: usize = 16;

impl App {
    /// Does what an input means.
    pub(super) fn on_input(&mut self, input: Input) -> Effect {
        match input {
            Input::Suspend => return Effect::Suspend,
            Input::Resized => {}
            Input::Wheel { x, y, is_up } => self.on_wheel(x, y, if is_up { -3 } else { 3 }),
            Input::Click { x, y } => {
                self.on_click(x, y);
            }
            Input::DoubleClick { x, y } => {
                if self.on_click(x, y) {
                    self.open();
                }
            }
            Input::Key(key) => return self.on_key(key),
        }
        Effect::Nothing
    }

    fn on_key(&mut self, key: Key) -> Effect {
        if key == Key::Ctrl('c') {
            return Effect::Quit;
        }
        if let Some(line) = self.prompt.take() {
            self.on_prompt(line, key);
            return Effect::Nothing;
        }
        if self.overlay.is_some() {
            return self.on_overlay(key);
        }
        let page = isize::try_from(self.layout.rows(self.focus)).unwrap_or(1).max(2);
        match key {
            Key::Char('q') => return Effect::Quit,
            Key::Char('?' | 'H') => self.overlay = Some(Overlay::Help { top: 0 }),
            Key::Tab => self.next_pane(1),
            Key::BackTab => self.next_pane(Pane::ALL.len() - 1),
            Key::Char(digit @ '1'..='3') => self.focus = Pane::ALL[usize::from(digit as u8 - b'1')],
            Key::Up | Key::Char('k') => self.move_by(-1),
            Key::Down | Key::Char('j') => self.move_by(1),
            Key::PageUp => self.move_by(1 - page),
            Key::PageDown => self.move_by(page - 1),
            Key::Ctrl('u') => self.move_by(-page / 2),
            Key::Ctrl('d') => self.move_by(page / 2),
            Key::Home | Key::Char('g') => self.select(self.focus, 0),
            Key::End | Key::Char('G') => self.select(self.focus, usize::MAX),
            Key::Enter => self.open(),
            Key::Esc => self.clear_one(),
            Key::Char('f' | ' ') => self.freeze(),
            Key::Char('/') => self.prompt = Some(InputLine::default()),
            Key::Char('n') => self.next_hit(true),
            Key::Char('N') => self.next_hit(false),
            Key::Char('z') => self.is_zoomed = !self.is_zoomed,
            Key::Char('i') => self.shows_internal = !self.shows_internal,
            Key::Char('s') => self.sort = self.sort.next(),
            Key::Char('r') => self.is_reversed = !self.is_reversed,
            other => return self.on_common_key(other),
        }
        Effect::Nothing
    }

    /// What means the same on the main screen and above it.
    fn on_common_key(&mut self, key: Key) -> Effect {
        match key {
            Key::Char('u') => self.clock.is_utc = !self.clock.is_utc,
            Key::Char('L') => {
                self.language = if self.language == Language::En { Language::Fr } else { Language::En };
            }
            Key::Char('T') => return Effect::NextTheme,
            Key::Char('+') => self.buckets_a_column = (self.buckets_a_column / 2).max(1),
            Key::Char('-') => self.buckets_a_column = (self.buckets_a_column * 2).min(MOST_BUCKETS),
            Key::Char('=') => self.buckets_a_column = 1,
            Key::Char('y') => return self.copy(),
            _ => {}
        }
        Effect::Nothing
    }

    fn on_overlay(&mut self, key: Key) -> Effect {
        let page = self.layout.overlay_rows.max(2) - 1;
        let Some(overlay) = &mut self.overlay else { return Effect::Nothing };
        let (Overlay::Help { top } | Overlay::Group { top, .. }) = overlay;
        match key {
            Key::Up | Key::Char('k') => *top = top.saturating_sub(1),
            Key::Down | Key::Char('j') => *top += 1,
            Key::PageUp => *top = top.saturating_sub(page),
            Key::PageDown => *top += page,
            Key::Home | Key::Char('g') => *top = 0,
            Key::End | Key::Char('G') => *top = usize::MAX / 2,
            Key::Char('q') => return Effect::Quit,
            Key::Esc | Key::Enter | Key::Char('?') => self.overlay = None,
            Key::Char('f' | ' ') => self.freeze(),
            other => return self.on_common_key(other),
        }
        Effect::Nothing
    }

    fn on_prompt(&mut self, mut line: InputLine, key: Key) {
        match key {
            Key::Esc => {}
            Key::Enter => {
                self.search = (!line.is_empty()).then(|| line.text());
                let is_here = self.search.as_ref().is_some_and(|search| {
                    self.names(self.focus).get(self.selected(self.focus)).is_some_and(|name| name.contains(search))
                });
                if !is_here {
                    self.next_hit(true);
                }
            }
            key => {
                line.press(key);
                self.prompt = Some(line);
            }
        }
    }

    fn next_pane(&mut self, step: usize) {
        let here = Pane::ALL.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        let panes = (1..=Pane::ALL.len()).map(|times| Pane::ALL[(here + step * times) % Pane::ALL.len()]);
        // A pane for which there is no room cannot be seen to have the focus.
        let seen = panes.into_iter().find(|pane| self.is_zoomed || !self.layout.pane(*pane).is_empty());
        self.focus = seen.unwrap_or(self.focus);
    }

    fn open(&mut self) {
        if self.focus == Pane::Groups
            && let Some(group) = self.selected_group()
        {
            self.overlay = Some(Overlay::Group { name: group.group.clone(), top: 0 });
        }
    }

    fn clear_one(&mut self) {
        if self.search.take().is_none() && !std::mem::take(&mut self.is_zoomed) {
            self.held = None;
        }
    }

    fn copy(&mut self) -> Effect {
        let name = match &self.overlay {
            Some(Overlay::Group { name, .. }) => Some(name.clone()),
            _ => self.names(self.focus).get(self.selected(self.focus)).cloned(),
        };
        name.map_or(Effect::Nothing, Effect::Copy)
    }

    fn on_wheel(&mut self, x: u16, y: u16, rows: isize) {
        if let Some(Overlay::Help { top } | Overlay::Group { top, .. }) = &mut self.overlay {
            *top = top.saturating_add_signed(rows);
            return;
        }
        if let Some(pane) = self.layout.pane_at(x, y) {
            self.focus = pane;
            self.move_by(rows);
        }
    }

    /// Whether a row was clicked.
    fn on_click(&mut self, x: u16, y: u16) -> bool {
        if self.overlay.is_some() {
            return false;
        }
        let Some(pane) = self.layout.pane_at(x, y) else { return false };
        self.focus = pane;
        let rows = self.layout.rows(pane);
        let Some(row) = self.layout.row_at(pane, y) else { return false };
        let index = self.top(pane, rows) + row;
        let is_there = index < self.names(pane).len();
        if is_there {
            self.select(pane, index);
        }
        is_there
    }
}
