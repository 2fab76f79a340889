//! `techshop analytics`: every outcome counted once, whatever happens to who counts.

use crate::harness::{LONG, Need, Record, Run, SHORT, Shop, Signal, wait_until};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_shop_analytics",
        &[Need::Broker],
        [
            killed_ten_times_it_counts_each_outcome_once,
            a_stop_keeps_what_was_counted_and_publishes_it,
            a_damaged_snapshot_is_told_put_aside_and_counted_anew,
            a_topic_made_anew_is_counted_anew,
            a_second_counter_of_one_file_is_refused,
            what_people_see_without_a_terminal,
        ]
    )
}

impl Shop {
    fn analytics(&self) -> Run {
        self.command(&["analytics", "--listen", "off", "--json", "--every", "100ms"])
    }

    /// The summary of everything that is there.
    #[track_caller]
    fn summary(&self, state: &str) -> Value {
        let exit = self.command(&["analytics", "--once", "--json", "--state", state]).finish();
        exit.expect_code(0);
        serde_json::from_str(&exit.stdout).expect("it is JSON")
    }

    /// Sends outcomes, and adds what they come to.
    fn tell(&self, sums: &mut Sums, count: u64) {
        let (mut sales, mut refusals) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let number = sums.told;
            sums.told += 1;
            let (region, price, quantity) =
                (["Paris", "Lyon", "Nice"][number as usize % 3], 10 + number % 7, 1 + number % 3);
            let mut order = json!({
                "order_id": format!("ORD-{number}"), "customer_id": "c", "customer_email": "c@d.e",
                "customer_vip": number.is_multiple_of(2), "customer_region": region, "product_id": "P001",
                "product_name": "iPhone 15", "product_category": "Electronics", "price": price,
                "quantity": quantity, "total": price * quantity, "timestamp": "2026-11-21T09:10:34",
                "status": "confirmed",
            });
            if number % 5 == 4 {
                order["status"] = json!("out_of_stock");
                order["error_reason"] = json!(format!("not enough stock: 0 available, {quantity} asked for"));
                refusals.push(Record::new(0, order.to_string()));
                sums.refused += 1;
            } else {
                sales.push(Record::new((number % 3) as i32, order.to_string()));
                sums.orders += 1;
                sums.revenue += price * quantity;
                *sums.regions.entry(region).or_default() += 1;
            }
        }
        self.kafka.produce(&self.topic("analytics"), &sales);
        self.kafka.produce(&self.topic("errors"), &refusals);
    }
}

#[derive(Default)]
struct Sums {
    told: u64,
    orders: u64,
    revenue: u64,
    refused: u64,
    regions: BTreeMap<&'static str, u64>,
}

impl Sums {
    #[track_caller]
    fn expect(&self, summary: &Value) {
        let named = |rows: &Value| {
            let rows = rows.as_array().expect("rows").clone();
            let row = |row: Value| (row["name"].as_str().unwrap().to_owned(), row["orders"].as_u64().unwrap());
            rows.into_iter().map(row).collect::<BTreeMap<_, _>>()
        };
        let regions: BTreeMap<String, u64> = self.regions.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        assert_eq!(summary["orders"], json!(self.orders));
        assert_eq!(summary["revenue"], json!(self.revenue));
        assert_eq!(summary["errors"]["out_of_stock"], json!(self.refused));
        assert_eq!(summary["errors"]["reasons"].as_array().map(Vec::len), Some(usize::from(self.refused > 0)));
        assert_eq!(named(&summary["regions"]), regions);
    }
}

/// Orders of the last summary that was printed.
fn counted(stdout: &str) -> Option<u64> {
    let whole = stdout.rsplit_once('\n')?.0;
    serde_json::from_str::<Value>(whole.lines().last()?).ok()?["orders"].as_u64()
}

fn killed_ten_times_it_counts_each_outcome_once() {
    let (shop, mut sums) = (Shop::new().set_up(), Sums::default());
    let state = shop.scratch.join("analytics.state.json");
    for round in 0..10 {
        let mut service = shop.analytics().start();
        shop.tell(&mut sums, 150);
        if round % 3 > 0 {
            // Killed as soon as it has counted something, saved or not.
            wait_until("something new is counted", SHORT, || {
                assert!(service.is_running(), "{}", service.stderr());
                (counted(&service.stdout())? > sums.orders - 120).then_some(())
            });
        }
        if round % 3 > 1 {
            wait_until("it is saved", SHORT, || state.exists().then_some(()));
        }
        service.kill_nine();
        sums.expect(&shop.summary("analytics.state.json"));
    }
    assert!(state.exists());
    // What is kept is what a count of everything gives.
    assert_eq!(shop.summary("analytics.state.json"), shop.summary("none.json"));
}

