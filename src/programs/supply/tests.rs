//! What is taken by a store: once, whatever comes, in whatever order.

use std::ops::Bound::Unbounded;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::intake::{Origin, Verdict, own_order, received_order, received_update};
use super::kept::discard;
use super::outgoing::advance;
use super::rows::{
    OPEN, ORDERS, OUTBOX, OrderRow, QUARANTINE, QUARANTINE_BY_ORDER, QUARANTINE_DIGESTS, QuarantineRow, Road, TABLES,
    UpdateRow, key_number, parsed, row, updates,
};
use crate::doors::store::Side::First;
use crate::doors::store::{Reading as _, Store};
use crate::logic::supply::{History, history};
use crate::tools::dice::Dice;
use crate::words::supply::{Status, SupplyOrder};

const ORDER: &str = r#"{"orderNumber":"WL-1","date":"2026-11-21T09:41:05Z","department":"d","priority":"HIGH","materials":[{"name":"n","quantity":2}]}"#;

pub(super) struct Side {
    pub(super) store: Store,
}

impl Side {
    pub(super) fn new() -> Self {
        Self { store: Store::in_memory(&TABLES).expect("a store") }
    }

    pub(super) fn order(&self, body: &str, road: Road, key: Option<&'static str>) -> super::intake::TakenOrder {
        let body = body.to_owned();
        let origin = Origin { road, now_ms: 1_000, key, place: None };
        self.store.commit(move |change| received_order(change, body.as_bytes(), 10, origin)).expect("written")
    }

    pub(super) fn update(&self, body: &str, road: Road) -> super::intake::TakenUpdate {
        let body = body.to_owned();
        let origin = Origin { road, now_ms: 2_000, key: None, place: None };
        self.store.commit(move |change| received_update(change, body.as_bytes(), origin)).expect("written")
    }

    pub(super) fn own(&self) -> super::intake::TakenOrder {
        let order = SupplyOrder::read(ORDER.as_bytes()).expect("an order");
        let origin = Origin { road: Road::Own, now_ms: 1_000, key: None, place: None };
        self.store.commit(move |change| own_order(change, order, b"", origin)).expect("written")
    }

    pub(super) fn page(&self, number: &str) -> History {
        let view = self.store.view().expect("readable");
        history(updates(&view, number).expect("readable").iter().map(UpdateRow::entry))
    }
}

/// All six updates that come of the order, as they are sent.
fn delivered() -> Vec<String> {
    let dev = Side::new();
    dev.order(ORDER, Road::Kafka, None);
    for step in 1..=5 {
        let moved = dev.store.commit(move |change| advance(change, 1_000 + step * 10, 10, 9)).expect("written");
        assert_eq!(moved.len(), 1);
    }
    let view = dev.store.view().expect("readable");
    let updates = updates(&view, "WL-1").expect("readable");
    let order: OrderRow = row(&view, ORDERS, b"WL-1").expect("readable").expect("there");
    assert!(order.is_closed && dev.page("WL-1").is_closed());
    assert_eq!(view.count(OUTBOX), Ok(6));
    updates.into_iter().map(|update| update.body).collect()
}

