//! An independent reading of what `techshop process` did: every kind of order, processes and brokers killed at
//! random, strangers in its group; then each topic is held against the contract by code that knows nothing of the
//! library's.
//!
//! `ORDERTRAIL_LONG_TESTS=1` makes it 20,000 orders, 30 kills and 5 of the broker. `ORDERTRAIL_SHOP_SEED` repeats the
//! orders and choices of an earlier run; the instants are those of the machine.

mod chains;
mod input;
mod ledger;
mod self_check;
mod verdict;

use crate::harness::{
    Broker, Chance, Cluster, LONG, Need, Process, Record, Run, Scratch, program, trial, wait_until,
    wait_while_time_passes,
};
use input::{Customers, PRODUCTS, catalogue, restock, surely_sold};
use ledger::{Tally, Topics, judge};
use libtest_mimic::Trial;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    let needs = &[Need::Broker, Need::Kcat];
    let mut trials = trials!("techshop_oracle", needs, [whatever_is_killed_each_order_is_decided_once]);
    let name = "techshop_oracle::the_oracle_finds_what_is_wrong";
    trials.push(trial(name.to_owned(), &[], self_check::the_oracle_finds_what_is_wrong));
    trials
}

const PREFIX: &str = "campaign.";
const PARTITIONS: i32 = 3;

/// What the broker waits for a writer that died, and what it may take on top to end its transaction.
const TRANSACTION_ENDS: Duration = Duration::from_secs(20);

/// Far above what a takeover takes; how long it really was is told.
const LONGEST_TAKEOVER: Duration = Duration::from_secs(10);

/// How much of everything.
struct Size {
    orders: usize,
    kills: usize,
    broker_kills: usize,
}

fn size() -> Size {
    match std::env::var_os("ORDERTRAIL_LONG_TESTS") {
        Some(_) => Size { orders: 20_000, kills: 30, broker_kills: 5 },
        None => Size { orders: 4_000, kills: 8, broker_kills: 1 },
    }
}

#[derive(Clone, Copy)]
enum Blow {
    KillProcess,
    KillBroker,
}

/// A broker, two processes, and a stranger in their group now and then.
struct Campaign {
    broker: Broker,
    kafka: Cluster,
    scratch: Scratch,
    catalogue: PathBuf,
    processes: Vec<Process>,
    stranger: Option<Process>,
    chance: Chance,
    customers: Customers,
    kills: usize,
    sentinels: usize,
    restocks: u64,
    takeovers: Vec<Duration>,
}

fn topic(name: &str) -> String {
    format!("{PREFIX}{name}")
}

impl Campaign {
    fn open() -> Campaign {
        let mut chance = Chance::seeded("ORDERTRAIL_SHOP_SEED");
        let broker = Broker::start();
        let kafka = broker.cluster();
        for name in ["orders", "notifications", "analytics", "inventory"] {
            kafka.make_topic(&topic(name), PARTITIONS);
        }
        for name in ["errors", "restocks"] {
            kafka.make_topic(&topic(name), 1);
        }
        let scratch = Scratch::new("shop");
        let catalogue = scratch.file("catalogue.json", catalogue());
        let customers = Customers::new(Chance::from_seed(chance.below(u64::MAX)), PARTITIONS as u64);
        let mut campaign = Campaign {
            broker,
            kafka,
            scratch,
            catalogue,
            processes: Vec::new(),
            stranger: None,
            chance,
            customers,
            kills: 0,
            sentinels: 0,
            restocks: 0,
            takeovers: Vec::new(),
        };
        campaign.processes = (0..2).map(|_| campaign.process().start()).collect();
        // A first start makes topics, which is no takeover.
        campaign.send_sentinels();
        wait_until("the first outcome", LONG, || (campaign.decided() > 0).then_some(()));
        campaign
    }

    fn process(&self) -> Run {
        let run = program("techshop", &self.scratch).cluster(&self.kafka).args(["--topic-prefix", PREFIX, "process"]);
        run.arg("--catalogue").arg(&self.catalogue).args(["--quiet", "--listen", "off"])
    }

    fn send(&mut self, count: usize) {
        let orders = self.customers.batch(count);
        self.kafka.produce(&topic("orders"), &orders);
        // Now and then more of something that is sold out, each message twice; and one that was sent long ago.
        if self.chance.below(3) == 0 {
            self.restocks += 1;
            let product = self.chance.below(PRODUCTS.len() as u64);
            let (product, _, _) = PRODUCTS[usize::try_from(product).expect("an index")];
            let new = Record::new(0, restock(self.restocks, product, 25));
            let old = Record::new(0, restock(0, PRODUCTS[0].0, 25));
            self.kafka.produce(&topic("restocks"), &[new.clone(), old, new]);
        }
    }

    /// An order in each partition that is surely confirmed; their numbers.
    fn send_sentinels(&mut self) -> Vec<String> {
        let mut numbers = Vec::new();
        for partition in 0..PARTITIONS {
            self.sentinels += 1;
            let number = format!("sentinel-{}", self.sentinels);
            let order = Record::new(partition, surely_sold(&number)).key(number.clone());
            self.kafka.produce(&topic("orders"), &[order]);
            numbers.push(number);
        }
        numbers
    }

