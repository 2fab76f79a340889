//! Everything at once: Kafka stopped and started, both services killed, the network between them cut, while orders are
//! handed in; then every order that was accepted is looked for on both sides, by their pages and in their stores.
//!
//! `ORDERTRAIL_LONG_TESTS=1` makes it 2,000 orders, 10 stops of Kafka and 20 kills of each service.
//! `ORDERTRAIL_SUPPLY_SEED` repeats the choices of an earlier run; the instants are those of the machine.

use super::pair::{ORDER, Pair, page, post};
use crate::harness::{Broker, Chance, LONG, Need, Process, SHORT, get, wait_until, wait_while_time_passes};
use libtest_mimic::Trial;
use ordertrail::doors::store::{Reading, Store, Table};
use ordertrail::tools::shutdown::Shutdown;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    trials!("supply_chaos", &[Need::Broker], [whatever_fails_each_order_is_shipped_once])
}

/// How much of everything.
struct Size {
    orders: usize,
    broker_stops: usize,
    kills_each: usize,
    cuts: usize,
    /// Between two orders of one caller.
    pause: Duration,
}

fn size() -> Size {
    match std::env::var_os("ORDERTRAIL_LONG_TESTS") {
        Some(_) => {
            Size { orders: 2_000, broker_stops: 10, kills_each: 20, cuts: 20, pause: Duration::from_millis(200) }
        }
        None => Size { orders: 150, broker_stops: 2, kills_each: 3, cuts: 3, pause: Duration::from_millis(350) },
    }
}

/// So many hand in orders at a time.
const CALLERS: usize = 4;

#[derive(Clone, Copy)]
enum Blow {
    Broker,
    Wagon,
    Dev,
    Cut,
}

/// What the callers were told: key and number of each order that was accepted.
#[derive(Default)]
struct Ledger {
    accepted: Mutex<BTreeMap<String, String>>,
    over: AtomicBool,
}

fn whatever_fails_each_order_is_shipped_once() {
    let size = size();
    let mut chance = Chance::seeded("ORDERTRAIL_SUPPLY_SEED");
    let mut broker = Broker::start();
    let pair = Pair::new(broker.cluster());
    let mut services = Services { wagon: pair.wagon(WAGON), dev: pair.dev(DEV) };
    let ledger = Ledger::default();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                scope.spawn({
                    let (pair, ledger, size) = (&pair, &ledger, &size);
                    move || hand_in(pair, ledger, caller, size)
                })
            })
            .collect();
        let watcher = scope.spawn(|| watch(&pair, &ledger));
        let over = Over(&ledger.over);
        for blow in blows(&size, &mut chance) {
            strike(blow, &mut broker, &pair, &mut services, &mut chance);
        }
        callers.into_iter().for_each(|caller| caller.join().expect("a caller does not panic"));
        let numbers: Vec<String> = accepted(&ledger).into_values().collect();
        pair.wait_shipped(&numbers);
        drop(over);
        let looks = watcher.join().expect("nothing goes backwards");
        println!("{looks} looks at all orders, none saw one go back");
    });
    pair.wait_sent();
    let ledger = accepted(&ledger);
    assert_eq!(ledger.len(), size.orders);
    let tally = judge_pages(&pair, &ledger);
    println!("{tally}");
    expect_topics_whole(&pair, &ledger);
    services.wagon.terminate(SHORT).expect_code(0);
    services.dev.terminate(SHORT).expect_code(0);
    judge_stores(&pair, &ledger);
    println!("{} orders in {:.0?}: each once on both sides, shipped once", ledger.len(), began.elapsed());
}

const WAGON: &[&str] = &["--confirm-timeout", "3s"];
const DEV: &[&str] = &["--interval", "200ms"];

struct Services {
    wagon: Process,
    dev: Process,
}

fn accepted(ledger: &Ledger) -> BTreeMap<String, String> {
    ledger.accepted.lock().expect("no caller has panicked").clone()
}

