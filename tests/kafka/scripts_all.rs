//! `start.sh all`, and `start.sh` where ports are taken, in a copy of the house and on a broker of their own.

use crate::harness::{House, LONG, Need, Trail, get, one_start_at_a_time, runs, wait_until};
use crate::scripts::{is_quiet, wait_for_orders};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!("scripts_all", &[Need::Broker], [all_of_it_runs_over_one_broker, what_holds_a_port_is_told_and_gone_around])
}

/// Every process that `all` starts beside the broker.
const ALL: [&str; 11] = [
    "tracker",
    "producer",
    "techshop-process",
    "techshop-process-2",
    "techshop-analytics",
    "techshop-notify",
    "techshop-errors",
    "techshop-dashboard",
    "supply-dev-materiels",
    "supply-wagon-lits",
    "travel-consume",
];

/// What a part has printed.
fn said(house: &House, part: &str) -> String {
    std::fs::read_to_string(house.path().join(format!("{part}.out"))).unwrap_or_default()
}

/// The port that a service says it listens on; none when it goes without.
fn service_port(house: &House, part: &str) -> Option<u16> {
    let said = said(house, part);
    let started = said.lines().rev().find(|line| line.contains("\"event\":\"service.started\""))?;
    let started: serde_json::Value = serde_json::from_str(started).expect("a line of its log is JSON");
    started["metadata"]["listen"].as_str()?.rsplit(':').next()?.parse().ok()
}

fn all_of_it_runs_over_one_broker() {
    let house = House::new();
    // A dozen programs, one after the other.
    let started = {
        let _one_at_a_time = one_start_at_a_time();
        house.script("start.sh").args(["all", "--broker", "local"]).finish_within(2 * LONG)
    };
    started.expect_code(0);
    for text in ["sent=20 delivered=20", "8 events", "demo:", "techshop:", "supply:", "travel:", "./stop.sh"] {
        assert!(started.stdout.contains(text), "{text:?} in {}", started.stdout);
    }
    let parts = [&ALL[..], &["broker"]].concat();
    let pids: Vec<u32> =
        parts.iter().map(|part| house.pid(part).unwrap_or_else(|| panic!("there is no {part}.pid"))).collect();
    assert!(pids.iter().all(|pid| runs(*pid)), "{started:?}");
    // Each system has something to show, under names that no other one has.
    wait_for_orders(&house, 2);
    let shows = [
        ("techshop-process", "confirmed"),
        ("techshop-process-2", "process.standby"),
        ("techshop-notify", "confirmation   email"),
        ("supply-wagon-lits", "PROCESSING"),
        ("travel-consume", "est actuellement : CLOTUREE"),
    ];
    for (part, text) in shows {
        wait_until(&format!("{part} shows {text}"), LONG, || said(&house, part).contains(text).then_some(()));
    }
    let mut ports: Vec<u16> = ALL.iter().filter_map(|part| service_port(&house, part)).collect();
    if !started.stderr.contains("port 9464 is taken") {
        ports.push(9464);
    }
    assert!(ports.len() >= 4, "{ports:?} of {}", started.stderr);
    for port in &ports {
        wait_until(&format!("port {port} answers"), LONG, || {
            get(*port, "/readyz").filter(|answer| answer.status == 200)
        });
    }
    let dashboard = service_port(&house, "techshop-dashboard").expect("the page is always somewhere");
    wait_until("the shop's page counts its orders", LONG, || {
        let figures = get(dashboard, "/metrics")?.json();
        (figures["total_orders"].as_u64()? + figures["error_count"].as_u64()? == 20).then_some(())
    });

    let again = house.start(&["all", "--broker", "local"]);
    assert!(again.expect_code(0).stdout.contains("Already running"), "{}", again.stdout);
    let alone = house.start(&["techshop", "--broker", "local"]);
    assert!(alone.expect_code(0).stdout.contains("Already running"), "{}", alone.stdout);

    // Nobody else starts there in between.
    let one_at_a_time = one_start_at_a_time();
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &pids);
    for port in ports {
        assert!(get(port, "/readyz").is_none(), "somebody still listens on {port}");
    }
    drop(one_at_a_time);
    let again = house.stop(&[]);
    again.expect_code(0);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("Nothing of ours was running.\n", ""));
    Trail::read(house.path()).expect_unbroken();
    // As `travel consume` leaves it when somebody watched.
    for left in ["travel.snapshot", "travel.snapshot.lock"] {
        std::fs::write(house.path().join(left), "").expect("the house stands");
    }
    house.stop(&["--wipe", "--yes"]).expect_code(0);
    let entries = std::fs::read_dir(house.path()).expect("the house stands").flatten();
    let mut left: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left, [".broker", ".run", "Cargo.toml", "broker", "said", "scripts", "start.sh", "stop.sh"]);
    assert_eq!(std::fs::read_dir(house.path().join(".broker")).expect("it was made").count(), 1, "the jars alone");
}

fn what_holds_a_port_is_told_and_gone_around() {
    let house = House::new();
    let _one_at_a_time = one_start_at_a_time();
    // The broker's own port, and that of the page: whoever holds it already does as well as we do.
    let port = house.bootstrap().rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).expect("a port");
    let holder = std::net::TcpListener::bind(("127.0.0.1", port)).expect("it is free");
    let page = std::net::TcpListener::bind(("127.0.0.1", 9464));
    let started = house.script("start.sh").args(["--broker", "local"]).finish_within(LONG);
    started.expect_code(0);
    assert!(started.stdout.contains("held by something that is no Kafka"), "{}", started.stdout);
    for text in ["port 9464 is taken", "./stop.sh"] {
        assert!(started.stderr.contains(text), "{text} in {}", started.stderr);
    }
    assert!(!started.stdout.contains("http://127.0.0.1:9464/"), "nobody is sent there: {}", started.stdout);
    wait_for_orders(&house, 1);
    house.stop(&[]).expect_code(0);
    is_quiet(&house, &[]);
    drop((holder, page));
}
