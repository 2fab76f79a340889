//! Names the field that stands at a position of a payload: `items[2].quantity`.
//!
//! The JSON reader tells only line and column, which nobody can count in an order of one line.

use super::Position;

/// The longest field name, in characters, that a place shows.
const MAX_NAME_CHARACTERS: usize = 32;

/// An array or object that is open at some byte.
enum Open<'a> {
    /// With the element that was begun last, if any was.
    Array { element: Option<usize>, expects_element: bool },
    /// With the name that was read last, if any was.
    Object { name: Option<&'a str>, expects_name: bool },
}

/// The path of the field at a position, empty for the payload as a whole. With `parent`, the
/// object that the field stands in.
///
/// The payload is correct JSON up to that position, and not nested deeper than the reader allows.
pub(super) fn of(payload: &str, position: Position, parent: bool) -> String {
    let mut end = offset_of(payload, position);
    // A missing field is reported after the end of its object.
    if matches!(payload.as_bytes().get(end.wrapping_sub(1)), Some(b'}' | b']')) {
        end -= 1;
    }
    let mut open = open_at(payload, end);
    if parent && let Some(Open::Object { name, .. }) = open.last_mut() {
        *name = None;
    }
    path(&open)
}

/// The byte offset just after a position.
fn offset_of(payload: &str, position: Position) -> usize {
    let line_start = memchr::memchr_iter(b'\n', payload.as_bytes())
        .take(position.line.saturating_sub(1))
        .last()
        .map_or(0, |newline| newline + 1);
    (line_start + position.column).min(payload.len())
}

/// The arrays and objects that are open at a byte offset, outermost first.
fn open_at(payload: &str, end: usize) -> Vec<Open<'_>> {
    let bytes = payload.as_bytes();
    let mut open = Vec::new();
    let mut at = 0;
    while at < end {
        let byte = bytes[at];
        let token_start = at;
        at = if byte == b'"' { after_string(bytes, at).min(end) } else { at + 1 };
        match (byte, open.last_mut()) {
            (b' ' | b'\t' | b'\r' | b'\n' | b':', _) => continue,
            (b',', Some(Open::Array { expects_element, .. })) => *expects_element = true,
            (b',', Some(Open::Object { expects_name, .. })) => *expects_name = true,
            (b']' | b'}', _) => {
                open.pop();
            }
            (_, Some(Open::Array { element, expects_element })) if *expects_element => {
                *element = Some(element.map_or(0, |last| last + 1));
                *expects_element = false;
            }
            (b'"', Some(Open::Object { name, expects_name })) if *expects_name => {
                *name = payload.get(token_start + 1..at - 1);
                *expects_name = false;
            }
            _ => {}
        }
        match byte {
            b'[' => open.push(Open::Array { element: None, expects_element: true }),
            b'{' => open.push(Open::Object { name: None, expects_name: true }),
            _ => {}
        }
    }
    open
}

/// The offset after the string that begins at an offset.
fn after_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn path(open: &[Open<'_>]) -> String {
    let mut path = String::new();
    for level in open {
        match level {
            Open::Array { element: Some(index), .. } => path.push_str(&format!("[{index}]")),
            Open::Object { name: Some(name), .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.extend(name.chars().take(MAX_NAME_CHARACTERS));
            }
            Open::Array { element: None, .. } | Open::Object { name: None, .. } => {}
        }
    }
    path
}
