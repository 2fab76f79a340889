//! What keys and the mouse do: the same as in log-monitor, where they do anything.

use super::app::{App, Overlay};
use crate::doors::screen::{Effect, Input, InputLine, Key};

impl App {
    /// Does what an input means.
    pub(super) fn on_input(&mut self, input: Input) -> Effect {
        match input {
            Input::Suspend => Effect::Suspend,
            Input::Resized => Effect::Nothing,
            Input::Wheel { is_up, .. } => {
                self.scroll(if is_up { -3 } else { 3 });
                Effect::Nothing
            }
            Input::Click { y, .. } => {
                self.on_click(y);
                Effect::Nothing
            }
            Input::DoubleClick { y, .. } => {
                if self.on_click(y) {
                    self.open_selected();
                }
                Effect::Nothing
            }
            Input::Key(key) => self.on_key(key),
        }
    }

    fn on_key(&mut self, key: Key) -> Effect {
        if key == Key::Ctrl('c') {
            return Effect::Quit;
        }
        if let Some(line) = self.prompt.take() {
            self.on_prompt(line, key);
            return Effect::Nothing;
        }
        let rows = if self.overlay.is_some() { self.overlay_rows } else { self.list_rows };
        let page = isize::try_from(rows).unwrap_or(1).max(2);
        match key {
            Key::Char('q') => return Effect::Quit,
            Key::Up | Key::Char('k') => self.scroll(-1),
            Key::Down | Key::Char('j') => self.scroll(1),
            Key::PageUp => self.scroll(1 - page),
            Key::PageDown => self.scroll(page - 1),
            Key::Ctrl('u') => self.scroll(-page / 2),
            Key::Ctrl('d') => self.scroll(page / 2),
            Key::Home | Key::Char('g') => self.scroll(isize::MIN),
            Key::End | Key::Char('G') => self.scroll(isize::MAX),
            Key::Char('u') => self.is_utc = !self.is_utc,
            Key::Char('T') => return Effect::NextTheme,
            Key::Char('f' | ' ') => self.freeze(),
            Key::Char('y') => return self.copy(),
            Key::Esc | Key::Enter | Key::Char('?' | 'H') if self.overlay.is_some() => self.overlay = None,
            _ if self.overlay.is_some() => {}
            Key::Char('?' | 'H') => self.overlay = Some(Overlay::Help { top: 0 }),
            Key::Enter => self.open_selected(),
            Key::Esc => self.clear_one(),
            Key::Char('/') => self.prompt = Some(InputLine::default()),
            Key::Char('n') => self.next_hit(true),
            Key::Char('N') => self.next_hit(false),
            Key::Char('s') => {
                self.sort = self.sort.next();
                self.arrange();
            }
            Key::Char('r') => {
                self.is_reversed = !self.is_reversed;
                self.arrange();
            }
            _ => {}
        }
        Effect::Nothing
    }

    fn on_prompt(&mut self, mut line: InputLine, key: Key) {
        match key {
            Key::Esc => {}
            Key::Enter => {
                self.search = (!line.is_empty()).then(|| line.text());
                let is_here =
                    matches!((&self.search, self.selected_id()), (Some(search), Some(id)) if id.contains(search));
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

    /// Moves the selection, or what covers it.
    fn scroll(&mut self, rows: isize) {
        match &mut self.overlay {
            Some(Overlay::Help { top }) => *top = top.saturating_add_signed(rows),
            Some(Overlay::History(history)) => history.top = history.top.saturating_add_signed(rows),
            None => self.move_by(rows),
        }
    }

    fn open_selected(&mut self) {
        self.wanted = self.selected_id().map(str::to_owned);
    }

    fn clear_one(&mut self) {
        if self.search.take().is_none() && self.held.is_some() {
            self.freeze();
        }
    }

    fn copy(&self) -> Effect {
        let id = match &self.overlay {
            Some(Overlay::History(history)) => Some(history.id.as_str()),
            _ => self.selected_id(),
        };
        id.map_or(Effect::Nothing, |id| Effect::Copy(id.to_owned()))
    }

    /// Whether a request was clicked.
    fn on_click(&mut self, y: u16) -> bool {
        let Some(row) = y.checked_sub(self.list_y).map(usize::from).filter(|_| self.overlay.is_none()) else {
            return false;
        };
        let index = self.top() + row;
        let is_there = row < self.list_rows && index < self.rows.len();
        if is_there {
            self.select(index);
        }
        is_there
    }
}
