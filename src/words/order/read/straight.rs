//! The short way to read an order: in one pass, for the shape that nearly all of them have.
//!
//! It takes only what needs no judgement: the known fields in the order of the shape, texts without
//! escapes, plain numbers. Of everything else it says nothing, and the JSON reader decides; so what is
//! an order, and why something is none, stands in one place. That both agree is a property test.

use std::borrow::Cow;

use super::super::{CustomerInfo, InventoryStatus, Item, Metadata, Order};
use crate::base::money::Money;

/// The most digits of a whole number: within what an `f64` holds exactly, as in JSON readers everywhere.
const MOST_DIGITS: usize = 15;

/// The most digits of an amount before its point: with cents it is one of few enough digits that the JSON
/// reader's `f64` gives it back exactly.
const MOST_AMOUNT_DIGITS: usize = 12;

/// Reads an order from the whole of a payload into these lists, which are empty; `None` when it takes
/// the long way to judge it.
pub(super) fn read<'a>(
    payload: &'a str,
    items: Vec<Item<'a>>,
    inventory: Vec<InventoryStatus<'a>>,
) -> Option<Order<'a>> {
    let mut text = Straight { text: payload, at: 0 };
    // Each field with what stands before it. The struct's fields are read in the order they stand here.
    let order = Order {
        order_id: text.string(b'{', "\"order_id\":")?,
        sequence: text.whole_number(b',', "\"sequence\":")?,
        status: text.string(b',', "\"status\":")?,
        items: text.objects("\"items\":", items, Straight::item)?,
        sub_total: text.amount(b',', "\"sub_total\":")?,
        tax: text.amount(b',', "\"tax\":")?,
        shipping_fee: text.amount(b',', "\"shipping_fee\":")?,
        total: text.amount(b',', "\"total\":")?,
        currency: text.string(b',', "\"currency\":")?,
        payment_method: text.string(b',', "\"payment_method\":")?,
        shipping_address: text.string(b',', "\"shipping_address\":")?,
        metadata: text.metadata()?,
        customer_info: text.customer_info()?,
        inventory_status: text.objects("\"inventory_status\":", inventory, Straight::inventory_status)?,
    };
    text.token(b'}')?;
    text.skip_blanks();
    (text.at == payload.len() && !order.order_id.is_empty()).then_some(order)
}

