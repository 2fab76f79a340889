//! What could not be taken: kept once, shown part by part, and in nobody's way.

use super::pair::{Pair, numbered, page, post};
use crate::harness::{Broker, Need, get};
use libtest_mimic::Trial;
use serde_json::Value;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "supply_kept",
        &[Need::Broker],
        [
            large_conflicts_stand_in_the_way_of_no_answer,
            many_conflicts_are_shown_part_by_part,
            an_own_order_in_conflict_is_kept,
        ]
    )
}

/// An order with other content than [`numbered`] has, and so many bytes more.
fn other(number: &str, quantity: usize, more: usize) -> String {
    let body = numbered(number).replace("\"quantity\":2", &format!("\"quantity\":{quantity}"));
    format!(r#"{{"more":"{}",{}"#, "x".repeat(more), body.trim_start_matches('{'))
}

/// More of them than an answer may hold, while wagon-lits can learn of its order from that answer alone.
fn large_conflicts_stand_in_the_way_of_no_answer() {
    let pair = Pair::new(Broker::not_started().cluster());
    pair.to_wagon.cut();
    let _dev = pair.dev(&["--interval", "20ms"]);
    let to = "/dev-materiels/orders";
    assert_eq!(post(pair.dev_port(), to, &[], &numbered("WL-1")).expect("it answers").status, 201);
    for n in 0..24 {
        let answer = post(pair.dev_port(), to, &[], &other("WL-1", 10 + n, 900_000)).expect("it answers");
        assert_eq!(answer.status, 409);
    }
    let _wagon = pair.wagon(&["--confirm-timeout", "300ms"]);
    let own = post(pair.wagon_port(), "/wagon-list/orders?wait=0s", &[], &numbered("WL-1")).expect("it answers");
    assert!(matches!(own.status, 200 | 202), "{own:?}");
    pair.wait_shipped(&["WL-1".to_owned()]);
    let answer = get(pair.dev_port(), "/dev-materiels/orders/WL-1").expect("it answers");
    assert!(answer.body.len() < 100_000, "{} bytes", answer.body.len());
    let conflict = &answer.json()["conflicts"][0];
    assert!(conflict["body"].is_null() && conflict["sha256"].as_str().is_some_and(|digest| digest.len() == 64));
    let id = conflict["id"].as_u64().expect("an id");
    let whole = page(pair.dev_port(), &format!("/dev-materiels/quarantine/{id}"));
    assert_eq!(whole["body"].as_str(), Some(other("WL-1", 10, 900_000).as_str()), "the exact bytes");
}

/// All that the addresses in `next` lead to.
fn followed(port: u16, first: &str, list: &str, next: &str) -> (Vec<u64>, usize) {
    let (mut ids, mut parts, mut target) = (Vec::new(), 0, first.to_owned());
    loop {
        let part = page(port, &target);
        ids.extend(part[list].as_array().expect("a list").iter().filter_map(|one| one["id"].as_u64()));
        parts += 1;
        match &part[next] {
            Value::String(more) => target.clone_from(more),
            _ => return (ids, parts),
        }
    }
}

fn many_conflicts_are_shown_part_by_part() {
    const CONFLICTS: usize = 60;
    let pair = Pair::new(Broker::not_started().cluster());
    let _dev = pair.dev(&["--interval", "1h"]);
    let (port, to) = (pair.dev_port(), "/dev-materiels/orders");
    post(port, to, &[], &numbered("WL-1")).expect("it answers");
    for n in 0..CONFLICTS {
        for _ in 0..2 {
            assert_eq!(post(port, to, &[], &other("WL-1", 10 + n, 20_000)).expect("it answers").status, 409);
        }
    }
    let kept = page(port, "/dev-materiels/quarantine?limit=1");
    assert_eq!((kept["total"].as_u64(), kept["count"].as_u64()), (Some(60), Some(1)), "each once");
    let (mut newest_first, parts) = followed(port, "/dev-materiels/quarantine?limit=7", "quarantine", "next");
    assert!(newest_first.is_sorted_by(|one, other| one > other) && parts > CONFLICTS / 7, "{newest_first:?}");
    let (oldest_first, parts) = followed(port, &format!("{to}/WL-1"), "conflicts", "conflictsNext");
    assert!(parts > 1, "half a megabyte a part");
    newest_first.reverse();
    assert_eq!((oldest_first.len(), &oldest_first), (CONFLICTS, &newest_first));
    let without = page(port, &format!("{to}/WL-1?conflicts=0"));
    assert_eq!(without["conflicts"], serde_json::json!([]));
    assert!(without["conflictsNext"].is_string(), "and it is said that there are some");
    for wrong in
        ["/dev-materiels/quarantine?limit=0", "/dev-materiels/quarantine?limit=x", "/dev-materiels/quarantine?before=x"]
    {
        assert_eq!(get(port, wrong).expect("it answers").status, 422, "{wrong}");
    }
}

fn an_own_order_in_conflict_is_kept() {
    let pair = Pair::new(Broker::not_started().cluster());
    let _wagon = pair.wagon(&[]);
    let (port, to) = (pair.wagon_port(), "/wagon-list/orders?wait=0s");
    let key = [("Idempotency-Key", "k")];
    assert_eq!(post(port, to, &key, &numbered("WL-1")).expect("it answers").status, 202);
    let conflict = other("WL-1", 10, 5);
    assert_eq!(post(port, to, &[], &conflict).expect("it answers").status, 409);
    let reused = other("WL-2", 10, 5);
    assert_eq!(post(port, to, &key, &reused).expect("it answers").status, 422);
    let kept = page(port, "/wagon-list/quarantine");
    let bodies: Vec<&str> =
        kept["quarantine"].as_array().expect("a list").iter().filter_map(|one| one["body"].as_str()).collect();
    assert_eq!(bodies, [reused.as_str(), conflict.as_str()], "the exact bytes");
    let retry = |n: usize| {
        let id = kept["quarantine"][n]["id"].as_u64().expect("an id");
        post(port, &format!("/wagon-list/quarantine/{id}/retry"), &[], "").expect("it answers").status
    };
    assert_eq!(retry(1), 422, "the number is still another order's");
    assert_eq!(retry(0), 200, "an order for itself");
    assert_eq!(pair.wagon_page("WL-2")["order"]["materials"][0]["quantity"], 10);
}
