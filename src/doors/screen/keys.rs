//! The bytes that a terminal sends, understood as keys and clicks.
//!
//! Not crossterm's reader: it waits inside a read for the rest of a sequence that it does not know, so one such key
//! would stop the whole screen, and it reads for ever from a terminal that is gone.

use super::{Input, Key};
use std::time::{Duration, Instant};

const ESC: u8 = 0x1b;
/// What is longer than this and still has no end is no sequence.
const LONGEST: usize = 4_096;
/// Two clicks further apart are two clicks.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Collects bytes and gives out what they mean.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    last_click: Option<(u16, u16, Instant)>,
}

/// What stands at the beginning of the bytes.
enum Head {
    /// So many bytes that mean this, or nothing to us.
    Whole(usize, Option<Meaning>),
    /// The rest is still on its way.
    Torn,
}

enum Meaning {
    Key(Key),
    Click(u16, u16),
    Wheel(u16, u16, bool),
}

impl Keys {
    /// Takes what was read.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether the beginning of a sequence waits for its rest: an Escape key looks like that, too.
    pub(super) fn is_waiting(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// What comes next. `is_over`: nothing has come for so long that what is there is all there is.
    pub(super) fn next(&mut self, is_over: bool, now: Instant) -> Option<Input> {
        loop {
            let (bytes, meaning) = match head(&self.bytes)? {
                Head::Whole(bytes, meaning) => (bytes, meaning),
                // An Escape that nothing follows is the key; the beginning of anything else is nothing.
                Head::Torn if is_over && self.bytes == [ESC] => (1, Some(Meaning::Key(Key::Esc))),
                Head::Torn if is_over || self.bytes.len() > LONGEST => (self.bytes.len(), None),
                Head::Torn => return None,
            };
            self.bytes.drain(..bytes.min(self.bytes.len()));
            match meaning {
                Some(Meaning::Key(key)) => return Some(Input::Key(key)),
                Some(Meaning::Wheel(x, y, is_up)) => return Some(Input::Wheel { x, y, is_up }),
                Some(Meaning::Click(x, y)) => return Some(self.click(x, y, now)),
                None => {}
            }
        }
    }

    fn click(&mut self, x: u16, y: u16, now: Instant) -> Input {
        let is_second = self
            .last_click
            .take()
            .is_some_and(|(last_x, last_y, at)| (last_x, last_y) == (x, y) && now.duration_since(at) <= DOUBLE_CLICK);
        if is_second {
            return Input::DoubleClick { x, y };
        }
        self.last_click = Some((x, y, now));
        Input::Click { x, y }
    }
}

/// `None` if there is nothing.
fn head(bytes: &[u8]) -> Option<Head> {
    let key = |key| Head::Whole(1, Some(Meaning::Key(key)));
    Some(match *bytes.first()? {
        ESC => escape(bytes),
        b'\r' | b'\n' => key(Key::Enter),
        b'\t' => key(Key::Tab),
        0x7f | 0x08 => key(Key::Backspace),
        control @ 0x01..=0x1a => key(Key::Ctrl(char::from(b'a' + control - 1))),
        0x00 | 0x1c..=0x1f => Head::Whole(1, None),
        _ => character(bytes),
    })
}

/// One character of UTF-8.
fn character(bytes: &[u8]) -> Head {
    let longest = bytes.get(..4).unwrap_or(bytes);
    let valid = match str::from_utf8(longest) {
        Ok(text) => text,
        Err(error) if error.valid_up_to() > 0 => {
            longest.get(..error.valid_up_to()).and_then(|valid| str::from_utf8(valid).ok()).unwrap_or_default()
        }
        Err(error) if error.error_len().is_none() => return Head::Torn,
        Err(error) => return Head::Whole(error.error_len().unwrap_or(1), None),
    };
    match valid.chars().next() {
        Some(character) if character.is_control() => Head::Whole(character.len_utf8(), None),
        Some(character) => Head::Whole(character.len_utf8(), Some(Meaning::Key(Key::Char(character)))),
        None => Head::Whole(1, None),
    }
}

fn escape(bytes: &[u8]) -> Head {
    match bytes.get(1) {
        None => Head::Torn,
        Some(b'[') => control_sequence(bytes),
        Some(b'O') => match bytes.get(2) {
            None => Head::Torn,
            Some(last) => Head::Whole(3, plain_key(*last).map(Meaning::Key)),
        },
        // Answers of the terminal to questions that somebody else asked: up to BEL or ESC \.
        Some(b']' | b'P' | b'_' | b'^' | b'X') => {
            let end = bytes.iter().position(|byte| *byte == 0x07).map(|at| at + 1);
            let terminator = bytes.windows(2).position(|pair| pair == [ESC, b'\\']).map(|at| at + 2);
            end.into_iter().chain(terminator).min().map_or(Head::Torn, |bytes| Head::Whole(bytes, None))
        }
        // Alt means nothing to us: Escape, and then what follows.
        Some(_) => Head::Whole(1, Some(Meaning::Key(Key::Esc))),
    }
}

/// `ESC [`, parameters, one last byte.
fn control_sequence(bytes: &[u8]) -> Head {
    let parameters = bytes.iter().skip(2).take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
    let length = 2 + parameters + 1;
    let Some(last) = bytes.get(length - 1) else { return Head::Torn };
    if !matches!(last, 0x40..=0x7e) {
        // Broken off: what comes now is the beginning of something else.
        return Head::Whole(length - 1, None);
    }
    let text = bytes.get(2..length - 1).and_then(|it| str::from_utf8(it).ok()).unwrap_or_default();
    match (last, text) {
        // The old way to tell clicks, with three bytes after it, and F1 of the Linux console with one.
        (b'M', "") => after(bytes, length + 3, |rest| match rest {
            [button, x, y] => mouse(
                button.checked_sub(32)?.into(),
                u16::from(*x).checked_sub(32)?,
                u16::from(*y).checked_sub(32)?,
                true,
            ),
            _ => None,
        }),
        (b'[', "") => after(bytes, length + 1, |_| None),
        (b'M' | b'm', _) => {
            let fields = text.strip_prefix('<').map(|fields| fields.split(';').map(str::parse).collect());
            let numbers: Vec<u16> = fields.and_then(Result::ok).unwrap_or_default();
            let [button, x, y] = numbers[..] else { return Head::Whole(length, None) };
            Head::Whole(length, mouse(button, x, y, *last == b'M'))
        }
        (b'~', _) => Head::Whole(length, numbered_key(text).map(Meaning::Key)),
        _ => Head::Whole(length, plain_key(*last).map(Meaning::Key)),
    }
}

/// A sequence with raw bytes after its end.
fn after(bytes: &[u8], length: usize, meaning: impl FnOnce(&[u8]) -> Option<Meaning>) -> Head {
    match bytes.get(3..length) {
        Some(rest) => Head::Whole(length, meaning(rest)),
        None => Head::Torn,
    }
}

/// Columns and rows come counted from 1.
fn mouse(button: u16, x: u16, y: u16, is_pressed: bool) -> Option<Meaning> {
    let (x, y) = (x.checked_sub(1)?, y.checked_sub(1)?);
    // Shift, Alt and Ctrl are bits 4, 8 and 16; 32 says that the mouse moved.
    match button & !(4 | 8 | 16) {
        0 if is_pressed => Some(Meaning::Click(x, y)),
        64 => Some(Meaning::Wheel(x, y, true)),
        65 => Some(Meaning::Wheel(x, y, false)),
        _ => None,
    }
}

fn plain_key(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'Z' => Key::BackTab,
        // Enter of the keypad.
        b'M' => Key::Enter,
        _ => return None,
    })
}

