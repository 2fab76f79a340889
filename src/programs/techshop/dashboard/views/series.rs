//! The last hour, minute by minute.

use crate::logic::shopfold::{Counted, Figures, Histogram};

/// So many minutes are plotted, the running one among them.
pub(super) const MINUTES: i64 = 60;

/// One minute of the shop.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Minute {
    /// Minutes since 1970.
    pub(super) minute: i64,
    /// Confirmed orders.
    pub(super) confirmed: Counted,
    /// Orders that were not confirmed.
    pub(super) refused: u64,
    /// How long decisions took.
    pub(super) latency: Histogram,
}

impl Minute {
    /// Milliseconds since 1970 at which it began.
    pub(super) fn at_ms(&self) -> i64 {
        self.minute * 60_000
    }

    /// All orders of it.
    pub(super) fn orders(&self) -> u64 {
        self.confirmed.orders + self.refused
    }
}

/// The last hour, the oldest minute first.
pub(super) fn hour(figures: &Figures, now_ms: i64) -> Vec<Minute> {
    let now = now_ms.div_euclid(60_000);
    let first = now - MINUTES + 1;
    let mut minutes: Vec<Minute> = (first..=now).map(|minute| Minute { minute, ..Minute::default() }).collect();
    let mut put = |minute: i64, change: &dyn Fn(&mut Minute)| {
        let found = usize::try_from(minute - first).ok().and_then(|index| minutes.get_mut(index));
        if let Some(minute) = found {
            change(minute);
        }
    };
    for (minute, counted) in figures.sales.minutes.iter().rev().take_while(|(minute, _)| *minute >= first) {
        put(minute, &|found| found.confirmed = counted);
    }
    for (minute, counted) in figures.refusals.minutes.iter().rev().take_while(|(minute, _)| *minute >= first) {
        put(minute, &|found| found.refused = counted.orders);
    }
    for latencies in [&figures.sales.latencies, &figures.refusals.latencies] {
        for (minute, histogram) in latencies.iter().rev().take_while(|(minute, _)| *minute >= first) {
            put(minute, &|found| found.latency.merge(histogram));
        }
    }
    minutes
}
