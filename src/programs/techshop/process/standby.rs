//! Waiting for the one that decides to end.
//!
//! Who decides writes to topic `stock` at least three times a second, orders or not: its signs of life. A standby
//! takes over when there was none for a second, or at once when the owner's process is seen to be gone. Whether it
//! really was gone does not matter for what is decided: taking over fences it, and what it had not committed is void.

use std::time::{Duration, Instant};

use super::Processor;
use super::owner::Owner;
use crate::base::position::{Position, Positions};
use crate::doors::kafka::{Inflow, Reach};
use crate::programs::techshop::{TechshopError, events};

/// Silence of this length means that it is gone.
const LEASE: Duration = Duration::from_secs(1);

/// How often it is looked whether the owner's process is there.
const LOOK: Duration = Duration::from_millis(50);

/// How long the end of a topic may take to be told.
const ENDS: Duration = Duration::from_secs(2);

impl Processor<'_> {
    /// Waits until the shop has no owner. False when a stop was asked for.
    ///
    /// # Errors
    /// [`TechshopError`].
    pub(super) fn wait_for_turn(&self) -> Result<bool, TechshopError> {
        let Some(mut owner) = self.other_owner()? else { return Ok(true) };
        let stock = self.shop.topic(self.service, &self.cluster, &self.shop.names.stock)?;
        let end = self.patiently(|| Ok(self.cluster.last_values(&stock.name)?.end(ENDS)?))?;
        let positions =
            Positions { topic_id: None, partitions: [(0, Position { next: end, leader_epoch: None })].into() };
        let mut signs = self.cluster.inlet(&stock, &format!("{}-standby", self.args.group), positions)?;
        self.standing_by(&owner);
        let mut last_sign = Instant::now();
        let mut may_be_another = false;
        while !self.shop.context.shutdown.is_requested() {
            match signs.next(LOOK)? {
                Some(Inflow::Messages(batch)) => {
                    last_sign = Instant::now();
                    may_be_another = true;
                    for message in batch.iter() {
                        signs.take(&message);
                    }
                    signs.recycle(batch);
                }
                // Nobody can give a sign while no broker takes it.
                Some(inflow @ (Inflow::BrokerLost { .. } | Inflow::BrokerBack)) => {
                    last_sign = Instant::now();
                    self.service.tell(signs.topic(), &inflow);
                }
                Some(inflow) => self.service.tell(signs.topic(), &inflow),
                None => {}
            }
            if signs.is_without_broker() {
                last_sign = Instant::now();
                continue;
            }
            if last_sign.elapsed() >= LEASE {
                self.service.log.write(&events::process_takeover("no sign of life of the owner", owner));
                return Ok(true);
            }
            if owner.is_dead(&self.owner) {
                // Another one may have taken over since.
                if !std::mem::take(&mut may_be_another) {
                    self.service.log.write(&events::process_takeover("the owner has ended", owner));
                    return Ok(true);
                }
                match self.other_owner()? {
                    None => return Ok(true),
                    Some(now) => {
                        owner = now;
                        self.service.ready();
                    }
                }
            }
        }
        Ok(false)
    }

    /// After being fenced: waits until whoever did it has said so, which takes it a moment. Until then the last owner
    /// that is known is one that has ended, and two that take over at the same time would fence each other again and
    /// again. A broker that ended a slow transaction fences, too, and then nobody says so.
    ///
    /// # Errors
    /// [`TechshopError`].
    pub(super) fn wait_for_successor(&self) -> Result<(), TechshopError> {
        let fenced = Instant::now();
        while fenced.elapsed() < LEASE && self.other_owner()?.is_none() {
            if self.shop.context.shutdown.wait_timeout(LOOK) {
                break;
            }
        }
        Ok(())
    }

    /// Who decides now, as far as is known here; `None` when nobody does.
    fn other_owner(&self) -> Result<Option<Owner>, TechshopError> {
        let position = self.patiently(|| self.last_position(Reach::Readable))?;
        let owner = position.and_then(|position| Owner::read(&position.owner));
        Ok(owner.filter(|owner| !owner.is_dead(&self.owner)))
    }

    /// Asks until there is an answer. Who had to wait is not ready, until somebody says so.
    fn patiently<T>(&self, mut ask: impl FnMut() -> Result<T, TechshopError>) -> Result<T, TechshopError> {
        loop {
            match ask() {
                Err(error) if self.is_passing(&error) && !self.shop.context.shutdown.is_requested() => {
                    self.service.not_ready(&error.to_string());
                    self.service.log.write(&events::state_wait(error));
                    self.shop.context.shutdown.wait_timeout(LEASE);
                }
                other => return other,
            }
        }
    }

    fn standing_by(&self, owner: &Owner) {
        self.service.log.write(&events::process_standby(owner));
        self.service.ready();
    }
}
