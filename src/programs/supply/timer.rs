//! What happens by the clock: wagon-lits orders something, dev-materiels moves orders a step.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::events;
use super::intake::{Origin, TakenOrder, own_order};
use super::outgoing::{advance, is_due};
use super::rows::Road;
use super::service::{Service, now_ms};
use crate::doors::store::StoreError;
use crate::tools::dice::Dice;
use crate::tools::failpoint::failpoint;
use crate::words::record::Level;
use crate::words::supply::{Material, Priority, SupplyOrder};

/// What is ordered, and how many pieces at most.
const MATERIALS: [(&str, u64); 5] = [
    ("Siège passager", 10),
    ("Éclairage de cabine", 20),
    ("Panneau de contrôle", 5),
    ("Vitres sécurisées", 15),
    ("Portes coulissantes", 8),
];

/// So many orders move in one commit.
const MOST_TOGETHER: usize = 128;

/// Between two looks of who has nothing more to do.
const A_WHILE: Duration = Duration::from_secs(60);

/// An order of somebody who needs something; its number and date come when it is taken.
pub(super) fn random_order(dice: &mut Dice) -> SupplyOrder {
    let mut kinds = MATERIALS.to_vec();
    let count = 1 + dice.number() % 3;
    let mut materials = Vec::new();
    for _ in 0..count {
        let index = usize::try_from(dice.number() % kinds.len() as u64).unwrap_or_default();
        let (name, most) = kinds.swap_remove(index);
        materials.push(Material { name: name.to_owned(), quantity: 1 + dice.number() % most });
    }
    let priority = if dice.number() % 10 < 3 { Priority::High } else { Priority::Normal };
    SupplyOrder { number: String::new(), date_ms: 0, department: "Wagon-Lits".to_owned(), priority, materials }
}

/// Takes an order of our own. `bytes` and `key` are a caller's.
///
/// # Errors
/// [`StoreError`].
pub(super) fn take_own(
    service: &Service,
    order: SupplyOrder,
    bytes: Vec<u8>,
    key: Option<String>,
) -> Result<TakenOrder, StoreError> {
    let now_ms = now_ms();
    let taken = service.store.commit_soon(move |change| {
        let origin = Origin { road: Road::Own, now_ms, key: key.as_deref(), place: None };
        let taken = own_order(change, order, &bytes, origin)?;
        failpoint("accepted-not-committed");
        Ok(taken)
    })?;
    failpoint("committed-not-answered");
    service.order_taken(&taken, Road::Own);
    service.outbox_grew()?;
    Ok(taken)
}

/// Orders by the clock, the first at once, until all were made; then waits until a stop is asked for.
///
/// # Errors
/// [`StoreError`] when the store has ended.
pub(super) fn order(service: &Arc<Service>) -> Result<(), StoreError> {
    let mut dice = Dice::new(None);
    let mut left = service.wishes.count.unwrap_or(u64::MAX);
    while left > 0 && !service.shutdown.is_requested() {
        if let Some(reason) = service.is_full() {
            service.tell(&events::order_skipped(&reason));
        } else {
            match take_own(service, random_order(&mut dice), Vec::new(), None) {
                Ok(_) => left -= 1,
                Err(StoreError::Busy) => service.note(Level::Warn, "orders", "the store is busy", &json!({})),
                Err(error) => return Err(error),
            }
        }
        service.shutdown.wait_timeout(service.wishes.interval);
    }
    while !service.shutdown.wait_timeout(service.wishes.interval.max(A_WHILE)) {}
    Ok(())
}

/// Moves orders whose step is due, until a stop is asked for.
///
/// # Errors
/// [`StoreError`] when the store has ended, or cannot be read.
pub(super) fn deliver(service: &Arc<Service>) -> Result<(), StoreError> {
    let look = (service.wishes.interval / 10).clamp(Duration::from_millis(5), Duration::from_millis(200));
    let step_ms = service.interval_ms();
    while !service.shutdown.wait_timeout(look) {
        while service.no_room().is_none() {
            let now_ms = now_ms();
            if !is_due(&service.store.view()?, now_ms)? {
                break;
            }
            let moved = service.store.commit(move |change| advance(change, now_ms, step_ms, MOST_TOGETHER))?;
            for (number, status, message) in &moved {
                service.stepped(number, *status, message);
            }
            service.outbox_grew()?;
        }
    }
    Ok(())
}