    /// How far readers of outcomes can read.
    fn decided(&self) -> i64 {
        let ends = |name: &str| self.kafka.committed_ends(&topic(name)).values().sum::<i64>();
        ends("notifications") + ends("errors")
    }

    fn strike(&mut self, blow: Blow) {
        wait_while_time_passes(Duration::from_millis(self.chance.below(700)));
        for process in &mut self.processes {
            assert!(process.is_running(), "it ended by itself: {}", process.stderr());
        }
        match blow {
            Blow::KillProcess => self.kill_process(),
            Blow::KillBroker => {
                self.broker.kill_nine();
                // Sometimes a process dies as well, and starts without a broker.
                if self.chance.below(2) == 0 {
                    self.processes[1].kill_nine();
                    self.processes[1] = self.process().start();
                }
                self.broker.start_again();
            }
        }
    }

    /// One of the two in turn, whether it decides or stands by; the other goes on, and it comes back.
    fn kill_process(&mut self) {
        let victim = self.kills % 2;
        self.kills += 1;
        self.processes[victim].kill_nine();
        let before = self.decided();
        let began = Instant::now();
        self.processes[victim] = self.process().start();
        self.send(20);
        wait_until("an outcome after a kill", LONG, || (self.decided() > before).then_some(()));
        self.takeovers.push(began.elapsed());
    }

    /// Somebody joins the group under which the offsets are published, or leaves it.
    fn stranger_comes_or_goes(&mut self) {
        match self.stranger.take() {
            Some(mut stranger) => stranger.kill_nine(),
            None => {
                let run = Run::new("kcat", "kcat", &self.scratch).args(["-q", "-b", self.kafka.bootstrap(), "-G"]);
                self.stranger = Some(run.args(["order-processor", &topic("orders")]).start());
            }
        }
    }

    /// Waits until everything is decided, and lets the processes end.
    fn settle(&mut self) {
        self.stranger = None;
        let sentinels = self.send_sentinels();
        let began = Instant::now();
        wait_until("the last orders are decided", LONG, || {
            let told = self.kafka.dump(&topic("notifications"));
            let told: Vec<&[u8]> = told.iter().filter_map(|record| record.key.as_deref()).collect();
            sentinels.iter().all(|number| told.contains(&number.as_bytes())).then_some(())
        });
        eprintln!("techshop: settled after {:?}", began.elapsed());
        for name in ["notifications", "analytics", "inventory", "errors", "stock", "order-numbers"] {
            let name = topic(name);
            wait_until("no transaction is left open", TRANSACTION_ENDS, || {
                (self.kafka.committed_ends(&name) == self.kafka.ends(&name)).then_some(())
            });
        }
        for process in &mut self.processes {
            process.terminate(LONG).expect_code(0);
        }
    }

    fn topics(&self) -> Topics {
        let dump = |name: &str| self.kafka.dump(&topic(name));
        Topics {
            names: [topic("orders"), topic("restocks")],
            orders: dump("orders"),
            restocks: dump("restocks"),
            notifications: dump("notifications"),
            analytics: dump("analytics"),
            inventory: dump("inventory"),
            errors: dump("errors"),
            stock: dump("stock"),
            opening: PRODUCTS.iter().map(|(id, _, stock)| ((*id).to_owned(), *stock)).collect(),
        }
    }
}

fn whatever_is_killed_each_order_is_decided_once() {
    let began = Instant::now();
    let size = size();
    let mut campaign = Campaign::open();
    let mut blows = vec![Blow::KillProcess; size.kills];
    blows.extend(vec![Blow::KillBroker; size.broker_kills]);
    let blows = campaign.chance.shuffled(blows);
    let each = size.orders.div_ceil(blows.len());
    for (number, blow) in blows.into_iter().enumerate() {
        campaign.send(each);
        if number % 3 == 1 {
            campaign.stranger_comes_or_goes();
        }
        campaign.strike(blow);
    }
    campaign.settle();
    let tally = judge(&campaign.topics()).unwrap_or_else(|error| panic!("{error}"));
    let mut takeovers = campaign.takeovers.clone();
    takeovers.sort_unstable();
    let (middle, longest) = (takeovers[takeovers.len() / 2], takeovers[takeovers.len() - 1]);
    eprintln!(
        "techshop: {} kills, {} of the broker, {:?} in all; {tally:?}\n  until the first outcome after a kill: \
         median {middle:?}, longest {longest:?}",
        size.kills,
        size.broker_kills,
        began.elapsed()
    );
    let Tally { orders, confirmed, out_of_stock, invalid, reused, copies, restocks } = tally;
    assert!(orders >= size.orders, "all of them were sent");
    for (count, what) in [
        (confirmed, "confirmed"),
        (out_of_stock, "out of stock"),
        (invalid, "invalid"),
        (reused, "numbers used before"),
        (copies, "exact copies"),
        (restocks, "restocks"),
    ] {
        assert!(count > 0, "{what}: none, so it was not tried");
    }
    assert!(longest < LONGEST_TAKEOVER, "a takeover took {longest:?}");
}
