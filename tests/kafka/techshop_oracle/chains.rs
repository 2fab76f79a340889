//! The chain of a product's stock: what was sold and brought, one after the other, and what was refused between.

use super::ledger::{Fate, Fates, Place, Tally, Topics, source};
use super::verdict::{Sound, members, text};
use crate::harness::Record;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The stock of each product from change to change.
pub(super) struct Chains {
    /// Stock after each change, the opening stock first.
    levels: BTreeMap<String, Vec<i64>>,
    sold: BTreeMap<String, i64>,
    restocked: BTreeMap<String, i64>,
    /// How many changes of its product there had been when an order was confirmed.
    steps: HashMap<Place, usize>,
}

impl Chains {
    pub(super) fn read(topics: &Topics, decided: &HashMap<Place, Sound>, tally: &mut Tally) -> Result<Chains, String> {
        let levels = topics.opening.iter().map(|(product, stock)| (product.clone(), vec![*stock])).collect();
        let mut chains = Chains { levels, sold: BTreeMap::new(), restocked: BTreeMap::new(), steps: HashMap::new() };
        let mut restocked = BTreeSet::new();
        for change in &topics.inventory {
            let read: Value = serde_json::from_slice(change.value.as_deref().unwrap_or_default())
                .map_err(|error| format!("{error}: {change:?}"))?;
            let number = |name: &str| read[name].as_i64().ok_or_else(|| format!("no {name}: {change:?}"));
            let product = read["product_id"].as_str().unwrap_or_default();
            let (old, new, quantity) = (number("old_stock")?, number("new_stock")?, number("quantity")?);
            if change.key.as_deref() != Some(product.as_bytes()) {
                return Err(format!("the key of a change is its product: {change:?}"));
            }
            let chain = chains.levels.get_mut(product).ok_or_else(|| format!("no such product: {change:?}"))?;
            if chain.last() != Some(&old) || new < 0 {
                return Err(format!("the chain is at {:?}, it goes on with {change:?}", chain.last()));
            }
            chain.push(new);
            let (moved, sum) = match read["operation"].as_str() {
                Some("sale") => {
                    let place = source(change, &topics.names[0])?;
                    let order = decided.get(&place).ok_or_else(|| format!("sold to nobody: {change:?}"))?;
                    let told = (product, quantity, read["timestamp"].as_str().unwrap_or_default());
                    if told != (order.product_id.as_str(), order.quantity, order.timestamp.as_str()) {
                        return Err(format!("not what {order:?} asked for: {change:?}"));
                    }
                    if chains.steps.insert(place, chain.len() - 1).is_some() {
                        return Err(format!("sold twice: {change:?}"));
                    }
                    (old - new, &mut chains.sold)
                }
                Some("restock") => {
                    let place = source(change, &topics.names[1])?;
                    let asked = topics.restocks.iter().find(|one| (one.partition, one.offset) == place);
                    let asked = asked.ok_or_else(|| format!("brought by nobody: {change:?}"))?;
                    let asked: Value = serde_json::from_slice(asked.value.as_deref().unwrap_or_default())
                        .map_err(|error| format!("{error}: {change:?}"))?;
                    if (&asked["product_id"], &asked["quantity"]) != (&read["product_id"], &read["quantity"]) {
                        return Err(format!("not what was brought: {change:?}"));
                    }
                    if !restocked.insert(asked["restock_id"].to_string()) {
                        return Err(format!("brought twice: {change:?}"));
                    }
                    (new - old, &mut chains.restocked)
                }
                operation => return Err(format!("operation {operation:?}: {change:?}")),
            };
            if moved != quantity {
                return Err(format!("{old} and {quantity} do not make {new}: {change:?}"));
            }
            *sum.entry(product.to_owned()).or_default() += quantity;
        }
        let asked = |one: &Record| {
            serde_json::from_slice::<Value>(one.value.as_deref()?).ok()?["restock_id"].to_string().into()
        };
        let all: BTreeSet<String> = topics.restocks.iter().filter_map(asked).collect();
        if all != restocked {
            return Err(format!("{} restocks were asked for, {} were brought", all.len(), restocked.len()));
        }
        tally.restocks = restocked.len();
        if chains.steps.len() != topics.notifications.len() {
            return Err(format!("{} sales, {} confirmed", chains.steps.len(), topics.notifications.len()));
        }
        Ok(chains)
    }

