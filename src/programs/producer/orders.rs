//! Where the orders come from: the demo's menu, or somebody's own lines.

use std::io::Read;
use std::str;
use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

use super::demo::Demo;
use super::lines::{Lines, NextLine};
use crate::tools::dice::Dice;
use crate::tools::shutdown::Shutdown;
use crate::words::order::{DemoIds, Order, read, warnings};

/// How the lines of a file are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinePolicy {
    /// Each is checked; one that is no order is reported and skipped.
    Skip,
    /// Each is checked; one that is no order ends the run.
    Strict,
    /// Each is sent as it is, byte for byte, corrupt ones too.
    Raw,
}

/// What comes next.
pub(super) enum Next<'a> {
    /// An order that the menu gives.
    Generated(&'a Demo),
    /// A line.
    Line {
        number: u64,
        payload: &'a [u8],
        /// `None` when it is none and is sent all the same.
        order: Option<Box<Order<'a>>>,
    },
    /// A line that is no order.
    Bad { number: u64, reason: String },
    /// A line without anything on it, which nobody misses.
    Blank,
    /// Reading failed.
    Broken(std::io::Error),
    /// There is nothing more.
    End,
    /// Nothing came in time.
    NotYet,
}

/// A source of orders.
pub(super) enum Orders {
    Menu {
        next_sequence: i64,
        demo: Box<Demo>,
        /// From which the ids are made; `None` leaves them to the dice.
        namespace: Option<Uuid>,
    },
    Lines {
        lines: Lines,
        policy: LinePolicy,
    },
}

impl Orders {
    /// The demo's menu, from sequence 1.
    ///
    /// # Errors
    /// When the menu cannot be serialized.
    pub(super) fn menu() -> std::io::Result<Self> {
        Ok(Self::Menu { next_sequence: 1, demo: Box::new(Demo::new()?), namespace: None })
    }

    /// The lines of a file or pipe.
    ///
    /// # Errors
    /// When the operating system gives no thread to read with.
    pub(super) fn lines(source: impl Read + Send + 'static, policy: LinePolicy) -> std::io::Result<Self> {
        Ok(Self::Lines { lines: Lines::new(source)?, policy })
    }

    /// Goes on after order `sequence`, or behind line `line`. A generated order then has the same ids
    /// whenever it is made, from `namespace` and its number.
    pub(super) fn resume(&mut self, namespace: Uuid, sequence: u64, line: u64, shutdown: &Shutdown) {
        match self {
            Self::Menu { next_sequence, namespace: own, .. } => {
                *next_sequence = i64::try_from(sequence).unwrap_or(i64::MAX).saturating_add(1);
                *own = Some(namespace);
            }
            Self::Lines { lines, .. } => lines.skip_to(line, shutdown),
        }
    }

    /// The next order; waits for a line until a stop is asked for. A generated order comes again
    /// until [`Orders::taken`] is called, with new ids: no sequence number is burnt.
    pub(super) fn next(&mut self, dice: &mut Dice, shutdown: &Shutdown) -> Next<'_> {
        self.next_before(dice, shutdown, None)
    }

    /// The same; a line is waited for no longer than `until`.
    pub(super) fn next_before(&mut self, dice: &mut Dice, shutdown: &Shutdown, until: Option<Instant>) -> Next<'_> {
        match self {
            Self::Menu { next_sequence, demo, namespace } => {
                let ids = match namespace {
                    Some(namespace) => slot_ids(namespace, *next_sequence),
                    None => DemoIds { order_id: dice.uuid(), correlation_id: dice.uuid() },
                };
                demo.make(*next_sequence, ids, Timestamp::now());
                Next::Generated(demo)
            }
            Self::Lines { lines, policy } => match lines.next(shutdown, until) {
                NextLine::Line { number, bytes } => judge(number, bytes, *policy),
                NextLine::TooLong { number } => Next::Bad { number, reason: "longer than 256 MiB".to_owned() },
                NextLine::Broken(error) => Next::Broken(error),
                NextLine::End | NextLine::Stopped => Next::End,
                NextLine::NotYet => Next::NotYet,
            },
        }
    }

    /// Notes that the client has taken the last order.
    pub(super) fn taken(&mut self) {
        if let Self::Menu { next_sequence, .. } = self {
            *next_sequence += 1;
        }
    }

    /// How many bytes of the file have been read.
    pub(super) fn bytes_taken(&self) -> u64 {
        match self {
            Self::Menu { .. } => 0,
            Self::Lines { lines, .. } => lines.bytes_taken(),
        }
    }
}

/// The ids of the order with this number, always the same.
fn slot_ids(namespace: &Uuid, sequence: i64) -> DemoIds {
    DemoIds {
        order_id: Uuid::new_v5(namespace, sequence.to_string().as_bytes()),
        correlation_id: Uuid::new_v5(namespace, format!("correlation {sequence}").as_bytes()),
    }
}

