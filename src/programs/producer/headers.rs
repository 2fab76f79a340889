//! The headers of an order: CloudEvents 1.0 in Kafka's binary mode, and the W3C trace context.

use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::event::Event;
use crate::base::message::push_header;
use crate::tools::dice::Dice;

/// `00-`, 32 digits of the trace, `-`, 16 digits of the parent, `-01`.
const TRACEPARENT_BYTES: usize = 55;

/// The longest time that is passed on without being read: nine digits of a second's fraction.
const LONGEST_TIME: usize = 30;

/// Packs the headers of an event at the end of `block`: those of an order, or of a payload that is none.
///
/// The event's id is the `order_id`, its time the order's own when that is RFC 3339, and the trace's id the
/// `correlation_id` when that is a UUID: who has one finds the other.
pub(super) fn push_headers(
    block: &mut Vec<u8>,
    event: Option<&Event<'_>>,
    dice: &mut Dice,
    now: impl FnOnce() -> Timestamp,
) {
    let mut push = |name: &str, value: &[u8]| push_header(block, name.as_bytes(), Some(value));
    push("content-type", b"application/json");
    match event {
        Some(event) => push("ce_id", event.order_id.as_bytes()),
        None => push("ce_id", dice.uuid().hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes()),
    }
    push("ce_source", b"producer-service");
    push("ce_type", b"order.created");
    push("ce_specversion", b"1.0");
    let own_time = event.map(|event| event.timestamp);
    match own_time.map(|text| (text, utc_digits(text))) {
        Some((text, Some(digits))) => {
            let mut time = [0; LONGEST_TIME];
            let length = shorten(text.as_bytes(), digits, &mut time);
            push("ce_time", time.get(..length).unwrap_or_default());
        }
        Some((text, None)) if let Ok(time) = Timestamp::from_str(text) => push("ce_time", time.to_string().as_bytes()),
        _ => push("ce_time", format!("{:.3}", now()).as_bytes()),
    }
    let trace = event
        .and_then(|event| Uuid::try_parse(event.correlation_id).ok())
        .filter(|id| !id.is_nil())
        .unwrap_or_else(|| dice.uuid());
    push("traceparent", &traceparent(trace, dice.number()));
}

/// Version 00, trace, parent (this sending), and the flag that it is sampled.
fn traceparent(trace: Uuid, parent: u64) -> [u8; TRACEPARENT_BYTES] {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-01";
    let mut digits = |start: usize, number: &[u8]| {
        for (place, byte) in text.iter_mut().skip(start).zip(number.iter().flat_map(|byte| [byte >> 4, byte & 15])) {
            *place = if byte < 10 { b'0' + byte } else { b'a' - 10 + byte };
        }
    };
    digits(3, trace.as_bytes());
    digits(36, &parent.to_be_bytes());
    text
}

/// How many digits the second's fraction has in a time that is written as we write it, to the letter:
/// `2026-11-21T09:41:05.25Z`. `None` for any other text, which may be a time all the same.
fn utc_digits(text: &str) -> Option<usize> {
    let (moment, fraction) = text.strip_suffix('Z')?.as_bytes().split_first_chunk::<19>()?;
    let [y, e, a, r, b'-', m, o, b'-', d, n, b'T', h, u, b':', i, t, b':', s, c] = *moment else { return None };
    let number = |digits: &[u8]| {
        let add = |number: u32, digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'));
        digits.iter().try_fold(0, add)
    };
    let (year, month) = (number(&[y, e, a, r])?, number(&[m, o])?);
    // The far ends are for who knows them exactly.
    let is_moment = (1970..9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&number(&[d, n])?)
        && number(&[h, u])? < 24
        && number(&[i, t])? < 60
        && number(&[s, c])? < 60;
    let digits = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) => digits.len(),
        _ => return None,
    };
    is_moment.then_some(digits)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Writes such a time without the zeros at the end of its fraction; gives the length.