fn numbered_key(parameters: &str) -> Option<Key> {
    Some(match parameters.split(';').next()? {
        "1" | "7" => Key::Home,
        "4" | "8" => Key::End,
        "3" => Key::Delete,
        "5" => Key::PageUp,
        "6" => Key::PageDown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the bytes mean when they come so many at a time and then nothing comes.
    fn meant(bytes: &[u8], at_a_time: usize) -> Vec<Input> {
        let (mut keys, now) = (Keys::default(), Instant::now());
        let mut all = Vec::new();
        for part in bytes.chunks(at_a_time) {
            keys.feed(part);
            all.extend(std::iter::from_fn(|| keys.next(false, now)));
        }
        all.extend(std::iter::from_fn(|| keys.next(true, now)));
        assert!(!keys.is_waiting());
        all
    }

    #[test]
    fn each_sequence_is_its_key_however_it_is_torn() {
        use Key::*;
        for (bytes, key) in [
            (&b"q"[..], Char('q')),
            ("é".as_bytes(), Char('é')),
            ("🦀".as_bytes(), Char('🦀')),
            (b"\r", Enter),
            (b"\n", Enter),
            (b"\t", Tab),
            (b"\x7f", Backspace),
            (b"\x08", Backspace),
            (b"\x03", Ctrl('c')),
            (b"\x15", Ctrl('u')),
            (b"\x1b", Esc),
            (b"\x1b[A", Up),
            (b"\x1bOB", Down),
            (b"\x1b[1;5C", Right),
            (b"\x1b[D", Left),
            (b"\x1b[5~", PageUp),
            (b"\x1b[6;2~", PageDown),
            (b"\x1b[H", Home),
            (b"\x1b[1~", Home),
            (b"\x1bOF", End),
            (b"\x1b[4~", End),
            (b"\x1b[3~", Delete),
            (b"\x1b[Z", BackTab),
        ] {
            for at_a_time in 1..=bytes.len() {
                assert_eq!(meant(bytes, at_a_time), [Input::Key(key)], "{bytes:?} by {at_a_time}");
                let between = [bytes, b"x"].concat();
                assert_eq!(meant(&between, at_a_time).last(), Some(&Input::Key(Char('x'))), "{bytes:?} by {at_a_time}");
            }
        }
    }

    #[test]
    fn what_means_nothing_to_us_is_passed_over() {
        for bytes in [
            &b"\x1b[15~"[..],
            b"\x1bOP",
            b"\x1b[[A",
            b"\x1b[?1;2c",
            b"\x1b]11;rgb:0000/0000/0000\x07",
            b"\x1b]52;c;YQ==\x1b\\",
            b"\x1bP1+r\x1b\\",
            b"\x1b[200~",
            b"\x1b[<35;10;4M",
            b"\x1b[<0;10;4m",
            b"\x1b[<0;10M",
            b"\x1b[<0;0;0M",
            b"\x1b[<0;99999;1M",
            b"\x1b[M\x00\x00\x00",
            b"\xff",
            b"\xc3",
            "\u{9b}".as_bytes(),
            b"\x00",
            b"\x1b[12",
        ] {
            for at_a_time in 1..=bytes.len() {
                assert_eq!(meant(bytes, at_a_time), [], "{bytes:?} by {at_a_time}");
            }
        }
        assert_eq!(meant(b"\xff\xc3q", 9), [Input::Key(Key::Char('q'))]);
        assert_eq!(meant(b"\x1b\x1b[A", 9), [Input::Key(Key::Esc), Input::Key(Key::Up)]);
        assert_eq!(meant(b"\x1b[1\x1b[A", 9), [Input::Key(Key::Up)]);
    }

    #[test]
    fn an_escape_waits_for_what_may_follow() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        keys.feed(b"\x1b");
        assert_eq!((keys.next(false, now), keys.is_waiting()), (None, true));
        keys.feed(b"[A");
        assert_eq!(keys.next(false, now), Some(Input::Key(Key::Up)));
        keys.feed(b"\x1b");
        assert_eq!((keys.next(true, now), keys.is_waiting()), (Some(Input::Key(Key::Esc)), false));
    }

    #[test]
    fn two_clicks_on_one_cell_are_a_double_click_if_they_are_quick() {
        let start = Instant::now();
        let at = |milliseconds: u64| start + Duration::from_millis(milliseconds);
        let mut keys = Keys::default();
        let mut click = |bytes: &[u8], now: Instant| {
            keys.feed(bytes);
            keys.next(false, now)
        };
        let (single, double) = (Some(Input::Click { x: 9, y: 3 }), Some(Input::DoubleClick { x: 9, y: 3 }));
        assert_eq!(click(b"\x1b[<0;10;4M", at(0)), single);
        assert_eq!(click(b"\x1b[<0;10;4m", at(50)), None);
        assert_eq!(click(b"\x1b[<0;10;4M", at(400)), double);
        // A third is the first of the next two.
        assert_eq!(click(b"\x1b[<0;10;4M", at(500)), single);
        assert_eq!(click(b"\x1b[<0;10;4M", at(901)), single);
        assert_eq!(click(b"\x1b[<0;11;4M", at(902)), Some(Input::Click { x: 10, y: 3 }));
        assert_eq!(click(b"\x1b[M \x2a\x24", at(903)), single);
    }

    #[test]
    fn the_wheel_has_two_directions() {
        assert_eq!(meant(b"\x1b[<64;1;2M", 9), [Input::Wheel { x: 0, y: 1, is_up: true }]);
        assert_eq!(meant(b"\x1b[<69;1;2M", 9), [Input::Wheel { x: 0, y: 1, is_up: false }]);
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200), at_a_time in 1..20_usize) {
            meant(&bytes, at_a_time);
        }

        #[test]
        fn torn_text_arrives_whole(text in "[^\\p{Cc}]{0,20}", at_a_time in 1..9_usize) {
            let wanted: Vec<Input> = text.chars().map(|it| Input::Key(Key::Char(it))).collect();
            prop_assert_eq!(meant(text.as_bytes(), at_a_time), wanted);
        }
    }

    #[test]
    fn an_endless_sequence_is_given_up() {
        let (mut keys, now) = (Keys::default(), Instant::now());
        keys.feed(b"\x1b]");
        keys.feed(&[b'x'; 5_000]);
        assert_eq!((keys.next(false, now), keys.is_waiting()), (None, false));
    }
}