    /// Nobody was sent away while there was enough: the stock that a refusal names was there between what was sold
    /// before and after it, by its partition's order and by that of the refusals of its product.
    pub(super) fn expect_refusals(
        &self,
        topics: &Topics,
        decided: &HashMap<Place, Sound>,
        fates: &Fates<'_>,
    ) -> Result<(), String> {
        let mut in_order: Vec<(&Place, &Sound)> = decided.iter().collect();
        in_order.sort_by_key(|(place, _)| **place);
        // By partition and product: the step of the last sale before, and the refusals that wait for the next.
        let mut last: HashMap<(i32, &str), usize> = HashMap::new();
        let mut bounds: HashMap<Place, (usize, usize)> = HashMap::new();
        let mut open: HashMap<(i32, &str), Vec<Place>> = HashMap::new();
        for (place, order) in &in_order {
            let line = (place.0, order.product_id.as_str());
            let end = self.levels[&order.product_id].len();
            match (fates.get(place), self.steps.get(place)) {
                (Some(Fate::Confirmed(_)), Some(step)) => {
                    if last.insert(line, *step).is_some_and(|before| before >= *step) {
                        return Err(format!("sold out of its partition's order: {place:?}"));
                    }
                    for waiting in open.remove(&line).unwrap_or_default() {
                        bounds.entry(waiting).and_modify(|bound| bound.1 = *step);
                    }
                }
                (Some(Fate::OutOfStock(_)), None) => {
                    bounds.insert(**place, (last.get(&line).copied().unwrap_or(0), end));
                    open.entry(line).or_default().push(**place);
                }
                _ => return Err(format!("one outcome says sold, another does not: {place:?}")),
            }
        }
        let mut reached: HashMap<&str, usize> = HashMap::new();
        for error in &topics.errors {
            let place = source(error, &topics.names[0])?;
            let (Some(bound), Some(order)) = (bounds.get(&place), decided.get(&place)) else { continue };
            let have = refused_with(error, order.quantity)?;
            let chain = &self.levels[&order.product_id];
            let from = bound.0.max(reached.get(order.product_id.as_str()).copied().unwrap_or(0));
            let found = chain.iter().enumerate().take(bound.1).skip(from).find(|(_, level)| **level == have);
            let (step, _) = found.ok_or_else(|| format!("there were never {have} at that time: {error:?}"))?;
            reached.insert(&order.product_id, step);
        }
        Ok(())
    }

    /// The last record of each product says what the chain ends with, and how it came to that.
    pub(super) fn expect_stock(&self, topics: &Topics) -> Result<(), String> {
        let mut last: BTreeMap<&str, Value> = BTreeMap::new();
        for record in &topics.stock {
            let product = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
            if let Some((product, _)) = self.levels.get_key_value(product) {
                let value = record.value.as_deref().unwrap_or_default();
                last.insert(product, serde_json::from_slice(value).map_err(|error| format!("{error}: {record:?}"))?);
            }
        }
        for (product, chain) in &self.levels {
            let Some(told) = last.get(product.as_str()) else {
                if chain.len() > 1 {
                    return Err(format!("no stock of {product:?} is kept"));
                }
                continue;
            };
            let sum = |of: &BTreeMap<String, i64>| of.get(product).copied().unwrap_or(0);
            let (sold, restocked, opening) = (sum(&self.sold), sum(&self.restocked), chain[0]);
            let wanted = [chain[chain.len() - 1], opening, sold, restocked];
            let found = ["stock", "opening", "sold", "restocked"].map(|name| told[name].as_i64().unwrap_or(-1));
            if found != wanted || wanted[0] != opening - sold + restocked {
                return Err(format!("stock of {product:?}: {found:?} is kept, {wanted:?} came to be"));
            }
        }
        Ok(())
    }
}

/// The stock that a refusal names; it must be too little, and the quantity the order's.
fn refused_with(error: &Record, quantity: i64) -> Result<i64, String> {
    let told = members(error.value.as_deref()).unwrap_or_default();
    let reason = text(&told, "error_reason").unwrap_or_default();
    let numbers = reason.strip_prefix("not enough stock: ").and_then(|rest| {
        let (have, want) = rest.strip_suffix(" asked for")?.split_once(" available, ")?;
        Some((have.parse::<i64>().ok()?, want.parse::<i64>().ok()?))
    });
    match numbers {
        Some((have, want)) if want == quantity && have < want => Ok(have),
        _ => Err(format!("{reason:?} is no reason to refuse {quantity}: {error:?}")),
    }
}
