//! What went wrong how often since the start.

use std::collections::BTreeMap;

use crate::doors::health::{Count, ServiceEvent, ServiceMeters};
use crate::logic::letters::harmless;
use crate::programs::techshop::events;

/// So many different products or reasons are told apart; the rest is "other".
const MOST_NAMES: usize = 100;

/// A name takes at most so many characters.
const LONGEST_NAME: usize = 120;

/// Counts errors by what they are.
pub(super) struct Tally {
    out_of_stock: Count,
    invalid: Count,
    products: BTreeMap<String, u64>,
    reasons: BTreeMap<String, u64>,
    told: u64,
}

impl Tally {
    pub(super) fn new(meters: &ServiceMeters) -> Self {
        Self {
            out_of_stock: meters.count("out_of_stock", "Orders that were not confirmed for lack of stock"),
            invalid: meters.count("invalid", "Messages that were no orders"),
            products: BTreeMap::new(),
            reasons: BTreeMap::new(),
            told: 0,
        }
    }

    pub(super) fn out_of_stock(&mut self, product: &str) {
        self.out_of_stock.add(1);
        count(&mut self.products, product);
    }

    pub(super) fn invalid(&mut self, reason: &str) {
        self.invalid.add(1);
        count(&mut self.reasons, reason);
    }

    /// What was counted, if that has changed since it was told.
    pub(super) fn summary(&mut self) -> Option<ServiceEvent> {
        let (out_of_stock, invalid) = (self.out_of_stock.get(), self.invalid.get());
        if std::mem::replace(&mut self.told, out_of_stock + invalid) == out_of_stock + invalid {
            return None;
        }
        Some(events::summary((out_of_stock, &self.products), (invalid, &self.reasons)))
    }
}

fn count(names: &mut BTreeMap<String, u64>, name: &str) {
    let name = harmless(name, LONGEST_NAME);
    let is_known = names.len() < MOST_NAMES || names.contains_key(&name);
    *names.entry(if is_known { name } else { "other".to_owned() }).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        let mut tally = Tally::new(&ServiceMeters::new("test"));
        assert_eq!(tally.summary(), None);
        (0..200).for_each(|n| tally.invalid(&format!("reason {n}")));
        tally.out_of_stock("P001");
        let summary = tally.summary().expect("it has changed");
        assert_eq!(summary.message(), "1 out of stock, 200 invalid since the start");
        let figures = summary.details();
        assert_eq!(figures["reasons"]["other"], 100);
        assert_eq!(figures["products"]["P001"], 1);
        assert_eq!(tally.summary(), None);
    }
}
