//! The breaker of a destination, and what is counted of it.

use super::service::Service;
use crate::logic::supply::{Breaker, BreakerState, Permit};
use crate::tools::dice::Dice;

/// Lets calls to one destination through.
pub(super) struct Gate {
    breaker: Breaker,
    /// As the figures name it.
    destination: &'static str,
    dice: Dice,
}

impl Gate {
    pub(super) fn new(destination: &'static str) -> Self {
        Self { breaker: Breaker::default(), destination, dice: Dice::new(None) }
    }

    /// A permit, when a call may go out now.
    pub(super) fn admit(&mut self, service: &Service) -> Option<Permit> {
        self.counted(service, |breaker| breaker.admit(service.clock_ms()))
    }

    /// The destination has answered.
    pub(super) fn answered(&mut self, service: &Service, permit: Permit) {
        self.counted(service, |breaker| breaker.answered(permit));
    }

    /// It has not, or asks to be left alone.
    pub(super) fn failed(&mut self, service: &Service, permit: Permit, asked_ms: Option<u64>) {
        let chance = self.dice.number();
        self.counted(service, |breaker| breaker.failed(permit, service.clock_ms(), asked_ms, chance));
    }

    /// What it does now.
    pub(super) fn state(&self) -> BreakerState {
        self.breaker.state()
    }

    fn counted<T>(&mut self, service: &Service, act: impl FnOnce(&mut Breaker) -> T) -> T {
        let before = self.breaker.state();
        let result = act(&mut self.breaker);
        service.figures.breaker_went(self.destination, before, self.breaker.state());
        result
    }
}
