//! An order of the shop: read with reasons, its fields kept as the text that they came as.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::base::money::Money;

/// More pieces than this in one order are taken for a mistake.
pub const MOST_QUANTITY: i64 = 1_000_000;

/// Why a message is no order at all: there are no fields to look at.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unreadable {
    /// The message has no payload.
    #[error("the message is empty (a tombstone)")]
    Tombstone,
    /// Not text.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Not JSON, or JSON that is no object.
    #[error("it is no JSON object: {reason}")]
    NoObject {
        /// What the reader said.
        reason: String,
    },
}

/// Why an object with fields is no order that could be decided.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unfit {
    /// A field is not there.
    #[error("field {field} is missing")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field stands there more than once.
    #[error("field {field} stands there twice")]
    Twice {
        /// Its name.
        field: &'static str,
    },
    /// A field is not what it should be.
    #[error("field {field} must be {must_be}")]
    Wrong {
        /// Its name.
        field: &'static str,
        /// What it takes.
        must_be: &'static str,
    },
    /// The sum does not agree.
    #[error("total {total} is not price {price} times quantity {quantity}")]
    Total {
        /// As given.
        total: Money,
        /// Of one piece.
        price: Money,
        /// How many.
        quantity: i64,
    },
}

/// The known fields, in the order in which `produce` writes them.
pub(super) const FIELDS: [&str; 13] = [
    "order_id",
    "customer_id",
    "customer_email",
    "customer_vip",
    "customer_region",
    "product_id",
    "product_name",
    "product_category",
    "price",
    "quantity",
    "total",
    "timestamp",
    "status",
];

const ORDER_ID: usize = 0;
const CUSTOMER_ID: usize = 1;
const CUSTOMER_EMAIL: usize = 2;
const CUSTOMER_VIP: usize = 3;
const CUSTOMER_REGION: usize = 4;
const PRODUCT_ID: usize = 5;
const PRODUCT_NAME: usize = 6;
const PRODUCT_CATEGORY: usize = 7;
const PRICE: usize = 8;
const QUANTITY: usize = 9;
const TOTAL: usize = 10;
const TIMESTAMP: usize = 11;
const STATUS: usize = 12;

/// A JSON object as its members stand there: names and values as they are written.
#[derive(Debug, Default)]
pub struct Members<'a> {
    pub(super) all: Vec<(&'a RawValue, &'a RawValue)>,
}

impl<'a> Members<'a> {
    /// Reads an object.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(super) fn read(payload: Option<&'a [u8]>) -> Result<Self, Unreadable> {
        let payload = payload.ok_or(Unreadable::Tombstone)?;
        let text = simdutf8::basic::from_utf8(payload).map_err(|_| Unreadable::NotUtf8)?;
        serde_json::from_str(text).map_err(|error| Unreadable::NoObject { reason: error.to_string() })
    }

    /// Name and value of each, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a RawValue, &'a RawValue)> + '_ {
        self.all.iter().copied()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::with_capacity(FIELDS.len() + 3);
                while let Some(member) = map.next_entry()? {
                    all.push(member);
                }
                Ok(all)
            }
        }
        deserializer.deserialize_map(All).map(|all| Self { all })
    }
}

/// An order whose every field was looked at, borrowed from its message.
#[derive(Debug)]
pub struct Order<'a> {
    pub(super) members: Members<'a>,
    /// Not empty, of any text: never a path, a header or a subject without being made harmless.
    pub order_id: Cow<'a, str>,
    /// Who buys.
    pub customer_id: Cow<'a, str>,
    /// Where mail goes, if it can go there: not looked at here.
    pub customer_email: Cow<'a, str>,
    /// Whether a message to the telephone comes on top.
    pub customer_vip: bool,
    /// For analytics.
    pub customer_region: Cow<'a, str>,
    /// Whether there is such a product is not known here.
    pub product_id: Cow<'a, str>,
    /// For people.
    pub product_name: Cow<'a, str>,
    /// For analytics.
    pub product_category: Cow<'a, str>,
    /// Of one piece, above zero.
    pub price: Money,
    /// From 1 to [`MOST_QUANTITY`].
    pub quantity: i64,
    /// `price` times `quantity`, to the cent.
    pub total: Money,
    /// ISO 8601, with or without a zone, as it came.
    pub timestamp: Cow<'a, str>,
    /// "pending", until it is decided.
    pub status: Cow<'a, str>,
}

