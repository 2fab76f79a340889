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
        let under = Text::of(Role::Selected, under);
        // At the end, or on a mark that has lost its character.
        let cursor = if under.width() == 0 { Text::new().value("_") } else { under };
        let (before, rest) = (Text::new().value(&self.before), Text::new().value(rest.after));
        // What follows the cursor takes at least one column, for `…`.
        let used = before.width() + cursor.width() + rest.width().min(1);
        let seen = match columns {
            _ if used <= columns => before.join(cursor).join(rest),
            // No room to say that something is missing.
            0..4 => cursor,
            _ => Text::new().label("…").join(before.join(cursor).join(rest).skip(used - columns + 1)),
        };
        seen.cut(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(keys: &[Key]) -> InputLine {
        let mut line = InputLine::new("mat cha");
        for key in keys {
            assert!(line.press(*key), "{key:?}");
        }
        line
    }

    #[test]
    fn each_key_does_what_it_says() {
        use Key::*;
        for (keys, text) in [
            (&[Char('é')][..], "mat chaé"),
            (&[Backspace, Backspace], "mat c"),
            (&[Left, Backspace, Delete], "mat c"),
            (&[Home, Delete, Char('f')], "fat cha"),
            (&[Home, Left, Right, Char('i'), End, Char('!')], "miat cha!"),
            (&[Left, Left, Ctrl('u')], "ha"),
            (&[Ctrl('w')], "mat "),
            (&[Ctrl('w'), Ctrl('w'), Ctrl('w')], ""),
            (&[Left, Ctrl('w')], "mat a"),
            (&[Delete, Right, Ctrl('e'), Ctrl('a'), Char('x')], "xmat cha"),
        ] {
            assert_eq!(typed(keys).text(), text, "{keys:?}");
        }
        assert!([Enter, Esc, Up, Down, Tab, Ctrl('c')].iter().all(|key| !InputLine::default().press(*key)));
    }

    #[test]
    fn the_cursor_is_always_seen() {
        assert_eq!(InputLine::new("matcha").view(10).plain(), "matcha_");
        assert_eq!(InputLine::new("matcha").view(7).plain(), "matcha_");
        assert_eq!(InputLine::new("matcha").view(6).plain(), "…tcha_");
        assert_eq!((InputLine::new("matcha").view(1).plain(), InputLine::new("a").view(0).width()), ("_".into(), 0));
        let mut line = InputLine::new("matcha latte");
        line.press(Key::Home);
        assert_eq!(line.view(5), Text::of(Role::Selected, "m").value("atc…"));
    }

    #[test]
    fn a_mark_goes_with_its_character() {
        let mut line = InputLine::new("ae\u{301}");
        line.press(Key::Left);
        assert_eq!(line.view(9), Text::new().value("a").and(Role::Selected, "e\u{301}"));
        line.press(Key::Delete);
        assert_eq!(line.text(), "a");
    }

    #[test]
    fn a_huge_paste_ends() {
        let mut line = InputLine::new(&"x".repeat(5_000));
        line.press(Key::Char('y'));
        assert_eq!(line.text(), "x".repeat(1_000));
    }

    fn key() -> impl Strategy<Value = Key> {
        let special = [Key::Backspace, Key::Delete, Key::Left, Key::Right, Key::Home, Key::End];
        let special = [&special[..], &[Key::Ctrl('u'), Key::Ctrl('w')]].concat();
        prop_oneof![3 => any::<char>().prop_map(Key::Char), 1 => prop::sample::select(special),
            1 => prop::sample::select(vec!['日', '\u{301}', ' ', '🦀']).prop_map(Key::Char)]
    }

    proptest! {
        #[test]
        fn any_keys_are_as_on_a_row_of_characters(keys in prop::collection::vec(key(), 0..40), columns in 0..12_usize) {
            let mut line = InputLine::default();
            let (mut row, mut at) = (Vec::new(), 0);
            for key in keys {
                line.press(key);
                let is_mark = |character: &char| columns_of(*character) == 0;
                match key {
                    Key::Char(character) => { row.insert(at, character); at += 1; }
                    Key::Backspace if at > 0 => { at -= 1; row.remove(at); }
                    Key::Delete if at < row.len() => {
                        row.remove(at);
                        while row.get(at).is_some_and(is_mark) { row.remove(at); }
                    }
                    Key::Left => while at > 0 { at -= 1; if !is_mark(&row[at]) { break; } },
                    Key::Right if at < row.len() => {
                        at += 1;
                        while row.get(at).is_some_and(is_mark) { at += 1; }
                    }
                    Key::Home => at = 0,
                    Key::End => at = row.len(),
                    Key::Ctrl('u') => { row.drain(..at); at = 0; }
                    Key::Ctrl('w') => {
                        while at > 0 && row[at - 1].is_whitespace() { at -= 1; row.remove(at); }
                        while at > 0 && !row[at - 1].is_whitespace() { at -= 1; row.remove(at); }
                    }
                    _ => {}
                }
                prop_assert_eq!(line.text(), row.iter().collect::<String>());
                let view = line.view(columns);
                prop_assert!(view.width() <= columns);
                let shows_cursor = view.plain().contains('_') || view.pieces().any(|(role, _)| role == Role::Selected);
                prop_assert!(columns < 2 || shows_cursor, "{:?} {:?}", line, view);
            }
        }
    }
}