fn shorten(text: &[u8], digits: usize, time: &mut [u8; LONGEST_TIME]) -> usize {
    let mut kept = text.get(..text.len() - 1).unwrap_or_default();
    if digits > 0 {
        while let [shorter @ .., b'0'] = kept {
            kept = shorter;
        }
        kept = kept.strip_suffix(b".").unwrap_or(kept);
    }
    for (place, byte) in time.iter_mut().zip(kept.iter().chain(b"Z")) {
        *place = *byte;
    }
    kept.len() + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::message::Headers;
    use crate::words::order::{DemoIds, Order, demo_order};

    const NOW: &str = "2026-11-21T09:41:05.25Z";

    fn order() -> Order<'static> {
        let ids = DemoIds { order_id: Uuid::from_u128(1), correlation_id: Uuid::from_u128(0xabc) };
        demo_order(1, ids, NOW.parse().unwrap())
    }

    fn pairs(order: Option<&Order<'_>>, dice: &mut Dice) -> Vec<(String, String)> {
        let mut block = Vec::new();
        push_headers(&mut block, order.map(Event::of).as_ref(), dice, || NOW.parse().unwrap());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Headers::from_block(&block).map(|(name, value)| (text(name), text(value.unwrap()))).collect()
    }

    fn pair(pairs: &[(String, String)], index: usize) -> (&str, &str) {
        (&pairs[index].0, &pairs[index].1)
    }

    #[test]
    fn an_orders_headers_come_from_the_order() {
        let pairs = pairs(Some(&order()), &mut Dice::new(Some(1)));
        assert_eq!(pairs.len(), 7);
        assert_eq!(pair(&pairs, 0), ("content-type", "application/json"));
        assert_eq!(pair(&pairs, 1), ("ce_id", "00000000-0000-0000-0000-000000000001"));
        assert_eq!(pair(&pairs, 2), ("ce_source", "producer-service"));
        assert_eq!(pair(&pairs, 3), ("ce_type", "order.created"));
        assert_eq!(pair(&pairs, 4), ("ce_specversion", "1.0"));
        assert_eq!(pair(&pairs, 5), ("ce_time", "2026-11-21T09:41:05.25Z"));
        let (name, traceparent) = pair(&pairs, 6);
        assert_eq!(name, "traceparent");
        assert!(traceparent.starts_with("00-00000000000000000000000000000abc-"), "{traceparent}");
        assert_eq!(traceparent.len(), 55);
        assert!(traceparent.ends_with("-01"));
    }

    #[test]
    fn what_an_order_does_not_tell_is_made_up_validly() {
        let mut order = order();
        order.metadata.timestamp = "yesterday".into();
        order.metadata.correlation_id = Uuid::nil().to_string().into();
        let mut dice = Dice::new(Some(1));
        for order in [Some(&order), None] {
            let pairs = pairs(order, &mut dice);
            assert_eq!(pair(&pairs, 5), ("ce_time", "2026-11-21T09:41:05.250Z"));
            let trace = pairs[6].1.split('-').nth(1).unwrap().to_owned();
            assert_eq!(trace.len(), 32);
            assert!(trace.bytes().any(|digit| digit != b'0'), "{trace}");
            assert!(Uuid::try_parse(&pairs[1].1).is_ok(), "{pairs:?}");
        }
    }

    #[test]
    fn a_local_time_is_told_in_utc() {
        let mut order = order();
        order.metadata.timestamp = "2026-11-21T10:41:05+01:00".into();
        assert_eq!(pair(&pairs(Some(&order), &mut Dice::new(Some(1))), 5), ("ce_time", "2026-11-21T09:41:05Z"));
    }

    /// What the fast way makes of a time; `None` when it leaves it to the slow one.
    fn fast(text: &str) -> Option<String> {
        let mut time = [0; LONGEST_TIME];
        let length = shorten(text.as_bytes(), utc_digits(text)?, &mut time);
        Some(String::from_utf8(time[..length].to_vec()).unwrap())
    }

    #[test]
    fn the_fast_way_takes_what_we_write() {
        for (text, short) in [
            ("2026-11-21T09:41:05.250Z", "2026-11-21T09:41:05.25Z"),
            ("2024-02-29T23:59:59.000Z", "2024-02-29T23:59:59Z"),
            ("2000-10-10T10:10:10Z", "2000-10-10T10:10:10Z"),
            ("2026-11-21T09:41:05.123456789Z", "2026-11-21T09:41:05.123456789Z"),
        ] {
            assert_eq!(fast(text).as_deref(), Some(short));
        }
    }

    proptest! {
        #[test]
        fn the_fast_way_says_what_the_slow_one_does(
            text in "(19[67][0-9]|20[0-9]{2}|9999|0000)-[01][0-9]-[0-3][0-9][T t][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.,][0-9]{0,10})?(Z|z|\\+00)?"
        ) {
            if let Some(fast) = fast(&text) {
                prop_assert_eq!(Timestamp::from_str(&text).map(|time| time.to_string()).ok(), Some(fast));
            }
        }

        #[test]
        fn the_fast_way_takes_no_other_text(text in "[0-9T:.Z-]{0,32}") {
            if let Some(fast) = fast(&text) {
                prop_assert_eq!(Timestamp::from_str(&text).map(|time| time.to_string()).ok(), Some(fast));
            }
        }

        #[test]
        fn a_traceparent_is_what_a_formatter_writes(trace: u128, parent: u64) {
            let trace = Uuid::from_u128(trace);
            let expected = format!("00-{}-{parent:016x}-01", trace.simple());
            prop_assert_eq!(&traceparent(trace, parent)[..], expected.as_bytes());
        }
    }
}