/// What a message is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are orders, and a box for each would cost more")]
pub enum Reading<'a> {
    /// An order.
    Order(Order<'a>),
    /// An object that is none, with its members and the reason.
    Unfit(Members<'a>, Unfit),
    /// Nothing with members.
    Unreadable(Unreadable),
}

impl<'a> Order<'a> {
    /// Looks at a message's payload.
    pub fn read(payload: Option<&'a [u8]>) -> Reading<'a> {
        let members = match Members::read(payload) {
            Ok(members) => members,
            Err(error) => return Reading::Unreadable(error),
        };
        match Fields::of(&members).and_then(|fields| fields.values()) {
            Ok(mut order) => {
                order.members = members;
                Reading::Order(order)
            }
            Err(unfit) => Reading::Unfit(members, unfit),
        }
    }

    /// An order that was decided before, as a reader of outcomes sees it; `None` for anything else.
    pub fn read_decided(payload: Option<&'a [u8]>) -> Option<Self> {
        match Self::read(payload) {
            Reading::Order(order) => Some(order),
            Reading::Unfit(..) | Reading::Unreadable(_) => None,
        }
    }

    /// The text of a field that is no known one, as JSON.
    pub fn extra(&self, name: &str) -> Option<&'a str> {
        let found = self.members.all.iter().find(|(key, _)| text(key).is_some_and(|key| key == name));
        found.map(|(_, value)| value.get())
    }
}

/// The known fields of an object.
struct Fields<'a>([Option<&'a RawValue>; FIELDS.len()]);

impl<'a> Fields<'a> {
    fn of(members: &Members<'a>) -> Result<Self, Unfit> {
        let mut fields = [None; FIELDS.len()];
        for (index, (name, value)) in members.all.iter().enumerate() {
            let Some(name) = text(name) else { continue };
            // Most orders have their fields in the usual order.
            let usual = FIELDS.get(index).is_some_and(|usual| *usual == name).then_some(index);
            let Some(known) = usual.or_else(|| FIELDS.iter().position(|field| *field == name)) else { continue };
            if let (Some(slot), Some(field)) = (fields.get_mut(known), FIELDS.get(known))
                && slot.replace(*value).is_some()
            {
                return Err(Unfit::Twice { field });
            }
        }
        Ok(Self(fields))
    }

    fn values(&self) -> Result<Order<'a>, Unfit> {
        let order = Order {
            members: Members::default(),
            order_id: self.text(ORDER_ID).and_then(|id| not_empty(id, FIELDS[ORDER_ID]))?,
            customer_id: self.text(CUSTOMER_ID)?,
            customer_email: self.text(CUSTOMER_EMAIL)?,
            customer_vip: match self.raw(CUSTOMER_VIP)?.get() {
                "true" => true,
                "false" => false,
                _ => return Err(wrong(CUSTOMER_VIP, "true or false")),
            },
            customer_region: self.text(CUSTOMER_REGION)?,
            product_id: self.text(PRODUCT_ID)?,
            product_name: self.text(PRODUCT_NAME)?,
            product_category: self.text(PRODUCT_CATEGORY)?,
            price: self.money(PRICE)?,
            quantity: self.quantity()?,
            total: self.money(TOTAL)?,
            timestamp: self.text(TIMESTAMP)?,
            status: self.text(STATUS)?,
        };
        if order.price <= Money::ZERO {
            return Err(wrong(PRICE, "above zero"));
        }
        let Order { price, quantity, total, .. } = order;
        let due = price.checked_multiply(quantity).map(Money::round_to_cents);
        if due != Some(total.round_to_cents()) {
            return Err(Unfit::Total { total, price, quantity });
        }
        if !is_iso_8601(&order.timestamp) {
            return Err(wrong(TIMESTAMP, "a moment in ISO 8601, such as 2026-11-21T09:10:34"));
        }
        Ok(order)
    }

    fn raw(&self, field: usize) -> Result<&'a RawValue, Unfit> {
        let missing = || Unfit::Missing { field: FIELDS.get(field).copied().unwrap_or_default() };
        self.0.get(field).copied().flatten().ok_or_else(missing)
    }

    fn text(&self, field: usize) -> Result<Cow<'a, str>, Unfit> {
        text(self.raw(field)?).ok_or_else(|| wrong(field, "a text"))
    }

    fn money(&self, field: usize) -> Result<Money, Unfit> {
        serde_json::from_str(self.raw(field)?.get()).map_err(|_| wrong(field, "a number of at most 28 digits"))
    }

    fn quantity(&self) -> Result<i64, Unfit> {
        let quantity = self.raw(QUANTITY)?.get().parse().ok();
        let fits = |quantity: &i64| (1..=MOST_QUANTITY).contains(quantity);
        quantity.filter(fits).ok_or_else(|| wrong(QUANTITY, "a whole number from 1 to 1000000"))
    }
}

fn wrong(field: usize, must_be: &'static str) -> Unfit {
    Unfit::Wrong { field: FIELDS.get(field).copied().unwrap_or_default(), must_be }
}

fn not_empty<'a>(text: Cow<'a, str>, field: &'static str) -> Result<Cow<'a, str>, Unfit> {
    if text.is_empty() { Err(Unfit::Wrong { field, must_be: "a text that is not empty" }) } else { Ok(text) }
}

/// A JSON string's text; `None` for other JSON.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inside = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inside));
    }
    serde_json::from_str::<String>(raw.get()).ok().map(Cow::Owned)
}

fn is_iso_8601(text: &str) -> bool {
    text.parse::<DateTime>().is_ok() || text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
