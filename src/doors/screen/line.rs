//! A line of text that is being typed.

use super::text::columns_of;
use super::{Key, Role, Text};

/// Characters that a line takes; what is pasted beyond is not wanted.
const LONGEST: usize = 1_000;

/// A line of text that is being typed, with a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputLine {
    before: String,
    after: String,
}

impl InputLine {
    /// A line that holds a text already; the cursor stands at its end.
    pub fn new(text: &str) -> InputLine {
        InputLine { before: text.chars().take(LONGEST).collect(), after: String::new() }
    }

    /// What it holds.
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Does what the key means in a line: Backspace, Delete, arrows, Home, End, Ctrl-U (all before the cursor goes),
    /// Ctrl-W (the word before it), and characters; false if it means nothing here (Enter, Esc, arrows up and down).
    pub fn press(&mut self, key: Key) -> bool {
        match key {
            Key::Char(character) => {
                if self.before.chars().count() + self.after.chars().count() < LONGEST {
                    self.before.push(character);
                }
            }
            Key::Backspace => {
                self.before.pop();
            }
            Key::Delete => {
                self.take_next();
            }
            Key::Left => {
                let last = self.take_last();
                self.after.insert_str(0, &last);
            }
            Key::Right => {
                let next = self.take_next();
                self.before.push_str(&next);
            }
            Key::Home | Key::Ctrl('a') => {
                self.after.insert_str(0, &std::mem::take(&mut self.before));
            }
            Key::End | Key::Ctrl('e') => {
                self.before.push_str(&std::mem::take(&mut self.after));
            }
            Key::Ctrl('u') => self.before.clear(),
            Key::Ctrl('w') => {
                let kept = self.before.trim_end().trim_end_matches(|character: char| !character.is_whitespace());
                self.before.truncate(kept.len());
            }
            _ => return false,
        }
        true
    }

    /// The character before the cursor, with the marks on top of it.
    fn take_last(&mut self) -> String {
        let mut taken = String::new();
        while let Some(character) = self.before.pop() {
            taken.insert(0, character);
            if columns_of(character) > 0 {
                break;
            }
        }
        taken
    }

    /// The character after the cursor, with the marks on top of it.
    fn take_next(&mut self) -> String {
        let marks = self.after.chars().skip(1).take_while(|character| columns_of(*character) == 0).count();
        let taken: String = self.after.chars().take(1 + marks).collect();
        self.after.drain(..taken.len());
        taken
    }

    /// What is seen of it in so many columns, the cursor always among them: `_` at the end, otherwise the character
    /// that it stands on, as if selected. `…` stands for what is cut.
    pub fn view(&self, columns: usize) -> Text {
        let mut rest = self.clone();
        let under = rest.take_next();
        let cursor = if under.is_empty() { Text::new().value("_") } else { Text::of(Role::Selected, under) };
        let before = Text::new().value(&self.before);
        let used = before.width() + cursor.width();
        let whole = before.join(cursor).join(Text::new().value(rest.after));
        if used <= columns {
            return whole.cut(columns);
        }
        let seen = match columns {
            // No room to say that something is missing.
            0..3 => whole.skip(used - columns),
            _ => Text::new().label("…").join(whole.skip(used - columns + 1)),
        };
        seen.cut(columns)
    }
}
