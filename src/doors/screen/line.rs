//! A line of text that is being typed.

use super::{Key, Text};

/// A line of text that is being typed, with a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputLine {
    before: String,
    after: String,
}

impl InputLine {
    /// A line that holds a text already; the cursor stands at its end.
    pub fn new(text: &str) -> InputLine {
        InputLine { before: text.to_owned(), after: String::new() }
    }

    /// What it holds.
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Does what the key means in a line; false if it means nothing here (Enter, Esc, arrows up and down).
    pub fn press(&mut self, key: Key) -> bool {
        let _ = key;
        false
    }

    /// What is seen of it in so many columns, the cursor always among them.
    pub fn view(&self, columns: usize) -> Text {
        let _ = columns;
        Text::new()
    }
}
