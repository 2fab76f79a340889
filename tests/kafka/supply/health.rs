//! A service that cannot do all of its work says so or ends; who looks on, or waits, holds up nobody.

use super::pair::{ORDER, Pair, answering, numbered, page, post};
use crate::harness::{Broker, LONG, Need, SHORT, get, send, shared, wait_until};
use libtest_mimic::Trial;
use ordertrail::doors::store::{Store, Table};
use ordertrail::tools::shutdown::Shutdown;
use serde_json::json;
use std::io::Read as _;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "supply_health",
        &[Need::Broker],
        [
            a_part_that_ends_ends_the_service_and_is_named,
            who_does_not_read_what_is_shown_holds_up_nobody,
            while_callers_wait_probes_and_the_other_service_are_answered,
            listening_for_others_is_warned_about,
            a_daily_log_that_cannot_be_written_is_told_once_and_counted,
        ]
    )
}

/// A row that makes no sense is put where one part alone reads it.
fn a_part_that_ends_ends_the_service_and_is_named() {
    let kafka = Broker::not_started().cluster();
    for (table, part) in [("open", "sweep"), ("outbox", "http-out")] {
        let pair = Pair::new(kafka.clone());
        let mut wagon = pair.wagon(&[]);
        pair.order("k");
        wagon.terminate(SHORT).expect_code(0);
        let path = pair.scratch.join("wagon-lits/wagon-lits.redb");
        let store = Store::open(&path, &[Table("open"), Table("outbox")], &Shutdown::new()).expect("the store opens");
        let table = Table(if table == "open" { "open" } else { "outbox" });
        // Behind all others, so that it is not read at the start.
        store.commit(move |change| change.put(table, &[0xff; 8], b"no JSON")).expect("written");
        drop(store);
        let mut wagon = pair.wagon_run(&["--confirm-timeout", "100ms"]).start();
        let exit = wagon.wait(LONG);
        exit.expect_code(74).expect_message(&[
            "part.ended",
            part,
            "makes no sense",
            "nothing that was accepted is lost",
        ]);
    }
}

fn who_does_not_read_what_is_shown_holds_up_nobody() {
    const ORDERS: u64 = 2_000;
    let pair = Pair::new(Broker::not_started().cluster());
    let count = ORDERS.to_string();
    let (process, mut shown) = pair.wagon_run(&["--interval", "1ms", "--count", &count]).start_piped();
    let mut wagon = answering(process, pair.wagon_port());
    // More than a pipe and the lines that wait for it can hold.
    wait_until("all orders are made, though nobody reads", LONG, || {
        (page(pair.wagon_port(), "/wagon-list/orders?limit=1")["total"] == ORDERS).then_some(())
    });
    wagon.terminate(SHORT).expect_code(0);
    let mut text = String::new();
    shown.read_to_string(&mut text).expect("what was shown is text");
    let shown = text.lines().filter(|line| line.ends_with("NEW         ordered  (own)")).count() as u64;
    assert!((1..ORDERS).contains(&shown), "{shown} orders were shown");
}

fn while_callers_wait_probes_and_the_other_service_are_answered() {
    const CALLERS: usize = 80;
    let pair = Pair::new(Broker::not_started().cluster());
    let _wagon = pair.wagon(&[]);
    let port = pair.wagon_port();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        // Nobody is there who could send a receipt.
        let call = || {
            let answer = post(port, "/wagon-list/orders?wait=8s", &[], ORDER).expect("it answers");
            assert!(answer.status == 202 || !answer.header("retry-after").is_empty(), "{answer:?}");
            answer.status
        };
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(call)).collect();
        wait_until("many wait", LONG, || {
            (page(port, "/wagon-list/orders?limit=1")["total"].as_u64()? >= 32).then_some(())
        });
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(get(port, path).expect("it answers").status, 200, "{path}");
        }
        let update = json!({
            "orderNumber": "WL-1", "timestamp": "2026-11-21T09:41:05Z", "status": "PROCESSING", "updateMessage": "x",
        });
        let told = post(port, "/wagon-list/commands", &[], &update.to_string()).expect("it answers");
        assert_eq!(told.status, 202, "the other service is heard");
        let quick = post(port, "/wagon-list/orders?wait=0s", &[], &numbered("WL-2")).expect("it answers");
        assert_eq!(quick.status, 202, "who does not wait is answered");
        assert!(callers.iter().any(|caller| !caller.is_finished()), "all of that while others wait");
        callers.into_iter().map(|caller| caller.join().expect("no panic")).collect()
    });
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert!(count(202) >= 32 && count(202) + count(503) == CALLERS, "{statuses:?}");
    assert!(count(503) > 0, "the others come again: {statuses:?}");
}

fn listening_for_others_is_warned_about() {
    let pair = Pair::new(shared());
    let foreign = || send(pair.dev_port(), "GET", "/healthz", &[("Host", "evil.example")], "").expect("it answers");
    let mut quiet = pair.dev(&[]);
    assert_eq!(foreign().status, 421, "a page of somebody else whose name leads here");
    quiet.terminate(SHORT);
    assert!(!quiet.stderr().contains("listen.open"), "{}", quiet.stderr());
    let mut open = pair.dev(&["--listen", "0.0.0.0"]);
    assert_eq!(foreign().status, 200);
    open.wait_for_output("listen.open", SHORT);
    assert!(open.stderr().contains("no authentication"), "{}", open.stderr());
}

/// That lines were lost was said where nobody listened.
fn a_daily_log_that_cannot_be_written_is_told_once_and_counted() {
    let pair = Pair::new(Broker::not_started().cluster());
    // Where the log of the day, or of the next one, would be.
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let in_the_way = [today, today.tomorrow().expect("there is one")]
        .map(|date| pair.scratch.join(&format!("wagon-lits/wagon-lits-{date}.log")));
    in_the_way.iter().for_each(|folder| std::fs::create_dir_all(folder).expect("it is ours"));
    let mut wagon = pair.wagon(&[]);
    wagon.wait_for_output("daily_log.lost", SHORT);
    pair.order("a");
    pair.order("b");
    let lost = || {
        let figures = get(pair.wagon_port(), "/metrics").expect("it answers").body;
        let line = figures.lines().find_map(|line| line.strip_prefix("supply_daily_log_lost_total "));
        line.expect("it is served").parse::<u64>().expect("a number")
    };
    assert!(lost() >= 3, "its start and two orders: {}", lost());
    in_the_way.iter().for_each(|folder| std::fs::remove_dir(folder).expect("it is ours"));
    pair.order("c");
    wagon.wait_for_output("daily_log.back", SHORT);
    wagon.terminate(SHORT).expect_code(0);
    let stderr = wagon.stderr();
    assert_eq!(stderr.matches("\"daily_log.lost\"").count(), 1, "{stderr}");
}
