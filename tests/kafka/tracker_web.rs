//! `--listen`: metrics for Prometheus, and whether the tracker lives and is ready.

use crate::harness::{Broker, Cluster};
use crate::harness::{
    LONG, Need, Process, Record, SHORT, Scratch, events, free_port, group_of, order, shared, tracker, trail_dir,
    wait_for_event, wait_for_events, wait_for_lines, wait_until,
};
use libtest_mimic::Trial;
use std::io::{Read, Write};
use std::net::TcpStream;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_web",
        &[Need::Broker],
        [
            metrics_have_the_names_that_dashboards_know,
            health_and_readiness_are_told,
            without_a_broker_it_lives_and_is_not_ready,
            a_topic_that_is_deleted_is_told,
            without_the_flag_nothing_listens,
            a_crowd_of_open_pages_keeps_no_probe_out,
        ]
    )
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// A plain GET; `None` when nobody listens.
fn get(port: u16, path: &str) -> Option<Answer> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some(Answer { status: head.split(' ').nth(1)?.parse().ok()?, head: head.to_lowercase(), body: body.to_owned() })
}

fn listening(kafka: &Cluster, topic: &str, scratch: &Scratch) -> (Process, u16) {
    let port = free_port();
    let process = tracker(kafka, topic, scratch).args(["--listen", &format!("127.0.0.1:{port}")]).start();
    (process, port)
}

#[track_caller]
fn wait_for_status(port: u16, path: &str, status: u16) -> Answer {
    wait_until(&format!("{path} answers {status}"), SHORT, || get(port, path).filter(|answer| answer.status == status))
}

fn metrics_have_the_names_that_dashboards_know() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let records: Vec<Record> = (0..10).map(|n| Record::new(n % 2, order(n as u32))).collect();
    kafka.produce(&topic, &records);
    kafka.produce(&topic, &[Record::new(0, "no order")]);
    let scratch = Scratch::new("metrics");
    let (mut running, port) = listening(&kafka, &topic, &scratch);
    wait_for_lines(&mut running, &trail_dir(&scratch), 11);
    let group = group_of(&topic);
    let lag = wait_until("a lag of 0 in both partitions", SHORT, || {
        let body = get(port, "/metrics")?.body;
        let lag: Vec<String> = body
            .lines()
            .filter(|line| line.starts_with("kafka_consumergroup_lag{") && line.ends_with(" 0"))
            .map(str::to_owned)
            .collect();
        (lag.len() == 2).then_some(lag)
    });
    for line in &lag {
        assert!(line.contains(&format!("consumergroup=\"{group}\"")), "{line}");
        assert!(line.contains(&format!("topic=\"{topic}\"")), "{line}");
        assert!(line.contains("partition=\""), "{line}");
    }
    let answer = get(port, "/metrics").expect("it answers");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("openmetrics-text") || answer.head.contains("text/plain"));
    let body = &answer.body;
    for name in
        ["kafka_consumergroup_current_offset{", "kafka_topic_partition_current_offset{", "kafka_topic_partitions{"]
    {
        assert!(body.contains(name), "{name} in {body}");
    }
    assert!(body.contains("messaging_"), "OpenTelemetry's names: {body}");
    running.terminate(LONG).expect_code(0);
}

fn health_and_readiness_are_told() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("ready");
    let (mut running, port) = listening(&kafka, &topic, &scratch);
    wait_for_status(port, "/readyz", 200);
    wait_for_status(port, "/healthz", 200);
    wait_for_status(port, "/nothing", 404);
    running.terminate(LONG).expect_code(0);
    assert!(get(port, "/healthz").is_none(), "it is gone with the tracker");
}

