//! When a destination is called: not at all after some failures, then once to see, then by and by again.

/// So many failures in a row open it.
const FAILURES: u32 = 3;

/// The first wait.
const FIRST_WAIT_MS: u64 = 500;

/// The longest.
const LONGEST_WAIT_MS: u64 = 15_000;

/// The longest that a destination may ask for.
const LONGEST_ASKED_MS: u64 = 60_000;

/// So many calls at once, when all is well.
const MOST_CALLS: u32 = 16;

/// What a breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// One call is out to see.
    HalfOpen,
    /// None goes through.
    Open,
}

impl BreakerState {
    /// As figures name it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

/// Says whether a destination may be called. Every permit must be given back with what came of the call, also when
/// the call never ended.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    inside: Inside,
    /// So many calls at once; grows after it closed, so that a destination that is just back is not overrun.
    width: u32,
    out: u32,
}

#[derive(Clone, Copy, Debug)]
enum Inside {
    Closed { failures: u32 },
    Open { until_ms: u64, opened: u32 },
    Probing { opened: u32 },
}

/// One call that was let through.
#[derive(Debug)]
#[must_use = "a permit is given back with Breaker::report"]
pub struct Permit {
    is_probe: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { inside: Inside::Closed { failures: 0 }, width: MOST_CALLS, out: 0 }
    }
}

impl Breaker {
    /// A permit, when a call may go out now.
    pub fn admit(&mut self, now_ms: u64) -> Option<Permit> {
        let is_probe = match self.inside {
            Inside::Closed { .. } if self.out < self.width => false,
            Inside::Open { until_ms, opened } if now_ms >= until_ms => {
                self.go(Inside::Probing { opened });
                true
            }
            _ => return None,
        };
        self.out += 1;
        Some(Permit { is_probe })
    }

    /// The destination has answered: whatever it said, it is there.
    pub fn answered(&mut self, permit: Permit) {
        self.back(permit);
        match self.inside {
            Inside::Closed { ref mut failures } => {
                *failures = 0;
                self.width = (self.width * 4).min(MOST_CALLS);
            }
            _ => {
                self.width = 1;
                self.go(Inside::Closed { failures: 0 });
            }
        }
    }

    /// The call failed, at `now_ms`. `asked_ms` is how long the destination asked to be left alone, `chance` a random
    /// number.
    pub fn failed(&mut self, permit: Permit, now_ms: u64, asked_ms: Option<u64>, chance: u64) {
        let is_probe = permit.is_probe;
        self.back(permit);
        let opened = match self.inside {
            Inside::Closed { failures } if failures + 1 < FAILURES && asked_ms.is_none() => {
                self.inside = Inside::Closed { failures: failures + 1 };
                return;
            }
            Inside::Closed { .. } => 0,
            Inside::Probing { opened } if is_probe => opened.saturating_add(1),
            // A call from before it opened tells nothing new.
            _ => return,
        };
        let whole = FIRST_WAIT_MS.saturating_mul(1 << opened.min(16)).min(LONGEST_WAIT_MS);
        let asked = asked_ms.unwrap_or_default().min(LONGEST_ASKED_MS);
        let wait = (chance % (whole + 1)).max(asked);
        self.go(Inside::Open { until_ms: now_ms.saturating_add(wait), opened });
    }

    /// What it does now.
    pub fn state(&self) -> BreakerState {
        match self.inside {
            Inside::Closed { .. } => BreakerState::Closed,
            Inside::Open { .. } => BreakerState::Open,
            Inside::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    fn back(&mut self, _permit: Permit) {
        self.out = self.out.saturating_sub(1);
    }

    fn go(&mut self, inside: Inside) {
        self.inside = inside;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            let permit = breaker.admit(0).expect("closed");
            breaker.failed(permit, 0, None, 200);
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker
    }

    #[test]
    fn open_lets_one_probe_through_and_an_answer_opens_the_road_by_and_by() {
        let mut breaker = opened();
        assert!(breaker.admit(199).is_none(), "too early");
        let probe = breaker.admit(200).expect("the probe");
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(breaker.admit(99_999).is_none(), "one probe at a time, however long it takes");
        breaker.answered(probe);
        let mut widths = Vec::new();
        for _ in 0..4 {
            let permits: Vec<Permit> = std::iter::from_fn(|| breaker.admit(300)).collect();
            widths.push(permits.len());
            permits.into_iter().for_each(|permit| breaker.answered(permit));
        }
        assert_eq!(widths, [1, 4, 16, 16]);
    }

    #[test]
    fn a_probe_that_fails_makes_the_wait_longer_and_what_is_asked_for_is_honoured() {
        let mut breaker = opened();
        let probe = breaker.admit(1_000).expect("the probe");
        breaker.failed(probe, 1_000, None, 900);
        assert!(breaker.admit(1_899).is_none());
        let probe = breaker.admit(1_900).expect("the next");
        breaker.failed(probe, 1_900, Some(7_000), 0);
        assert!(breaker.admit(8_899).is_none());
        assert!(breaker.admit(8_900).is_some());
    }

    #[test]
    fn calls_from_before_it_opened_neither_hold_nor_lengthen_it() {
        let mut breaker = Breaker::default();
        let mut permits: Vec<Permit> = std::iter::from_fn(|| breaker.admit(0)).collect();
        assert_eq!(permits.len(), 16);
        let last = permits.pop().expect("sixteen");
        permits.into_iter().for_each(|permit| breaker.failed(permit, 5, None, 400));
        assert!(breaker.admit(404).is_none());
        breaker.answered(last);
        assert_eq!(breaker.state(), BreakerState::Closed, "an answer is an answer");
    }

    proptest! {
        /// Whatever happens, when: at most one probe, never more than sixteen calls, and never stuck.
        #[test]
        fn it_is_never_stuck(steps in prop::collection::vec((0_u8..4, any::<u64>(), 0_u64..20_000), 0..300)) {
            let (mut breaker, mut now) = (Breaker::default(), 0_u64);
            let mut out: Vec<Permit> = Vec::new();
            for (what, chance, passed) in steps {
                now += passed;
                match what {
                    0 | 1 => out.extend(breaker.admit(now)),
                    2 => if let Some(permit) = out.pop() { breaker.answered(permit) },
                    _ => if !out.is_empty() {
                        let permit = out.remove(0);
                        breaker.failed(permit, now, Some(chance % 100_000).filter(|asked| asked % 3 == 0), chance);
                    },
                }
                prop_assert!(out.len() <= 17);
                prop_assert!(out.iter().filter(|permit| permit.is_probe).count() <= 1);
            }
            out.into_iter().for_each(|permit| breaker.failed(permit, now, None, 0));
            prop_assert!(breaker.admit(now + LONGEST_ASKED_MS).is_some());
        }
    }
}
