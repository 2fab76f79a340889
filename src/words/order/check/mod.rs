//! Whether the sums of an order add up.

use std::fmt;

use super::Order;
use crate::base::money::Money;

#[cfg(test)]
mod tests;

/// So many items are named one by one; a hostile order could hold a million.
const MAX_ITEM_WARNINGS: usize = 10;

/// A sum of a valid order that does not add up; its text is one line for people.
///
/// All sums are compared to the cent, a half cent rounded away from zero on both sides. The tax
/// rate is not judged: it is the sender's country's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// An item's `total_price` is not `quantity` × `unit_price`.
    ItemTotal {
        /// Counted from 0, as in JSON paths.
        index: usize,
        /// What the order says.
        stated: Money,
        /// What it should say; [`None`] when that is out of range.
        computed: Option<Money>,
    },
    /// More items of that kind than are named one by one.
    MoreItemTotals {
        /// How many more.
        count: usize,
    },
    /// `sub_total` is not the sum of the items' `total_price`.
    SubTotal {
        /// What the order says.
        stated: Money,
        /// What it should say; [`None`] when that is out of range.
        computed: Option<Money>,
    },
    /// `total` is not `sub_total` + `tax` + `shipping_fee`.
    Total {
        /// What the order says.
        stated: Money,
        /// What it should say; [`None`] when that is out of range.
        computed: Option<Money>,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stated, computed, how) = match *self {
            Self::ItemTotal { index, stated, computed } => {
                write!(formatter, "items[{index}].total_price")?;
                (stated, computed, "quantity × unit_price is")
            }
            Self::MoreItemTotals { count } => {
                return write!(formatter, "total_price of {count} more items is wrong");
            }
            Self::SubTotal { stated, computed } => {
                formatter.write_str("sub_total")?;
                (stated, computed, "its items add up to")
            }
            Self::Total { stated, computed } => {
                formatter.write_str("total")?;
                (stated, computed, "sub_total + tax + shipping_fee is")
            }
        };
        match computed {
            Some(computed) => write!(formatter, " is {stated}, {how} {computed}"),
            None => write!(formatter, " is {stated}, {how} an amount out of range"),
        }
    }
}

/// Every sum of an order that does not add up, in the order's own order; allocates nothing when
/// all do.
#[must_use]
pub fn warnings(order: &Order<'_>) -> Vec<Warning> {
    if adds_up_in_cents(order) == Some(true) {
        return Vec::new();
    }
    one_by_one(order)
}

fn one_by_one(order: &Order<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut wrong_items = 0;
    for (index, item) in order.items.iter().enumerate() {
        let stated = item.total_price;
        if let Some(computed) = differs(stated, item.unit_price.checked_multiply(item.quantity)) {
            wrong_items += 1;
            if wrong_items <= MAX_ITEM_WARNINGS {
                found.push(Warning::ItemTotal { index, stated, computed });
            }
        }
    }
    if let Some(count) = wrong_items.checked_sub(MAX_ITEM_WARNINGS).filter(|&count| count > 0) {
        found.push(Warning::MoreItemTotals { count });
    }
    let stated = order.sub_total;
    if let Some(computed) = differs(stated, sum(order.items.iter().map(|item| item.total_price))) {
        found.push(Warning::SubTotal { stated, computed });
    }
    let stated = order.total;
    let parts = [order.sub_total, order.tax, order.shipping_fee];
    if let Some(computed) = differs(stated, sum(parts)) {
        found.push(Warning::Total { stated, computed });
    }
    found
}

/// Whether every sum of an order adds up, when all its amounts are whole cents: integers are much faster.
/// [`None`] when one is not, or a sum is out of range.
fn adds_up_in_cents(order: &Order<'_>) -> Option<bool> {
    let mut items = 0_i64;
    let mut is_right = true;
    for item in &order.items {
        let total = item.total_price.cents()?;
        is_right &= item.unit_price.cents()?.checked_mul(item.quantity)? == total;
        items = items.checked_add(total)?;
    }
    let sub_total = order.sub_total.cents()?;
    let total = sub_total.checked_add(order.tax.cents()?)?.checked_add(order.shipping_fee.cents()?)?;
    Some(is_right && items == sub_total && total == order.total.cents()?)
}

fn sum(amounts: impl IntoIterator<Item = Money>) -> Option<Money> {
    amounts.into_iter().try_fold(Money::ZERO, Money::checked_add)
}

/// [`None`] when both are the same to the cent, else what was computed.
fn differs(stated: Money, computed: Option<Money>) -> Option<Option<Money>> {
    let same = computed.is_some_and(|amount| amount.round_to_cents() == stated.round_to_cents());
    (!same).then_some(computed)
}