/// Ends who watches, however the test ends.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Hands in orders, each until it is told yes; the same key each time.
fn hand_in(pair: &Pair, ledger: &Ledger, caller: usize, size: &Size) {
    for n in (caller..size.orders).step_by(CALLERS) {
        let key = format!("order-{n}");
        let number = wait_until("the order is accepted", LONG, || {
            let body = ORDER.replace("\"quantity\":2", &format!("\"quantity\":{}", n + 1));
            let answer = post(pair.wagon_port(), "/wagon-list/orders?wait=0s", &[("Idempotency-Key", &key)], &body)?;
            assert!(matches!(answer.status, 200 | 202 | 503), "{answer:?}");
            // A body that a kill cut short is no answer.
            let body: Value = serde_json::from_str(&answer.body).ok()?;
            (answer.status != 503).then(|| body["orderNumber"].as_str().map(str::to_owned))?
        });
        ledger.accepted.lock().expect("no caller has panicked").insert(key, number);
        wait_while_time_passes(size.pause);
    }
}

/// Looks at all orders again and again: none may go back. Says how many times.
fn watch(pair: &Pair, ledger: &Ledger) -> usize {
    let rank = |status: &str| ["NEW", "PROCESSING", "SHIPPED"].iter().position(|one| *one == status);
    let (mut seen, mut looks): (BTreeMap<String, Option<usize>>, usize) = (BTreeMap::new(), 0);
    while !ledger.over.load(Ordering::SeqCst) {
        let list = get(pair.wagon_port(), "/wagon-list/orders?limit=1000").filter(|answer| answer.status == 200);
        let list: Option<Value> = list.and_then(|list| serde_json::from_str(&list.body).ok());
        for order in list.iter().flat_map(|list| list["orders"].as_array().cloned().unwrap_or_default()) {
            let number = order["orderNumber"].as_str().expect("a number").to_owned();
            let now = rank(order["status"].as_str().expect("a status"));
            let before = seen.insert(number.clone(), now).flatten();
            assert!(now >= before, "{number} went back: {order}");
        }
        looks += usize::from(list.is_some());
        wait_while_time_passes(Duration::from_millis(300));
    }
    looks
}

fn blows(size: &Size, chance: &mut Chance) -> Vec<Blow> {
    let mut all = vec![Blow::Broker; size.broker_stops];
    all.extend(vec![Blow::Wagon; size.kills_each]);
    all.extend(vec![Blow::Dev; size.kills_each]);
    all.extend(vec![Blow::Cut; size.cuts]);
    chance.shuffled(all)
}

fn strike(blow: Blow, broker: &mut Broker, pair: &Pair, services: &mut Services, chance: &mut Chance) {
    let mut pause = |most_ms: u64| wait_while_time_passes(Duration::from_millis(100 + chance.below(most_ms)));
    pause(700);
    match blow {
        Blow::Broker => {
            broker.stop();
            pause(2_500);
            // Whatever waits for Kafka must outlive this, too.
            services.dev.kill_nine();
            services.dev = pair.dev(DEV);
            pause(1_000);
            broker.start_again();
        }
        Blow::Wagon => {
            services.wagon.kill_nine();
            services.wagon = pair.wagon(WAGON);
        }
        Blow::Dev => {
            services.dev.kill_nine();
            services.dev = pair.dev(DEV);
        }
        Blow::Cut => {
            pair.to_dev.cut();
            pause(300);
            pair.to_wagon.cut();
            pause(1_000);
            pair.to_dev.mend();
            pair.to_wagon.mend();
        }
    }
}

fn history(page: &Value) -> BTreeSet<(String, String, String)> {
    let text = |update: &Value, field: &str| update[field].as_str().unwrap_or_default().to_owned();
    let updates = page["history"].as_array().expect("a history").iter().filter(|update| update["id"].is_string());
    updates.map(|update| (text(update, "id"), text(update, "status"), text(update, "updateMessage"))).collect()
}

