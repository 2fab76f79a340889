//! How much strangers can make a store keep, and look at.

use std::ops::Bound::Unbounded;

use super::intake::{MOST_TAKEN, Verdict};
use super::kept::MOST_QUARANTINED_BYTES;
use super::rows::{META, QUARANTINE, QuarantineRow, Road, parsed};
use super::tests::Side;
use crate::doors::store::Reading as _;
use crate::doors::store::Side::First;
use crate::words::supply::Status;

fn update(minute: usize, status: &str) -> String {
    let (hours, minutes) = (minute / 60, minute % 60);
    format!(
        r#"{{"orderNumber":"WL-1","timestamp":"2026-11-21T{hours:02}:{minutes:02}:00Z","status":"{status}","updateMessage":"m"}}"#
    )
}

/// Each update was seen together with all before it, thousands of them, and behind ten thousand none was looked at.
#[test]
fn an_order_takes_so_many_updates_and_is_shipped_all_the_same() {
    let wagon = Side::new();
    wagon.own();
    for minute in 0..MOST_TAKEN {
        assert_eq!(wagon.update(&update(minute, "PROCESSING"), Road::Http).verdict, Verdict::New);
    }
    let one_more = wagon.update(&update(MOST_TAKEN, "PROCESSING"), Road::Http);
    assert!(matches!(&one_more.verdict, Verdict::Invalid(why) if why.contains("256 updates")), "{one_more:?}");
    assert_eq!(wagon.update(&update(3, "PROCESSING"), Road::Kafka).verdict, Verdict::Known, "a copy is no other one");
    assert_eq!(wagon.page("WL-1").entries.len(), MOST_TAKEN);
    let rows = wagon.store.view().expect("readable").range(QUARANTINE, (Unbounded, Unbounded), First, 9);
    let kept: Vec<QuarantineRow> =
        rows.expect("readable").iter().map(|(_, value)| parsed(value).expect("a row")).collect();
    assert_eq!(kept.iter().map(|kept| kept.why.as_str()).collect::<Vec<_>>(), ["too_many"]);

    let shipped = wagon.update(&update(900, "SHIPPED"), Road::Kafka);
    assert_eq!((shipped.verdict, shipped.status), (Verdict::New, Status::Shipped));
    assert!(matches!(wagon.update(&update(901, "SHIPPED"), Road::Kafka).verdict, Verdict::Invalid(_)));
}

#[test]
fn that_an_order_was_shipped_is_not_lost_behind_many_early_updates() {
    let wagon = Side::new();
    for minute in 0..1_100 {
        let early = wagon.update(&update(minute, "PROCESSING"), Road::Kafka);
        assert_eq!(early.verdict, Verdict::UnknownOrder);
    }
    wagon.update(&update(1_200, "SHIPPED"), Road::Kafka);
    wagon.own();
    let page = wagon.page("WL-1");
    assert_eq!((page.status, page.entries.len()), (Status::Shipped, MOST_TAKEN));
}

/// One message of a few kilobytes on the broker could become hundreds of megabytes in the store.
#[test]
fn what_could_not_be_taken_is_bounded_by_bytes() {
    let dev = Side::new();
    let kept = || {
        let rows = dev.store.view().expect("readable").range(QUARANTINE, (Unbounded, Unbounded), First, 99);
        rows.expect("readable").iter().map(|(_, value)| parsed::<QuarantineRow>(value).expect("a row")).collect()
    };
    for letter in ["a", "b", "c"] {
        assert!(matches!(dev.order(&letter.repeat(30 << 20), Road::Kafka, None).verdict, Verdict::Invalid(_)));
    }
    let large: Vec<QuarantineRow> = kept();
    assert_eq!(large.len(), 3);
    assert!(large.iter().all(|kept| kept.body_b64.len() < 6 << 20 && kept.detail.contains("31457280 bytes")));
    // As if it were nearly full.
    let full = MOST_QUARANTINED_BYTES - 100;
    dev.store.commit(move |change| super::rows::put(change, META, b"quarantine_bytes", &full)).expect("written");
    dev.order(&"d".repeat(1_000), Road::Kafka, None);
    let left: Vec<QuarantineRow> = kept();
    assert_eq!(left.len(), 3, "the oldest makes room");
    assert!(left.iter().all(|kept| kept.sha256 != large[0].sha256));
    // A store of an older version did not count them.
    dev.store.commit(|change| change.remove(META, b"quarantine_bytes")).expect("written");
    dev.order("{", Road::Kafka, None);
    let bytes: u64 = kept().iter().map(|kept: &QuarantineRow| kept.body_b64.len() as u64).sum();
    let view = dev.store.view().expect("readable");
    assert_eq!(super::rows::row::<u64>(&view, META, b"quarantine_bytes"), Ok(Some(bytes)));
}
