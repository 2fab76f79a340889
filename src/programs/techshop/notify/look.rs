//! What a delivery does now and then: it looks at its lag, and says what it has done.

use std::time::{Duration, Instant};

use super::delivery::Delivery;
use super::plan::Clerk;
use crate::programs::techshop::TechshopError;

/// Between two looks at lag, idle offsets and figures.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two lines of the log with figures, when they have changed.
const SUMMARY_EVERY: Duration = Duration::from_secs(30);

impl<C: Clerk> Delivery<'_, C> {
    pub(super) fn look_if_due(&mut self) -> Result<(), TechshopError> {
        if self.looked.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        self.looked = Instant::now();
        // Marks of transactions at the end are read, too: without this the group would seem to lag behind.
        if self.commits.would_change(&self.offsets()) {
            self.commit()?;
        }
        let progress = self.inlet.ends().into_iter();
        let progress = progress.map(|(partition, next, end)| (partition, self.window.position(partition, next), end));
        self.plan.service.meters.progress(self.plan.group, self.inlet.topic(), &progress.collect::<Vec<_>>());
        if self.summed_up.0.elapsed() >= SUMMARY_EVERY {
            self.summary();
        }
        Ok(())
    }

    pub(super) fn summary(&mut self) {
        let sum = self.figures.all_sent() + self.figures.all_given_up();
        let has_changed = sum != self.summed_up.1;
        self.summed_up = (Instant::now(), sum);
        let log = self.plan.service.log;
        if has_changed {
            log.write(&self.figures.event(self.window.len()));
        }
        if let Some(event) = self.clerk.summary() {
            log.write(&event);
        }
    }
}
