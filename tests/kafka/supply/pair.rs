//! The two services under test, and reading what they tell.

use crate::harness::{Answer, Cluster, LONG, Process, Proxy, Run, SHORT, Scratch, get, program, send, wait_until};
use serde_json::Value;

/// Both services with their folders, each behind a network that can be cut.
pub(crate) struct Pair {
    pub(crate) kafka: Cluster,
    pub(crate) prefix: String,
    pub(crate) scratch: Scratch,
    /// Between who calls and wagon-lits, and the same for dev-materiels.
    pub(crate) to_wagon: Proxy,
    pub(crate) to_dev: Proxy,
}

impl Pair {
    pub(crate) fn new(kafka: Cluster) -> Pair {
        let prefix = format!("{}.", kafka.unused_name("supply"));
        Pair { kafka, prefix, scratch: Scratch::new("supply"), to_wagon: Proxy::of_bytes(), to_dev: Proxy::of_bytes() }
    }

    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Where wagon-lits answers.
    pub(crate) fn wagon_port(&self) -> u16 {
        self.to_wagon.target_port()
    }

    /// Where dev-materiels answers.
    pub(crate) fn dev_port(&self) -> u16 {
        self.to_dev.target_port()
    }

    fn service(&self, name: &str, port: u16, peer: u16, flags: &[&str]) -> Run {
        program("supply", &self.scratch)
            .cluster(&self.kafka)
            .args(["--topic-prefix", &self.prefix, name, "--dir", name, "--port", &port.to_string()])
            .args(["--peer", &format!("http://127.0.0.1:{peer}")])
            .args(["--kafka-timeout", "500ms"])
            .args(flags)
    }

    /// wagon-lits as it is started. Without `--count` it makes no orders by the clock.
    pub(crate) fn wagon_run(&self, flags: &[&str]) -> Run {
        let quiet: &[&str] = if flags.contains(&"--count") { &[] } else { &["--count", "0"] };
        self.service("wagon-lits", self.wagon_port(), self.to_dev.port(), &[quiet, flags].concat())
    }

    /// dev-materiels as it is started.
    pub(crate) fn dev_run(&self, flags: &[&str]) -> Run {
        self.service("dev-materiels", self.dev_port(), self.to_wagon.port(), flags)
    }

    /// wagon-lits, answering.
    pub(crate) fn wagon(&self, flags: &[&str]) -> Process {
        answering(self.wagon_run(flags).start(), self.wagon_port())
    }

    /// dev-materiels, answering.
    pub(crate) fn dev(&self, flags: &[&str]) -> Process {
        answering(self.dev_run(flags).start(), self.dev_port())
    }

    /// wagon-lits' page of an order.
    pub(crate) fn wagon_page(&self, number: &str) -> Value {
        page(self.wagon_port(), &format!("/wagon-list/orders/{number}"))
    }

    /// dev-materiels' page of an order.
    pub(crate) fn dev_page(&self, number: &str) -> Value {
        page(self.dev_port(), &format!("/dev-materiels/orders/{number}"))
    }

    /// Waits until wagon-lits has seen these shipped, without a hole.
    pub(crate) fn wait_shipped(&self, numbers: &[String]) {
        for number in numbers {
            wait_until(&format!("{number} is shipped"), LONG, || {
                let page = self.wagon_page(number);
                (page["status"] == "SHIPPED" && page["hasHole"] == false).then_some(())
            });
        }
    }

    /// Waits until Kafka has acknowledged all that both have sent.
    pub(crate) fn wait_sent(&self) {
        for port in [self.wagon_port(), self.dev_port()] {
            wait_until("nothing waits for Kafka", LONG, || {
                let ready = get(port, "/readyz")?.json();
                (ready["outbox"]["rows"] == 0).then_some(())
            });
        }
    }

    /// The numbers of all orders of a service.
    pub(crate) fn numbers(port: u16, path: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let after = all.last().map(|last| format!("&after={last}")).unwrap_or_default();
            let list = page(port, &format!("{path}?limit=1000{after}"));
            let orders = list["orders"].as_array().expect("a list");
            if orders.is_empty() {
                return all;
            }
            all.extend(orders.iter().map(|order| order["orderNumber"].as_str().expect("a number").to_owned()));
        }
    }

    /// Orders something; its number.
    pub(crate) fn order(&self, key: &str) -> String {
        let answer = post(self.wagon_port(), "/wagon-list/orders?wait=0s", &[("Idempotency-Key", key)], ORDER);
        let answer = answer.expect("it answers");
        assert!(matches!(answer.status, 200 | 202), "{answer:?}");
        answer.json()["orderNumber"].as_str().expect("a number").to_owned()
    }
}

/// An order that has no number yet.
pub(crate) const ORDER: &str =
    r#"{"department":"Essais","priority":"NORMAL","materials":[{"name":"Vitres sécurisées","quantity":2}]}"#;

/// The same with a number.
pub(crate) fn numbered(number: &str) -> String {
    format!(r#"{{"orderNumber":"{number}","date":"2026-11-21T09:41:05Z",{}"#, ORDER.trim_start_matches('{'))
}

/// A POST of JSON.
pub(crate) fn post(port: u16, target: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend_from_slice(headers);
    send(port, "POST", target, &all, body)
}

#[track_caller]
pub(crate) fn page(port: u16, target: &str) -> Value {
    get(port, target).expect("it answers").json()
}

/// The process, once it answers.
pub(crate) fn answering(mut process: Process, port: u16) -> Process {
    wait_until("the service answers", SHORT, || {
        assert!(process.is_running(), "it ended: {}", process.stderr());
        get(port, "/healthz").map(|_| ())
    });
    process
}