/// Holds every order that was accepted against both sides' pages.
fn judge_pages(pair: &Pair, ledger: &BTreeMap<String, String>) -> String {
    let expected: BTreeSet<&String> = ledger.values().collect();
    assert_eq!(expected.len(), ledger.len(), "each has a number of its own");
    for (port, path) in [(pair.wagon_port(), "/wagon-list/orders"), (pair.dev_port(), "/dev-materiels/orders")] {
        let numbers = Pair::numbers(port, path);
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>(), expected, "{path}: these and no others");
        assert_eq!(numbers.len(), expected.len(), "{path}: none twice");
    }
    let (mut roads, mut copies, mut receipts) = (BTreeMap::<String, u64>::new(), 0, BTreeSet::new());
    for number in ledger.values() {
        let (wagon, dev) = (pair.wagon_page(number), pair.dev_page(number));
        let (here, there) = (history(&wagon), history(&dev));
        assert_eq!(here, there, "{number}");
        assert_eq!(here.len(), 6, "{wagon:#}");
        assert_eq!(here.iter().filter(|(_, status, _)| status == "SHIPPED").count(), 1, "{wagon:#}");
        assert_eq!(wagon["receipt"], dev["receipt"], "{number}");
        assert_eq!(wagon["conflicts"], serde_json::json!([]));
        assert!(receipts.insert(dev["receipt"]["confirmationId"].as_str().expect("a receipt").to_owned()));
        for page in wagon["history"].as_array().into_iter().flatten().chain([&dev]) {
            *roads.entry(page["path"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            copies += page["copies"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum::<u64>();
        }
    }
    assert_eq!(page(pair.dev_port(), "/dev-materiels/quarantine")["total"], 0);
    assert_eq!(page(pair.wagon_port(), "/wagon-list/quarantine")["total"], 0);
    format!("accepted {}, first by {roads:?}, copies without effect {copies}", ledger.len())
}

/// Whatever HTTP has done, the topics have it all.
fn expect_topics_whole(pair: &Pair, ledger: &BTreeMap<String, String>) {
    let orders = pair.kafka.dump(&pair.topic("orders"));
    let keys: BTreeSet<Vec<u8>> = orders.iter().filter_map(|record| record.key.clone()).collect();
    let expected: BTreeSet<Vec<u8>> = ledger.values().map(|number| number.clone().into_bytes()).collect();
    assert_eq!(keys, expected);
    let updates = pair.kafka.dump(&pair.topic("order-updates"));
    let id = |record: &crate::harness::Record| {
        record.headers.iter().find(|(name, _)| name == b"ce_id").and_then(|(_, value)| value.clone())
    };
    let ids: BTreeSet<Vec<u8>> = updates.iter().filter_map(id).collect();
    assert_eq!(ids.len(), 6 * ledger.len());
    println!("records: {} of orders, {} of updates, copies among them", orders.len(), updates.len());
}

/// The stores say the same as the pages did.
fn judge_stores(pair: &Pair, ledger: &BTreeMap<String, String>) {
    const TABLES: [Table; 4] = [Table("orders"), Table("updates"), Table("outbox"), Table("open")];
    for name in ["wagon-lits", "dev-materiels"] {
        let path = pair.scratch.join(name).join(format!("{name}.redb"));
        let store = Store::open(&path, &TABLES, &Shutdown::new()).expect("the store opens");
        let view = store.view().expect("it can be read");
        let [orders, updates, outbox, open] = TABLES.map(|table| view.count(table).expect("it can be read"));
        let expected = ledger.len() as u64;
        assert_eq!((orders, updates, outbox, open), (expected, 6 * expected, 0, 0), "{name}");
        for number in ledger.values() {
            let row = view.get(TABLES[0], number.as_bytes()).expect("it can be read").expect("the order is there");
            let row: Value = serde_json::from_slice(&row).expect("JSON");
            assert_eq!(row["is_closed"], true, "{name}: {row}");
        }
    }
}
