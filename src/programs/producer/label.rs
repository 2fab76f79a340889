//! One line for people about an order: short, aligned, and harmless on a terminal.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::base::characters::is_obeyed;
use crate::words::order::Order;

/// Which order it is, as the sender counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The order's own `sequence`.
    Sequence(i64),
    /// The line of the file that it stood on, from 1.
    Line(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sequence(sequence) => write!(formatter, "order #{sequence}"),
            Self::Line(number) => write!(formatter, "line {number}"),
        }
    }
}

/// How much of an order's id is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdLength {
    /// Its first 8 characters, so that a line fits on a terminal.
    Short,
    /// All of a UUID, for whoever searches a file.
    Full,
}

/// What stands between the time and the topic: `#1863 7c1f2a90 client04 macchiato ×5    €20.50`.
pub(super) fn order(order: &Order<'_>, id_length: IdLength) -> String {
    let what = match order.items.as_slice() {
        [] => "nothing".to_owned(),
        [item] => format!("{} ×{}", cut(&item.item_name, 11), item.quantity),
        [item, more @ ..] => format!("{} +{}", cut(&item.item_name, 11), more.len()),
    };
    let total = match order.currency.as_ref() {
        "EUR" => format!("€{}", order.total),
        currency => format!("{} {}", order.total, cut(currency, 3)),
    };
    let id_characters = match id_length {
        IdLength::Short => 8,
        IdLength::Full => 36,
    };
    let (sequence, id) = (order.sequence, cut_hard(&order.order_id, id_characters));
    let customer = cut(&order.customer_info.customer_id, 10);
    format!("#{sequence:<4} {id:<8} {customer:<8} {what:<15} {total:>6}")
}

/// The same for bytes that are no order.
pub(super) fn raw(line_number: u64, length_bytes: usize) -> String {
    format!("{:<47}", format!("line {line_number}, no order, {length_bytes} bytes"))
}

/// The time of day, UTC: `09:41:05`.
pub(super) fn time_of_day(now: Timestamp) -> String {
    let second = now.as_second().rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// `3.1 ms`, or seconds when it is that long.
pub(super) fn latency(latency: Duration) -> String {
    if latency < Duration::from_secs(1) {
        format!("{:.1} ms", latency.as_secs_f64() * 1_000.0)
    } else {
        format!("{:.1} s", latency.as_secs_f64())
    }
}

/// At most so many characters, the last of them `…` when some are missing.
fn cut(text: &str, length: usize) -> String {
    if text.chars().nth(length).is_none() {
        return cut_hard(text, length);
    }
    let mut short = cut_hard(text, length - 1);
    short.push('…');
    short
}

/// The first characters. Others' texts may hold what a terminal would obey: that becomes `·`.
fn cut_hard(text: &str, length: usize) -> String {
    text.chars().take(length).map(|character| if is_obeyed(character) { '·' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::words::order::{DemoIds, demo_order};

    fn line(order: &Order<'_>) -> String {
        super::order(order, IdLength::Short)
    }

    fn demo(sequence: i64) -> Order<'static> {
        let ids = DemoIds { order_id: Uuid::from_u128(0x7c1f_2a90 << 96), correlation_id: Uuid::nil() };
        demo_order(sequence, ids, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn an_order_in_one_line() {
        assert_eq!(line(&demo(1863)), "#1863 7c1f2a90 client04 macchiato ×5    €20.50");
        assert_eq!(line(&demo(9)), "#9    7c1f2a90 client10 smoothie f… ×11 €75.10");
        let full = order(&demo(1863), IdLength::Full);
        assert_eq!(full, "#1863 7c1f2a90-0000-0000-0000-000000000000 client04 macchiato ×5    €20.50");
        let mut two = demo(2);
        two.items.push(two.items[0].clone());
        two.currency = "XTS".into();
        assert_eq!(line(&two), "#2    7c1f2a90 client03 latte +1        19.30 XTS");
        two.items.clear();
        assert!(line(&two).contains(" nothing "));
        assert_eq!(raw(12, 345).len(), line(&demo(1)).chars().count() + 1);
    }

    #[test]
    fn a_hostile_text_cannot_command_the_terminal() {
        let mut hostile = demo(1);
        hostile.order_id = "\u{1b}[2J\n\u{202e}".into();
        hostile.customer_info.customer_id = "x".repeat(1_000).into();
        let text = line(&hostile);
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(text.starts_with("#1    ·[2J··   xxxxxxxxx… "), "{text:?}");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(time_of_day("2026-11-21T09:41:05.999Z".parse().unwrap()), "09:41:05");
        assert_eq!(latency(Duration::from_micros(3_149)), "3.1 ms");
        assert_eq!(latency(Duration::from_millis(12_340)), "12.3 s");
    }
}
