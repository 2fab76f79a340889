//! Reading an order, and saying in one short line why something is none.

use std::fmt;

use serde_json::error::Category;

use super::{InventoryStatus, Item, Order, place, shape};

mod straight;

/// Arrays and objects may stand this deep in each other, in unknown fields as well.
pub const MAX_DEPTH: usize = 128;

/// The longest text, in bytes, that a reason takes over from the JSON reader.
const MAX_PROBLEM_BYTES: usize = 120;

/// Where in a payload, both counted from 1, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line; nearly always 1.
    pub line: usize,
    /// The last byte that was looked at.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 1 {
            write!(formatter, "line {} ", self.line)?;
        }
        write!(formatter, "column {}", self.column)
    }
}

/// Why a payload is no order. The text is one line of at most some 200 bytes, whatever the
/// payload holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnOrder {
    /// No byte at all.
    #[error("empty payload")]
    Empty,
    /// White space only.
    #[error("blank payload")]
    Blank,
    /// It begins with U+FEFF, which JSON does not allow and no editor shows.
    #[error("a byte order mark stands before the JSON")]
    ByteOrderMark,
    /// More than [`MAX_DEPTH`] arrays and objects in each other.
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Cut off: everything before is JSON.
    #[error("the JSON ends early at {0}")]
    EndsEarly(Position),
    /// Not JSON.
    #[error("not JSON: {problem} at {position}")]
    Malformed {
        /// What the JSON reader stumbled over.
        problem: String,
        /// Where it did.
        position: Position,
    },
    /// JSON, but a field is missing, of the wrong type, there twice or out of range.
    #[error("{place}{colon}{problem} at {position}", colon = if place.is_empty() { "" } else { ": " })]
    WrongShape {
        /// The field, such as `items[2].quantity`; empty for the payload as a whole.
        place: String,
        /// What is wrong with it.
        problem: String,
        /// Where that was found.
        position: Position,
    },
    /// `order_id` is the empty text.
    #[error("`order_id` is empty")]
    EmptyOrderId,
}

/// Reads an order from the whole of a payload.
///
/// Every known field must be there once and have its type; unknown ones are passed over. The texts
/// of the order borrow from the payload where they hold no escapes.
///
/// # Errors
/// The first reason why the payload is no order.
pub fn read(payload: &str) -> Result<Order<'_>, NotAnOrder> {
    Reader::default().read(payload)
}

/// Reads many orders, one after another, with the memory of the lists of those before.
#[derive(Debug, Default)]
pub struct Reader {
    items: Vec<Item<'static>>,
    inventory: Vec<InventoryStatus<'static>>,
}

impl Reader {
    /// Reads an order, see [`read()`]; give it back with [`Reader::take_back`].
    ///
    /// # Errors
    /// The first reason why the payload is no order.
    pub fn read<'a>(&mut self, payload: &'a str) -> Result<Order<'a>, NotAnOrder> {
        let (items, inventory) = (std::mem::take(&mut self.items), std::mem::take(&mut self.inventory));
        straight::read(payload, items, inventory).map_or_else(|| read_json(payload), Ok)
    }

    /// Whether a text is one JSON object and surely an order; of one that is not plain it says no, whatever it
    /// is. Blanks may stand around it.
    pub fn is_plain(&mut self, payload: &str) -> bool {
        let (items, inventory) = (std::mem::take(&mut self.items), std::mem::take(&mut self.inventory));
        let Some(order) = straight::read(payload, items, inventory) else { return false };
        self.take_back(order);
        true
    }

    /// Takes the lists of an order that nobody needs any more, for the next one.
    pub fn take_back(&mut self, order: Order<'_>) {
        self.items = emptied(order.items);
        self.inventory = emptied(order.inventory_status);
    }
}

/// The memory of a list, for a list of other lifetimes: the standard library collects in place.
fn emptied<A, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().filter_map(|_| None).collect()
}

/// The long way: every JSON text, and each reason why one is no order.
fn read_json(payload: &str) -> Result<Order<'_>, NotAnOrder> {
    if is_too_deep(payload.as_bytes()) {
        return Err(NotAnOrder::TooDeep);
    }
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    let order: Order<'_> = shape::object(&mut deserializer)
        .and_then(|order| deserializer.end().map(|()| order))
        .map_err(|error| reason(payload, &error))?;
    if order.order_id.is_empty() {
        return Err(NotAnOrder::EmptyOrderId);
    }
    Ok(order)
}

/// Whether more than [`MAX_DEPTH`] arrays and objects stand in each other.
///
/// The JSON reader does not count levels in the fields that it passes over.
fn is_too_deep(payload: &[u8]) -> bool {
    // Counting is a few dozen bytes a step, and hardly any order has so many brackets that the
    // real scan is needed.
    let count = |bracket| memchr::memchr_iter(bracket, payload).count();
    let openings = count(b'{') + count(b'[');
    if openings <= MAX_DEPTH {
        return false;
    }
    let mut depth = 0_usize;
    let mut bytes = payload.iter();
    let mut in_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            // The escaped byte may be a quotation mark.
            b'\\' if in_string => {
                bytes.next();
            }
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Says in our words why the JSON reader refused a payload.
fn reason(payload: &str, error: &serde_json::Error) -> NotAnOrder {
    if payload.is_empty() {
        return NotAnOrder::Empty;
    }
    if payload.bytes().all(|byte| b" \t\r\n".contains(&byte)) {
        return NotAnOrder::Blank;
    }
    if payload.starts_with('\u{feff}') {
        return NotAnOrder::ByteOrderMark;
    }
    let position = Position { line: error.line(), column: error.column() };
    let problem = tidy(&error.to_string());
    match error.classify() {
        Category::Eof => NotAnOrder::EndsEarly(position),
        // The reader files a number beyond f64 under syntax; to a person it is a wrong value.
        Category::Syntax | Category::Io if problem != "number out of range" => {
            NotAnOrder::Malformed { problem, position }
        }
        _ => {
            // These two name the field themselves.
            let names_field = problem.starts_with("missing field") || problem.starts_with("duplicate field");
            let place = place::of(payload, position, names_field);
            NotAnOrder::WrongShape { place, problem, position }
        }
    }
}

/// The JSON reader's message as one short line without the position at its end, and in the words
/// of JSON instead of those of Rust.
fn tidy(message: &str) -> String {
    let problem = message.rsplit_once(" at line ").map_or(message, |(problem, _)| problem);
    let problem = problem
        .replace("invalid type: map,", "invalid type: object,")
        .replace("invalid type: sequence,", "invalid type: array,");
    shorten(&problem)
}

/// At most [`MAX_PROBLEM_BYTES`], control characters as spaces.
fn shorten(text: &str) -> String {
    let mut short = String::new();
    for character in text.chars() {
        if short.len() + character.len_utf8() > MAX_PROBLEM_BYTES {
            short.push('…');
            break;
        }
        short.push(if character.is_control() { ' ' } else { character });
    }
    short
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
