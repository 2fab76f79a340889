//! Which characters may be drawn: all of Unicode, or ASCII alone.

/// Which characters may be drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Glyphs {
    /// Lines, blocks, braille, and text as it is.
    #[default]
    Unicode,
    /// `#`, `*`, `+-|`, `[ok]`; no byte above 127 reaches the terminal, and each text keeps its width.
    Ascii,
}

impl Glyphs {
    /// ASCII when a flag wants it, on the Linux console, whose font lacks most shapes, and under a locale that is
    /// not UTF-8; `variable` tells the value of a variable of the environment.
    pub fn choose(wants_ascii: bool, variable: impl Fn(&str) -> Option<String>) -> Glyphs {
        if wants_ascii || variable("TERM").is_some_and(|value| value == "linux" || value == "dumb") {
            return Glyphs::Ascii;
        }
        // The first that is set and not empty rules, as setlocale(3) has it; none at all is the locale C.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| variable(name)).find(|it| !it.is_empty());
        let is_utf8 = locale.is_some_and(|it| {
            let lower = it.to_ascii_lowercase();
            lower.contains("utf-8") || lower.contains("utf8")
        });
        if is_utf8 { Glyphs::Unicode } else { Glyphs::Ascii }
    }

    /// The character, or what stands for it; always one of ASCII where only that may be drawn. A character of two
    /// columns has a stand-in of one, to be drawn twice.
    pub(super) fn drawn(self, character: char) -> char {
        match self {
            Glyphs::Unicode => character,
            Glyphs::Ascii => ascii(character),
        }
    }
}

fn ascii(character: char) -> char {
    match character {
        ' '..='~' => character,
        '─' | '–' | '—' | '−' | '━' | '‐' | '‑' => '-',
        '│' | '▐' | '┃' => '|',
        '┬' | '┴' | '┼' | '┤' | '├' | '┌' | '┐' | '└' | '┘' => '+',
        '●' | '×' | '•' => '*',
        '▲' | '↑' => '^',
        '▼' | '↓' => 'v',
        '■' | '█' => '#',
        '○' => 'o',
        '…' | '≈' => '~',
        '▸' | '→' | '»' | '›' | '≥' => '>',
        '←' | '«' | '‹' | '≤' => '<',
        '▌' => '>',
        '·' | '°' => '.',
        '⋮' => ':',
        '’' | '‘' => '\'',
        '“' | '”' => '"',
        '▁' => '_',
        '▂' => '.',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '%',
        '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        'À'..='Å' => 'A',
        'Ç' => 'C',
        'È'..='Ë' => 'E',
        'Ì'..='Ï' => 'I',
        'Ñ' => 'N',
        'Ò'..='Ö' | 'Ø' => 'O',
        'Ù'..='Ü' => 'U',
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' | 'œ' => 'o',
        'ù'..='ü' => 'u',
        '€' => 'E',
        'Σ' => 'S',
        '⇧' => '^',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(wants_ascii: bool, variables: &[(&str, &str)]) -> Glyphs {
        let find = |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
        Glyphs::choose(wants_ascii, find)
    }

    #[test]
    fn unicode_needs_a_locale_that_has_it_and_a_font() {
        assert_eq!(chosen(false, &[("LANG", "en_US.UTF-8")]), Glyphs::Unicode);
        assert_eq!(chosen(false, &[("LANG", "C.utf8"), ("TERM", "xterm")]), Glyphs::Unicode);
        assert_eq!(chosen(true, &[("LANG", "en_US.UTF-8")]), Glyphs::Ascii);
        assert_eq!(chosen(false, &[("LANG", "en_US.UTF-8"), ("TERM", "linux")]), Glyphs::Ascii);
        assert_eq!(chosen(false, &[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), Glyphs::Ascii);
        assert_eq!(chosen(false, &[("LC_ALL", ""), ("LC_CTYPE", "fr_FR.UTF-8"), ("LANG", "C")]), Glyphs::Unicode);
        assert_eq!(chosen(false, &[]), Glyphs::Ascii);
    }

    #[test]
    fn every_character_has_a_stand_in_of_ascii() {
        for character in ('\0'..=char::MAX).filter(|character| !character.is_ascii_control()) {
            let drawn = Glyphs::Ascii.drawn(character);
            assert!(matches!(drawn, ' '..='~'), "{character:?}");
            assert!(!character.is_ascii() || drawn == character, "{character:?}");
        }
    }
}