fn a_stop_keeps_what_was_counted_and_publishes_it() {
    let (shop, mut sums) = (Shop::new().set_up(), Sums::default());
    shop.tell(&mut sums, 100);
    let mut service = shop.analytics().start();
    wait_until("all is counted", SHORT, || (counted(&service.stdout()) == Some(sums.orders)).then_some(()));
    service.signal(Signal::TERM);
    service.wait(SHORT).expect_code(0);
    let ends: i64 = shop.kafka.ends(&shop.topic("analytics")).values().sum();
    let group = shop.kafka.group("analytics-processor");
    let published: i64 =
        group.iter().filter(|(place, _)| place.starts_with(&shop.topic("analytics"))).map(|(_, next)| next).sum();
    assert_eq!(published, ends);
    let kept = std::fs::read_to_string(shop.scratch.join("analytics.state.json")).expect("it is kept");
    assert!(kept.starts_with("{\"kind\":\"techshop-analytics\""), "{kept}");
}

fn a_damaged_snapshot_is_told_put_aside_and_counted_anew() {
    let (shop, mut sums) = (Shop::new().set_up(), Sums::default());
    shop.tell(&mut sums, 50);
    let state = shop.scratch.join("analytics.state.json");
    std::fs::write(&state, "{\"kind\":\"techshop-analytics\", torn").unwrap();
    let once = shop.command(&["analytics", "--once", "--json"]).finish();
    once.expect_code(0).expect_message(&["damaged", "counting anew"]);
    sums.expect(&serde_json::from_str(&once.stdout).unwrap());
    let mut service = shop.analytics().start();
    wait_until("all is counted", SHORT, || (counted(&service.stdout()) == Some(sums.orders)).then_some(()));
    let exit = service.terminate(SHORT);
    exit.expect_code(0).expect_message(&["state.unusable", "put aside"]);
    assert!(shop.scratch.join("analytics.state.json.damaged").exists());
    sums.expect(&shop.summary("analytics.state.json"));
}

fn a_topic_made_anew_is_counted_anew() {
    let (shop, mut before) = (Shop::new().set_up(), Sums::default());
    shop.tell(&mut before, 60);
    let mut service = shop.analytics().start();
    wait_until("all is counted", SHORT, || (counted(&service.stdout()) == Some(before.orders)).then_some(()));
    service.terminate(SHORT).expect_code(0);
    for topic in ["analytics", "errors"] {
        shop.kafka.delete_topic(&shop.topic(topic));
    }
    shop.kafka.make_topic(&shop.topic("analytics"), 3);
    shop.kafka.make_topic(&shop.topic("errors"), 1);
    let mut after = Sums::default();
    shop.tell(&mut after, 200);
    after.expect(&shop.summary("analytics.state.json"));
    let mut service = shop.analytics().start();
    wait_until("all is counted", LONG, || (counted(&service.stdout()) == Some(after.orders)).then_some(()));
    service.terminate(SHORT).expect_code(0).expect_message(&["topic.new"]);
    after.expect(&shop.summary("analytics.state.json"));
}

fn a_second_counter_of_one_file_is_refused() {
    let shop = Shop::new().set_up();
    let mut service = shop.analytics().start();
    wait_until("it counts", SHORT, || counted(&service.stdout()));
    shop.analytics().finish().expect_code(1).expect_message(&["--state", "--once"]);
    shop.summary("analytics.state.json");
    service.terminate(SHORT).expect_code(0);
}

fn what_people_see_without_a_terminal() {
    let (shop, mut sums) = (Shop::new().set_up(), Sums::default());
    shop.tell(&mut sums, 20);
    let exit = shop.command(&["analytics", "--once"]).finish();
    exit.expect_code(0);
    for text in ["ANALYTICS SUMMARY", "16 orders", "4 refused", "REGION", "Paris", "iPhone 15", "not VIP"] {
        assert!(exit.stdout.contains(text), "{text:?} is not in:\n{}", exit.stdout);
    }
    assert!(!exit.stdout.contains('\u{1b}'), "no colours and no moves");
    let mut service = shop.command(&["analytics", "--listen", "off", "--every", "50ms"]).start();
    wait_until("a summary is printed", SHORT, || {
        let said = service.stdout();
        (said.contains("16 orders") && said.contains("4 refused")).then_some(())
    });
    let exit = service.terminate(SHORT);
    exit.expect_code(0);
    let summaries: Vec<&str> =
        exit.stdout.split("ANALYTICS SUMMARY").map(|one| one.split_once('\n').map_or("", |(_, rest)| rest)).collect();
    assert!(summaries.windows(2).all(|two| two[0] != two[1]), "nothing is said twice:\n{}", exit.stdout);
}
