//! A line of shell as the commands that it runs: enough of the language for what documents show.

use std::iter::Peekable;
use std::str::Chars;

/// Words that stand before a command and belong to the shell.
const BEFORE: [&str; 8] = ["do", "then", "else", "if", "while", "until", "!", "{"];

/// Each command of a script as its words; what stands in `$(…)` is a command as well.
pub(crate) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut reader = Reader { rest: script.chars().peekable(), all: Vec::new() };
    reader.read(None);
    reader.all
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    all: Vec<Vec<String>>,
}

impl Reader<'_> {
    /// Reads up to `end`, or to the end of all.
    fn read(&mut self, end: Option<char>) {
        let mut words: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        while let Some(next) = self.rest.next() {
            match next {
                _ if Some(next) == end => break,
                '#' if word.is_none() => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '\\' => {
                    let escaped = self.rest.next().filter(|c| *c != '\n');
                    word = escaped.map(|c| word.clone().unwrap_or_default() + &c.to_string()).or(word);
                }
                '\'' | '"' => {
                    let quoted = self.quoted(next);
                    word.get_or_insert_default().push_str(&quoted);
                }
                '$' => {
                    let text = self.dollar();
                    word.get_or_insert_default().push_str(&text);
                }
                '>' | '<' => {
                    // Where it goes to is no argument, nor is the number before it.
                    words.extend(word.take().filter(|text| !text.chars().all(|c| c.is_ascii_digit())));
                    self.skip_target();
                }
                ' ' | '\t' => words.extend(word.take()),
                '\n' | ';' | '|' | '&' | '(' | ')' => {
                    words.extend(word.take());
                    self.end(&mut words);
                }
                _ => word.get_or_insert_default().push(next),
            }
        }
        words.extend(word);
        self.end(&mut words);
    }

    /// A command is complete: without what only sets a variable or belongs to the shell.
    fn end(&mut self, words: &mut Vec<String>) {
        let is_setting = |word: &String| {
            word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        };
        let mut all = std::mem::take(words);
        if let Some(own) = all.iter().position(|word| !BEFORE.contains(&word.as_str()) && !is_setting(word)) {
            self.all.push(all.split_off(own));
        }
    }

    /// What stands between quotes.
    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        while let Some(next) = self.rest.next() {
            match next {
                _ if next == quote => break,
                '\\' if quote == '"' => text.extend(self.rest.next()),
                '$' if quote == '"' => text += &self.dollar(),
                _ => text.push(next),
            }
        }
        text
    }

    /// What a dollar sign begins: a command is read on its own, all else stays as it is written.
    fn dollar(&mut self) -> String {
        if self.rest.next_if_eq(&'(').is_some() {
            self.read(Some(')'));
            return "1".to_owned();
        }
        "$".to_owned()
    }

    /// Passes over what a redirection leads to: `&1`, a file.
    fn skip_target(&mut self) {
        while self.rest.next_if(|c| ">&- ".contains(*c)).is_some() {}
        while self.rest.next_if(|c| !" \t\n;|&)".contains(*c)).is_some() {}
    }
}

#[test]
fn a_line_is_its_commands() {
    let told = |script: &str| commands(script).iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" / ");
    for (script, expected) in [
        ("a b # c\n# d\ne", "a b / e"),
        ("a 'b c' \"d $(e f)\" | g", "e f / a b c d 1 / g"),
        ("X=1 a >out 2>&1 & sleep 0.3; wait", "a / sleep 0.3 / wait"),
        ("for i in 1 2; do a --b >c 2>&1 & done", "for i in 1 2 / a --b / done"),
        ("kill -9 $(cat a.pid); b \\\n  --c", "cat a.pid / kill -9 1 / b --c"),
        ("x=$(curl -s http://a/b?c | jq -r .d)", "curl -s http://a/b?c / jq -r .d"),
    ] {
        assert_eq!(told(script), expected, "{script}");
    }
}
