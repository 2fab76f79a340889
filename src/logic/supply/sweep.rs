//! Which orders are asked after. Kafka's yes is not the other side's: an order is safe when something came back.

/// What is known of an order that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// When it was accepted.
    pub accepted_ms: i64,
    /// When the last new update came.
    pub news_ms: Option<i64>,
    /// Whether an update is missing among those that came.
    pub has_hole: bool,
    /// When it was last asked after.
    pub asked_ms: Option<i64>,
}

/// How long to wait before asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the first answer, and for an update that is missing.
    pub confirm_ms: i64,
    /// For the next update.
    pub quiet_ms: i64,
}

/// Why an order is asked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Nothing has come back.
    Silent,
    /// An update is missing.
    Hole,
    /// It stopped before it was shipped.
    Quiet,
}

/// Why this order should be asked after now, if it should.
pub fn doubt(order: &Watched, now_ms: i64, patience: Patience) -> Option<Doubt> {
    let since = |then: i64| now_ms.saturating_sub(then);
    if order.asked_ms.is_some_and(|asked| since(asked) < patience.confirm_ms) {
        return None;
    }
    match order.news_ms {
        None => (since(order.accepted_ms) >= patience.confirm_ms).then_some(Doubt::Silent),
        Some(news) if order.has_hole => (since(news) >= patience.confirm_ms).then_some(Doubt::Hole),
        Some(news) => (since(news) >= patience.quiet_ms).then_some(Doubt::Quiet),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_a_hole_and_a_stop_are_asked_after_and_not_at_once() {
        let patience = Patience { confirm_ms: 60, quiet_ms: 600 };
        let new = Watched { accepted_ms: 100, news_ms: None, has_hole: false, asked_ms: None };
        let at = |order, now| doubt(&order, now, patience);
        assert_eq!((at(new, 159), at(new, 160)), (None, Some(Doubt::Silent)));
        let asked = Watched { asked_ms: Some(160), ..new };
        assert_eq!((at(asked, 219), at(asked, 220)), (None, Some(Doubt::Silent)));
        let hole = Watched { news_ms: Some(300), has_hole: true, ..new };
        assert_eq!((at(hole, 359), at(hole, 360)), (None, Some(Doubt::Hole)));
        let quiet = Watched { news_ms: Some(300), ..new };
        assert_eq!((at(quiet, 899), at(quiet, 900)), (None, Some(Doubt::Quiet)));
        // A clock that went back asks later, not for ever.
        assert_eq!(at(Watched { asked_ms: Some(5_000), ..new }, 100), None);
    }
}
