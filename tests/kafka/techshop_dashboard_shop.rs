//! What the tests of `techshop dashboard` stand on: a shop of their own, its dashboard, and a count over its topics.

use crate::harness::{Browser, LONG, Process, Record, SHORT, Shop, free_port, get, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Shop {
    /// Decides what is ordered by now.
    #[track_caller]
    pub(crate) fn decide_all(&self) {
        self.process(&["--until-end"]).finish_within(LONG).expect_code(0);
    }

    /// Its dashboard, as soon as it has counted what is there.
    pub(crate) fn dashboard(&self, flags: &[&str]) -> Dashboard {
        self.dashboard_on(free_port(), flags)
    }

    /// The same on a port of the test's choice.
    pub(crate) fn dashboard_on(&self, port: u16, flags: &[&str]) -> Dashboard {
        let mut process = self.command(&["dashboard", "--port", &port.to_string()]).args(flags).start();
        wait_until("the dashboard is ready", LONG, || {
            assert!(process.is_running(), "it ended: {}", process.stderr());
            get(port, "/readyz").filter(|answer| answer.status == 200)
        });
        Dashboard { process, port }
    }

    /// Orders that somebody else wrote, one to a message.
    #[track_caller]
    pub(crate) fn order_raw(&self, orders: &[Vec<u8>]) {
        let records = orders.iter().map(|order| Record::new(0, order.clone()).key("k"));
        self.kafka.produce(&self.topic("orders"), &records.collect::<Vec<_>>());
    }

    /// What the topics tell when somebody else reads and adds them up.
    #[track_caller]
    pub(crate) fn counted(&self) -> Counted {
        let mut counted = Counted::default();
        let json = |record: &Record| serde_json::from_str::<Value>(record.text()).expect("JSON");
        for order in self.kafka.dump(&self.topic("analytics")).iter().map(json) {
            counted.confirmed += 1;
            let cents = (order["total"].as_f64().expect("a number") * 100.0).round() as u64;
            counted.revenue_cents += cents;
            let name = |field: &str| order[field].as_str().expect("a text").to_owned();
            let region = counted.regions.entry(name("customer_region")).or_default();
            *region = (region.0 + cents, region.1 + 1);
            let pieces = order["quantity"].as_u64().expect("a number");
            let product = counted.products.entry(name("product_name")).or_default();
            *product = (product.0 + cents, product.1 + pieces);
            *counted.product_orders.entry(name("product_name")).or_default() += 1;
        }
        for order in self.kafka.dump(&self.topic("errors")).iter().map(json) {
            match order["status"].as_str() {
                Some("out_of_stock") => counted.out_of_stock += 1,
                _ => counted.invalid += 1,
            }
        }
        counted
    }
}

/// Sums over a shop's topics.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) confirmed: u64,
    pub(crate) out_of_stock: u64,
    pub(crate) invalid: u64,
    pub(crate) revenue_cents: u64,
    /// Cents and orders.
    pub(crate) regions: BTreeMap<String, (u64, u64)>,
    /// Cents and pieces.
    pub(crate) products: BTreeMap<String, (u64, u64)>,
    pub(crate) product_orders: BTreeMap<String, u64>,
}

impl Counted {
    pub(crate) fn all(&self) -> u64 {
        self.confirmed + self.errors()
    }

    pub(crate) fn errors(&self) -> u64 {
        self.out_of_stock + self.invalid
    }
}

/// A dashboard that runs.
pub(crate) struct Dashboard {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Dashboard {
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> crate::harness::Answer {
        get(self.port, path).unwrap_or_else(|| panic!("{path} is not answered"))
    }

    /// Opens a page, and waits until its stream has told of it.
    #[track_caller]
    pub(crate) fn visit(&self, browser: &Browser, path: &str) {
        browser.go(&self.address(path));
        wait_until(&format!("{path} is live"), SHORT, || {
            (browser.value("document.querySelector('#live')?.dataset.tone") == json!("good")).then_some(())
        });
    }
}

/// A named text of the page that is shown.
pub(crate) fn text(name: &str) -> String {
    format!("[data-text='{name}']")
}

/// The texts of a table's cells, row by row.
#[track_caller]
pub(crate) fn rows(browser: &Browser, table: &str) -> Vec<Vec<String>> {
    let script = "const rows = document.querySelectorAll(`main tbody[data-table='${arguments[0]}'] tr`);
        return [...rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()))";
    serde_json::from_value(browser.run(script, &[json!(table)])).expect("rows of texts")
}

/// Cents as an English page has them: `€191,796.00`.
pub(crate) fn euros(cents: u64) -> String {
    format!("€{}.{:02}", thousands(cents / 100), cents % 100)
}

/// `1,234`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).expect("digits")).collect();
    parts.join(",")
}

/// An order as a customer's program would send it.
pub(crate) fn order(id: &str, more: &Value) -> Vec<u8> {
    let mut order = json!({
        "order_id": id, "customer_id": "alice.martin", "customer_email": "alice.martin@email.com",
        "customer_vip": true, "customer_region": "Paris", "product_id": "P005", "product_name": "Café Premium",
        "product_category": "Food", "price": 15, "quantity": 1, "total": 15,
        "timestamp": "2026-11-21T09:10:34.123456", "status": "pending",
    });
    for (name, value) in more.as_object().expect("an object") {
        order[name] = value.clone();
    }
    order.to_string().into_bytes()
}