fn without_a_broker_it_lives_and_is_not_ready() {
    let mut broker = Broker::not_started();
    let kafka = broker.cluster();
    let scratch = Scratch::new("not-ready");
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let run = tracker(&kafka, "orders", &scratch).args(["--listen", &listen, "--metrics-interval", "1s"]);
    let mut running = run.start();
    wait_for_status(port, "/healthz", 200);
    let answer = wait_for_status(port, "/readyz", 503);
    assert!(!answer.body.trim().is_empty(), "it says why");
    let figures = get(port, "/metrics").expect("it answers").body;
    let value = |name: &str| figures.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    assert_eq!(value("ordertrail_tracker_ready "), Some(0.0));
    assert!(value("ordertrail_tracker_disk_free_bytes ") > Some(0.0), "{figures}");
    assert!(value("ordertrail_tracker_memory_resident_bytes ") > Some(0.0), "{figures}");
    // Its absence is the alarm, and a tracker that waits for its first broker lives.
    wait_for_events(&trail_dir(&scratch), "tracker.metrics", 3);
    broker.start_again();
    wait_for_status(port, "/readyz", 200);
    broker.kill_nine();
    wait_for_status(port, "/readyz", 503);
    wait_for_status(port, "/healthz", 200);
    running.terminate(LONG).expect_code(0);
}

/// Lag stays 0 and the broker answers: nothing else says that nothing will ever come.
fn a_topic_that_is_deleted_is_told() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("deleted");
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    let run = tracker(&kafka, &topic, &scratch).args(["--listen", &listen, "--drain-timeout", "600s"]);
    let mut running = run.start();
    wait_for_status(port, "/readyz", 200);
    kafka.delete_topic(&topic);
    let answer = wait_until("it is not ready", LONG, || get(port, "/readyz").filter(|answer| answer.status == 503));
    assert!(answer.body.contains("is not there"), "{}", answer.body);
    let dir = trail_dir(&scratch);
    let told = wait_for_event(&dir, "topic.missing");
    assert_eq!(told.level(), "ERROR");
    assert_eq!(told.metadata()["topic"], topic.as_str());
    kafka.make_topic(&topic, 3);
    wait_for_event(&dir, "topic.back");
    wait_until("it is ready", LONG, || get(port, "/readyz").filter(|answer| answer.status == 200));
    assert_eq!(events(&dir, "topic.missing").len(), 1, "told once");
    // A stop does not wait for it.
    kafka.delete_topic(&topic);
    wait_for_events(&dir, "topic.missing", 2);
    running.terminate(LONG).expect_code(0);
}

fn a_crowd_of_open_pages_keeps_no_probe_out() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("crowd");
    let (mut running, port) = listening(&kafka, &topic, &scratch);
    wait_for_status(port, "/readyz", 200);
    let open = |path: &str, host: &str| {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        connection.write_all(request.as_bytes()).expect("it is sent");
        connection
    };
    let status = |mut connection: &TcpStream| {
        let mut line = [0; 12];
        connection.read_exact(&mut line).expect("it is answered");
        String::from_utf8_lossy(&line[9..]).into_owned()
    };
    assert_eq!(status(&open("/", "tracker.example")), "421", "no name of this machine");
    let streams: Vec<TcpStream> = (0..128).map(|_| open("/events?of=/", "localhost")).collect();
    let live = streams.iter().filter(|stream| status(stream) == "200").count();
    assert_eq!(live, 64, "pages that stay open leave half of the connections");
    // Others take what is left, and are sent away when nothing is.
    let others: Vec<TcpStream> =
        (0..128).map(|_| open("/nothing", "localhost")).inspect(|one| drop(status(one))).collect();
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(status(&open(path, "tracker.example:9464")), "200", "{path}");
    }
    drop((streams, others));
    running.terminate(LONG).expect_code(0);
}

fn without_the_flag_nothing_listens() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("no-listen");
    kafka.produce(&topic, &[Record::new(0, order(1))]);
    let mut running = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut running, &trail_dir(&scratch), 1);
    let listening = listening_sockets(running.pid());
    assert_eq!(listening, Some(0).filter(|_| listening.is_some()));
    running.terminate(LONG).expect_code(0);
}

/// How many listening TCP sockets a process has; `None` where `/proc` cannot tell.
fn listening_sockets(pid: u32) -> Option<usize> {
    let mut own = Vec::new();
    for descriptor in std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten() {
        let target = std::fs::read_link(descriptor.path()).unwrap_or_default();
        let target = target.to_string_lossy().into_owned();
        let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        own.extend(inode.map(str::to_owned));
    }
    let sockets = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).ok()?;
    const LISTEN: &str = "0A";
    let listens = |line: &&str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        columns.get(3) == Some(&LISTEN) && columns.get(9).is_some_and(|inode| own.iter().any(|one| one == inode))
    };
    Some(sockets.lines().filter(listens).count())
}