/// A payload, read up to `at`.
struct Straight<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Straight<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    #[inline]
    fn token(&mut self, token: u8) -> Option<()> {
        self.skip_blanks();
        if self.byte()? != token {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// The start of a field: what stands before it, and its name with quotation marks and colon.
    #[inline]
    fn field(&mut self, before: u8, name: &str) -> Option<()> {
        self.token(before)?;
        self.skip_blanks();
        if !self.text.as_bytes().get(self.at..)?.starts_with(name.as_bytes()) {
            return None;
        }
        self.at += name.len();
        self.skip_blanks();
        Some(())
    }

    fn string(&mut self, before: u8, name: &str) -> Option<Cow<'a, str>> {
        self.field(before, name)?;
        self.token(b'"')?;
        let start = self.at;
        self.at += first_special(self.text.as_bytes().get(start..)?)?;
        let end = self.at;
        if self.byte()? != b'"' {
            return None;
        }
        self.at += 1;
        self.text.get(start..end).map(Cow::Borrowed)
    }

    fn whole_number(&mut self, before: u8, name: &str) -> Option<i64> {
        self.field(before, name)?;
        let is_negative = self.minus();
        let number = self.digits(MOST_DIGITS)?;
        // To the JSON reader "-0" is no whole number.
        (!is_negative || number != 0).then_some(if is_negative { -number } else { number })
    }

    fn amount(&mut self, before: u8, name: &str) -> Option<Money> {
        self.field(before, name)?;
        let is_negative = self.minus();
        let mut cents = self.digits(MOST_AMOUNT_DIGITS)? * 100;
        if self.byte()? == b'.' {
            self.at += 1;
            cents += 10 * self.digit()?;
            if let Some(digit) = self.digit() {
                cents += digit;
            }
        }
        Some(Money::from_cents(if is_negative { -cents } else { cents }))
    }

    fn flag(&mut self, before: u8, name: &str) -> Option<bool> {
        self.field(before, name)?;
        let rest = self.text.as_bytes().get(self.at..)?;
        let (flag, length) = if rest.starts_with(b"true") { (true, 4) } else { (false, 5) };
        if !flag && !rest.starts_with(b"false") {
            return None;
        }
        self.at += length;
        Some(flag)
    }

    fn minus(&mut self) -> bool {
        let is_negative = self.byte() == Some(b'-');
        self.at += usize::from(is_negative);
        is_negative
    }

    fn digit(&mut self) -> Option<i64> {
        let digit = self.byte().filter(u8::is_ascii_digit)?;
        self.at += 1;
        Some(i64::from(digit - b'0'))
    }

    /// Digits without a leading zero, at most so many. What must not follow a number is found by whoever
    /// expects what comes next.
    fn digits(&mut self, most: usize) -> Option<i64> {
        let start = self.at;
        let mut number = self.digit()?;
        if number == 0 {
            return Some(0);
        }
        while let Some(digit) = self.digit() {
            if self.at - start > most {
                return None;
            }
            number = number * 10 + digit;
        }
        Some(number)
    }

    fn objects<T>(&mut self, name: &str, mut into: Vec<T>, object: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.field(b',', name)?;
        self.token(b'[')?;
        if self.token(b']').is_some() {
            return Some(into);
        }
        loop {
            into.push(object(self)?);
            if self.token(b',').is_none() {
                self.token(b']')?;
                return Some(into);
            }
        }
    }

    fn item(&mut self) -> Option<Item<'a>> {
        let item = Item {
            item_id: self.string(b'{', "\"item_id\":")?,
            item_name: self.string(b',', "\"item_name\":")?,
            quantity: self.whole_number(b',', "\"quantity\":")?,
            unit_price: self.amount(b',', "\"unit_price\":")?,
            total_price: self.amount(b',', "\"total_price\":")?,
        };
        self.token(b'}').map(|()| item)
    }

    fn metadata(&mut self) -> Option<Metadata<'a>> {
        self.field(b',', "\"metadata\":")?;
        let metadata = Metadata {
            timestamp: self.string(b'{', "\"timestamp\":")?,
            version: self.string(b',', "\"version\":")?,
            event_type: self.string(b',', "\"event_type\":")?,
            source: self.string(b',', "\"source\":")?,
            correlation_id: self.string(b',', "\"correlation_id\":")?,
        };
        self.token(b'}').map(|()| metadata)
    }

    fn customer_info(&mut self) -> Option<CustomerInfo<'a>> {
        self.field(b',', "\"customer_info\":")?;
        let customer = CustomerInfo {
            customer_id: self.string(b'{', "\"customer_id\":")?,
            name: self.string(b',', "\"name\":")?,
            email: self.string(b',', "\"email\":")?,
            phone: self.string(b',', "\"phone\":")?,
            address: self.string(b',', "\"address\":")?,
            loyalty_level: self.string(b',', "\"loyalty_level\":")?,
        };
        self.token(b'}').map(|()| customer)
    }

    fn inventory_status(&mut self) -> Option<InventoryStatus<'a>> {
        let status = InventoryStatus {
            item_id: self.string(b'{', "\"item_id\":")?,
            item_name: self.string(b',', "\"item_name\":")?,
            available_qty: self.whole_number(b',', "\"available_qty\":")?,
            reserved_qty: self.whole_number(b',', "\"reserved_qty\":")?,
            unit_price: self.amount(b',', "\"unit_price\":")?,
            in_stock: self.flag(b',', "\"in_stock\":")?,
            warehouse: self.string(b',', "\"warehouse\":")?,
        };
        self.token(b'}').map(|()| status)
    }
}

/// Where the first byte stands that a text cannot simply hold: a quotation mark, a backslash or a
/// control character. Looks at eight bytes at once.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return Some(at + (special.trailing_zeros() / 8) as usize);
        }
        at += 8;
        rest = behind;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    rest.iter().position(is_special).map(|found| at + found)
}

/// The highest bit of each special byte of eight. A borrow may set it in a byte behind the first special
/// one, too, so only the first counts.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = ONES * 0x80;
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word & HIGHEST;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    equal(b'"') | equal(b'\\') | below(word, 0x20)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_special_byte_is_found_wherever_it_stands(bytes: Vec<u8>, plain in "[ -!#-~é]{0,40}") {
            let is_special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
            let all = [plain.as_bytes(), &bytes].concat();
            prop_assert_eq!(first_special(&all), all.iter().position(is_special));
        }
    }
}
