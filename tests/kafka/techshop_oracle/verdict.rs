//! What a message on the orders topic is, read with nothing but a JSON parser: a second reading of the
//! contract that shares no code with the library.

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object's members as they are written.
pub(crate) type Members = Vec<(String, Box<RawValue>)>;

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// The members of an object; `None` for anything else.
pub(crate) fn members(payload: Option<&[u8]>) -> Option<Members> {
    let text = std::str::from_utf8(payload?).ok()?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let members = parser.deserialize_map(InOrder).ok()?;
    parser.end().ok()?;
    Some(members)
}

/// The text of a member, if it is there once and a text.
pub(crate) fn text(members: &Members, name: &str) -> Option<String> {
    serde_json::from_str(only(members, name)?).ok()
}

/// A member as it is written, if it is there exactly once.
pub(crate) fn only<'m>(members: &'m Members, name: &str) -> Option<&'m str> {
    let mut found = members.iter().filter(|(member, _)| member == name);
    let (_, value) = found.next()?;
    found.next().is_none().then(|| value.get())
}

/// An order that can be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    pub(crate) order_id: String,
    pub(crate) product_id: String,
    pub(crate) quantity: i64,
    pub(crate) timestamp: String,
}

/// The order that a message is, if it is one; `known` says which products there are.
pub(crate) fn sound(payload: Option<&[u8]>, known: impl Fn(&str) -> bool) -> Option<Sound> {
    let members = members(payload)?;
    for name in ["customer_id", "customer_email", "customer_region", "product_name", "product_category", "status"] {
        text(&members, name)?;
    }
    if !matches!(only(&members, "customer_vip")?, "true" | "false") {
        return None;
    }
    let order_id = text(&members, "order_id").filter(|id| !id.is_empty())?;
    let product_id = text(&members, "product_id").filter(|id| known(id))?;
    let timestamp = text(&members, "timestamp").filter(|text| is_a_moment(text))?;
    let quantity: i64 = only(&members, "quantity")?.parse().ok().filter(|pieces| (1..=1_000_000).contains(pieces))?;
    let price = hundredths(only(&members, "price")?).filter(|price| *price > 0)?;
    let total = hundredths(only(&members, "total")?)?;
    (price * i128::from(quantity) == total).then_some(Sound { order_id, product_id, quantity, timestamp })
}

/// A plain decimal number in hundredths; the orders of these tests have no finer ones, and no exponents.
fn hundredths(number: &str) -> Option<i128> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let part = part.trim_end_matches('0');
    let digits: i128 = format!("{whole}{part:0<2}").parse().ok()?;
    (part.len() <= 2).then_some(digits)
}

/// `2026-11-21T09:10`, with seconds and their parts if one likes, with or without a zone.
fn is_a_moment(text: &str) -> bool {
    moment(text.as_bytes()).is_some()
}

fn moment(text: &[u8]) -> Option<()> {
    let mut rest = text;
    let (year, month, day) = (number(&mut rest, 4)?, after(&mut rest, b'-', 1..=12)?, after(&mut rest, b'-', 1..=31)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    after(&mut rest, b'T', 0..=23).filter(|_| day <= longest)?;
    after(&mut rest, b':', 0..=59)?;
    if rest.first() == Some(&b':') {
        after(&mut rest, b':', 0..=59)?;
        if let Some(parts) = rest.strip_prefix(b".") {
            let digits = parts.iter().take_while(|byte| byte.is_ascii_digit()).count();
            rest = parts.get(digits..).filter(|_| (1..=9).contains(&digits))?;
        }
    }
    match rest {
        b"" | b"Z" => Some(()),
        [b'+' | b'-', zone @ ..] => {
            rest = zone;
            number(&mut rest, 2).filter(|hours| *hours <= 23)?;
            after(&mut rest, b':', 0..=59)?;
            rest.is_empty().then_some(())
        }
        _ => None,
    }
}

fn number(rest: &mut &[u8], digits: usize) -> Option<u32> {
    let (head, tail) = rest.split_at_checked(digits)?;
    *rest = tail;
    head.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

fn after(rest: &mut &[u8], mark: u8, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    *rest = rest.strip_prefix(&[mark])?;
    number(rest, 2).filter(|value| range.contains(value))
}
