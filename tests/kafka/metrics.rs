//! The figures that the alerts and the dashboard of `deploy/` ask for are those that running programs export.

#[path = "../shipping/figures.rs"]
mod asked;

use crate::harness::{
    LONG, Need, Process, Record, Run, Scratch, free_port, get, order, program, shared, tracker, wait_until,
};
use libtest_mimic::Trial;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn trials() -> Vec<Trial> {
    trials!("metrics", &[Need::Broker], [what_alerts_and_dashboard_ask_for_is_exported])
}

/// A program with the port and the path of its figures.
struct Service {
    process: Process,
    port: u16,
    path: &'static str,
}

fn service(run: Run, port: u16, path: &'static str) -> Service {
    Service { process: run.start(), port, path }
}

fn what_alerts_and_dashboard_ask_for_is_exported() {
    let kafka = shared();
    let scratch = Scratch::new("metrics-asked");
    let topic = kafka.topic(1);
    kafka.produce(&topic, &[Record::new(0, order(1)), Record::new(0, "no order")]);
    let prefix = format!("{}.", kafka.unused_name("figures"));
    let of_shop = |arguments: &[&str]| {
        program("techshop", &scratch).cluster(&kafka).args(["--topic-prefix", &prefix]).args(arguments)
    };
    of_shop(&["setup-topics"]).finish().expect_code(0);

    let mut services = Vec::new();
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    services.push(service(
        tracker(&kafka, &topic, &scratch).args(["--listen", &listen, "--metrics-interval", "1s"]),
        port,
        "/metrics",
    ));
    for name in ["process", "notify", "errors"] {
        let port = free_port();
        let group = format!("{prefix}{name}");
        let run = of_shop(&[name, "--listen", &format!("127.0.0.1:{port}"), "--group", &group]);
        services.push(service(run, port, "/metrics"));
    }
    let port = free_port();
    services.push(service(of_shop(&["dashboard", "--port", &port.to_string()]), port, "/metrics/prometheus"));
    let port = free_port();
    let supply = program("supply", &scratch).cluster(&kafka).args(["--topic-prefix", &prefix, "wagon-lits"]);
    let supply = supply.args(["--dir", "supply", "--count", "0", "--port", &port.to_string()]);
    services.push(service(supply, port, "/metrics"));

    let mut missing = Vec::new();
    wait_until("all figures that are asked for are exported", LONG, || {
        let mut exported: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for service in &mut services {
            assert!(service.process.is_running(), "{}", service.process.stderr());
            let text = get(service.port, service.path).filter(|answer| answer.status == 200)?.body;
            for (figure, labels) in asked::exported(&text) {
                exported.entry(figure).or_default().extend(labels);
            }
        }
        let now = asked::missing(&exported);
        if now != missing {
            println!("{}", now.join("\n"));
            missing = now;
        }
        missing.is_empty().then_some(())
    });
    services.iter_mut().for_each(|service| {
        service.process.terminate(LONG).expect_code(0);
    });
}