fn judge(number: u64, bytes: &[u8], policy: LinePolicy) -> Next<'_> {
    if policy == LinePolicy::Raw {
        let order = str::from_utf8(bytes).ok().and_then(|text| read(text).ok()).map(Box::new);
        return Next::Line { number, payload: bytes, order };
    }
    // Windows' line end; in JSON it would only be white space.
    let payload = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if payload.trim_ascii().is_empty() {
        return Next::Blank;
    }
    let text = match simdutf8::compat::from_utf8(payload) {
        Ok(text) => text,
        Err(error) => {
            let reason = format!("not UTF-8 at column {}", error.valid_up_to() + 1);
            return Next::Bad { number, reason };
        }
    };
    match read(text) {
        Ok(order) => Next::Line { number, payload, order: Some(Box::new(order)) },
        Err(reason) => Next::Bad { number, reason: reason.to_string() },
    }
}

/// What a valid order's sums are wrong about, in one line; `None` when they add up.
pub(super) fn doubts(order: &Order<'_>) -> Option<String> {
    let found = warnings(order);
    (!found.is_empty()).then(|| found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of the lines of a text, each in a word.
    fn judged(text: &[u8], policy: LinePolicy) -> Vec<String> {
        let mut orders = Orders::lines(std::io::Cursor::new(text.to_vec()), policy).unwrap();
        let mut dice = Dice::new(Some(1));
        let mut found = Vec::new();
        loop {
            found.push(match orders.next(&mut dice, &Shutdown::new()) {
                Next::Line { number, payload, order } => {
                    let kind = if order.is_some() { "order" } else { "raw" };
                    format!("{number} {kind} {}", payload.len())
                }
                Next::Bad { number, reason } => format!("{number} {reason}"),
                Next::Blank => "blank".to_owned(),
                _ => return found,
            });
        }
    }

    fn payload() -> Vec<u8> {
        let mut menu = Orders::menu().unwrap();
        match menu.next(&mut Dice::new(Some(1)), &Shutdown::new()) {
            Next::Generated(demo) => demo.payload().to_vec(),
            _ => unreachable!("the menu is endless"),
        }
    }

    #[test]
    fn checked_lines_are_orders_or_told() {
        let order = payload();
        let mut text = order.clone();
        text.extend_from_slice(b"\r\n\n \t\r\n{}\n\xffx\n");
        text.extend_from_slice(&order);
        let order = format!("order {}", order.len());
        for policy in [LinePolicy::Skip, LinePolicy::Strict] {
            let expected = [
                format!("1 {order}"),
                "blank".to_owned(),
                "blank".to_owned(),
                "4 missing field `order_id` at column 2".to_owned(),
                "5 not UTF-8 at column 1".to_owned(),
                format!("6 {order}"),
            ];
            assert_eq!(judged(&text, policy), expected);
        }
    }

    #[test]
    fn raw_lines_are_not_touched() {
        let mut text = payload();
        let length = text.len() + 1;
        text.extend_from_slice(b"\r\n\n\xff\x00\r");
        let expected = [format!("1 order {length}"), "2 raw 0".to_owned(), "3 raw 3".to_owned()];
        assert_eq!(judged(&text, LinePolicy::Raw), expected);
    }

    #[test]
    fn a_sequence_number_that_was_not_taken_comes_again() {
        let mut menu = Orders::menu().unwrap();
        let mut dice = Dice::new(Some(1));
        let mut sequence = |menu: &mut Orders| match menu.next(&mut dice, &Shutdown::new()) {
            Next::Generated(demo) => demo.sequence(),
            _ => 0,
        };
        assert_eq!((sequence(&mut menu), sequence(&mut menu)), (1, 1));
        menu.taken();
        assert_eq!(sequence(&mut menu), 2);
    }

    #[test]
    fn an_order_of_a_slot_is_the_same_whoever_makes_it() {
        let order = |namespace: u128, sequence: u64| {
            let mut menu = Orders::menu().unwrap();
            menu.resume(Uuid::from_u128(namespace), sequence - 1, 0, &Shutdown::new());
            match menu.next(&mut Dice::new(None), &Shutdown::new()) {
                Next::Generated(demo) => {
                    let event = demo.event();
                    (demo.sequence(), event.order_id.to_owned(), event.correlation_id.to_owned())
                }
                _ => unreachable!("the menu is endless"),
            }
        };
        assert_eq!(order(1, 7), order(1, 7));
        assert_eq!(order(1, 7).0, 7);
        assert_ne!(order(1, 7).1, order(1, 8).1);
        assert_ne!(order(1, 7).1, order(2, 7).1);
        assert_ne!(order(1, 7).1, order(1, 7).2);
    }

    #[test]
    fn doubts_are_one_line() {
        let payload = String::from_utf8(payload()).unwrap();
        assert_eq!(doubts(&read(&payload).unwrap()), None);
        let wrong = payload.replace("\"sub_total\":9.6", "\"sub_total\":10");
        let text = doubts(&read(&wrong).unwrap()).unwrap();
        assert_eq!(
            text,
            "sub_total is 10.00, its items add up to 9.60; total is 14.02, sub_total + tax + shipping_fee is 14.42"
        );
    }
}
