//! A row of text made of pieces that each mean something.

use super::Role;
use crate::tools::shown;
use unicode_width::UnicodeWidthChar as _;

/// A row of text made of pieces, each with a role. Whatever is put into it becomes harmless: nothing of it can
/// control the terminal, or turn the text around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pieces: Vec<(Role, String)>,
}

impl Text {
    /// An empty row.
    pub fn new() -> Text {
        Text::default()
    }

    /// A row of one piece.
    pub fn of(role: Role, text: impl AsRef<str>) -> Text {
        Text::new().and(role, text)
    }

    /// With one more piece at its end.
    #[must_use]
    pub fn and(mut self, role: Role, text: impl AsRef<str>) -> Text {
        self.push(role, text);
        self
    }

    /// With a value at its end.
    #[must_use]
    pub fn value(self, text: impl AsRef<str>) -> Text {
        self.and(Role::Value, text)
    }

    /// With a label at its end.
    #[must_use]
    pub fn label(self, text: impl AsRef<str>) -> Text {
        self.and(Role::Label, text)
    }

    /// With a badge, `▐ WORD ▌`, at its end; the role should be one of those for badges.
    #[must_use]
    pub fn badge(self, role: Role, word: impl AsRef<str>) -> Text {
        self.and(role, format!("▐ {} ▌", word.as_ref()))
    }

    /// With a piece that takes exactly so many columns: blanks after it, or cut with `…`.
    #[must_use]
    pub fn padded(self, role: Role, text: impl AsRef<str>, columns: usize) -> Text {
        let short = Text::of(role, text).cut(columns);
        let missing = columns - short.width();
        self.join(short).and(role, " ".repeat(missing))
    }

    /// As [`Text::padded`], with the blanks before it.
    #[must_use]
    pub fn padded_left(self, role: Role, text: impl AsRef<str>, columns: usize) -> Text {
        let short = Text::of(role, text).cut(columns);
        let missing = columns - short.width();
        self.and(role, " ".repeat(missing)).join(short)
    }

    /// With all pieces of the other at its end.
    #[must_use]
    pub fn join(mut self, other: Text) -> Text {
        for (role, text) in other.pieces {
            self.push_harmless(role, &text);
        }
        self
    }

    /// Adds a piece at its end.
    pub fn push(&mut self, role: Role, text: impl AsRef<str>) {
        self.push_harmless(role, &harmless(text.as_ref()));
    }

    fn push_harmless(&mut self, role: Role, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some((last, before)) if *last == role => before.push_str(text),
            _ => self.pieces.push((role, text.to_owned())),
        }
    }

    /// The columns that it takes.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.chars().map(columns_of).sum::<usize>()).sum()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Its pieces in order; neighbours have different roles.
    pub fn pieces(&self) -> impl Iterator<Item = (Role, &str)> {
        self.pieces.iter().map(|(role, text)| (*role, text.as_str()))
    }

    /// The words alone.
    pub fn plain(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// In at most so many columns, the last of them `…` when something is missing.
    #[must_use]
    pub fn cut(self, columns: usize) -> Text {
        if self.width() <= columns {
            return self;
        }
        let mut short = Text::new();
        let mut room = columns.saturating_sub(1);
        let mut role = Role::Value;
        for (piece_role, text) in &self.pieces {
            role = *piece_role;
            let fitting = prefix(text, room);
            short.push_harmless(role, fitting);
            room -= fitting.chars().map(columns_of).sum::<usize>();
            if fitting.len() < text.len() {
                break;
            }
        }
        if columns > 0 {
            short.push_harmless(role, "…");
        }
        short
    }

    /// What is left when so many columns are taken away at its beginning; a character of two columns that is
    /// halved becomes a blank.
    #[must_use]
    pub fn skip(self, columns: usize) -> Text {
        let mut rest = Text::new();
        let mut gone = 0;
        for (role, text) in &self.pieces {
            for character in text.chars() {
                let width = columns_of(character);
                // A mark goes with the character that it stands on.
                let is_orphan = width == 0 && rest.is_empty();
                if gone >= columns && !is_orphan {
                    rest.push_harmless(*role, character.encode_utf8(&mut [0; 4]));
                } else if gone < columns && gone + width > columns {
                    rest.push_harmless(*role, " ");
                }
                gone = gone.saturating_add(width);
            }
        }
        rest
    }

    /// The same words, all with one role.
    #[must_use]
    pub fn all(self, role: Role) -> Text {
        let mut same = Text::new();
        for (_, text) in &self.pieces {
            same.push_harmless(role, text);
        }
        same
    }
}

/// The columns that a character takes: 0, 1 or 2.
pub(super) fn columns_of(character: char) -> usize {
    match character {
        // Voiced sound marks at half width: by the tables they combine, on terminals they take a column.
        '\u{ff9e}' | '\u{ff9f}' => 1,
        _ => character.width().unwrap_or(0).min(2),
    }
}

/// As much of the text as fits into so many columns.
fn prefix(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += columns_of(character);
        if used > columns {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// What would control a terminal becomes `·`; so does what cannot be seen.
fn harmless(text: &str) -> String {
    // These widen or narrow the character before them on some terminals and not on others.
    let is_selector = |character| matches!(character, '\u{fe00}'..='\u{fe0f}');
    shown::safe(text).chars().filter(|character| !is_selector(*character)).collect()
}