#[test]
fn an_order_has_one_effect_by_both_roads_and_its_receipt_stays() {
    let dev = Side::new();
    let first = dev.order(ORDER, Road::Kafka, None);
    assert_eq!(first.verdict, Verdict::New);
    let spelled =
        ORDER.replace("09:41:05Z", "10:41:05.000+01:00").replace(r#""quantity":2"#, r#""quantity": 2.0, "x": 1"#);
    let again = dev.order(&spelled, Road::Http, Some("orders k"));
    assert_eq!((again.verdict, again.receipt), (Verdict::Known, first.receipt));
    let other = dev.order(&ORDER.replace("HIGH", "NORMAL"), Road::Http, None);
    assert!(matches!(other.verdict, Verdict::Conflict { .. }));
    assert!(matches!(dev.order("{", Road::Kafka, None).verdict, Verdict::Invalid(_)));
    let view = dev.store.view().expect("readable");
    assert_eq!((view.count(ORDERS), view.count(OUTBOX), view.count(QUARANTINE)), (Ok(1), Ok(1), Ok(2)));
}

#[test]
fn what_could_not_be_taken_is_kept_once_until_it_is_discarded() {
    let dev = Side::new();
    dev.order(ORDER, Road::Kafka, None);
    let other = ORDER.replace("HIGH", "NORMAL");
    let kept = |dev: &Side| {
        let view = dev.store.view().expect("readable");
        let rows = [QUARANTINE, QUARANTINE_BY_ORDER, QUARANTINE_DIGESTS].map(|table| view.count(table));
        rows.map(|count| count.expect("readable"))
    };
    for _ in 0..3 {
        assert!(matches!(dev.order(&other, Road::Http, None).verdict, Verdict::Conflict { .. }));
        assert_eq!(kept(&dev), [1, 1, 1]);
    }
    dev.order(&other.replace("NORMAL\"", "NORMAL\" "), Road::Http, None);
    assert_eq!(kept(&dev), [2, 2, 2], "other bytes are something else");
    let all = dev.store.view().expect("readable").range(QUARANTINE, (Unbounded, Unbounded), First, 9);
    for (key, value) in all.expect("readable") {
        let discarded = dev.store.commit(move |change| discard(change, key_number(&key), &parsed(&value)?));
        discarded.expect("written");
    }
    assert_eq!(kept(&dev), [0, 0, 0]);
}

#[test]
fn an_own_order_in_conflict_is_kept_with_its_bytes() {
    let wagon = Side::new();
    wagon.own();
    let other = ORDER.replace("HIGH", "NORMAL");
    let order = SupplyOrder::read(other.as_bytes()).expect("an order");
    let origin = Origin { road: Road::Own, now_ms: 1_000, key: None, place: None };
    let bytes = other.clone().into_bytes();
    let taken = wagon.store.commit(move |change| own_order(change, order, &bytes, origin)).expect("written");
    assert!(matches!(taken.verdict, Verdict::Conflict { .. }));
    let rows = wagon.store.view().expect("readable").range(QUARANTINE, (Unbounded, Unbounded), First, 9);
    let kept: Vec<QuarantineRow> =
        rows.expect("readable").iter().map(|(_, value)| parsed(value).expect("a row")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].why.as_str(), STANDARD.decode(&kept[0].body_b64)), ("conflict", Ok(other.into_bytes())));
}

#[test]
fn a_key_stands_for_one_content() {
    let dev = Side::new();
    assert_eq!(dev.order(ORDER, Road::Http, Some("orders k")).verdict, Verdict::New);
    let other = ORDER.replace("WL-1", "WL-2");
    assert_eq!(dev.order(&other, Road::Http, Some("orders k")).verdict, Verdict::KeyReused);
    let wagon = Side::new();
    let own = |dice: u64| {
        let origin = Origin { road: Road::Own, now_ms: 1_000, key: Some("trigger k"), place: None };
        let order = super::timer::random_order(&mut Dice::new(Some(dice)));
        wagon.store.commit(move |change| own_order(change, order, b"", origin)).expect("written")
    };
    let (first, again, other) = (own(1), own(1), own(2));
    assert_eq!((&first.verdict, &again.verdict, &other.verdict), (&Verdict::New, &Verdict::Known, &Verdict::KeyReused));
    assert_eq!(first.order_number, again.order_number);
}

#[test]
fn an_update_before_its_order_waits_for_it() {
    let wagon = Side::new();
    let all = delivered();
    for _ in 0..2 {
        assert_eq!(wagon.update(&all[5], Road::Http).verdict, Verdict::UnknownOrder);
    }
    let quarantined = |wagon: &Side| wagon.store.view().expect("readable").count(QUARANTINE);
    assert_eq!(quarantined(&wagon), Ok(1), "the same is kept once");
    wagon.own();
    assert_eq!((wagon.page("WL-1").status, quarantined(&wagon)), (Status::Shipped, Ok(0)));
    assert!(wagon.page("WL-1").has_hole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any order, any copies, any roads: the same page, never backwards, closed at the end, confirmed once.
    #[test]
    fn any_way_of_coming_makes_the_same_page(
        order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(), copies in prop::collection::vec((0..6_usize, 0..3_u8), 0..12)
    ) {
        let all = delivered();
        let wagon = Side::new();
        wagon.own();
        let mut ways: Vec<(usize, u8)> = copies;
        for (at, which) in order.into_iter().enumerate() {
            ways.insert((at * 2).min(ways.len()), (which, at as u8 % 3));
        }
        let (mut before, mut confirmed, mut news) = (Status::New, 0, 0);
        for (which, road) in ways {
            let road = [Road::Kafka, Road::Http, Road::Sweep][usize::from(road)];
            let taken = wagon.update(&all[which], road);
            prop_assert!(taken.status >= before);
            before = taken.status;
            news += u32::from(taken.verdict == Verdict::New);
            confirmed += u32::from(taken.confirmed_after_ms.is_some());
        }
        prop_assert_eq!((news, confirmed), (6, 1));
        let page = wagon.page("WL-1");
        prop_assert!(page.is_closed() && page.entries.len() == 6);
        let view = wagon.store.view().expect("readable");
        let row: OrderRow = row(&view, ORDERS, b"WL-1").expect("readable").expect("there");
        prop_assert!(row.is_closed && row.receipt.is_some());
        prop_assert_eq!(view.count(OPEN), Ok(0));
    }
}
