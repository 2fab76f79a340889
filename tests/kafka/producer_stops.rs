//! How the producer ends: on a signal, without its broker, without anybody who reads its output.

use crate::harness::{
    Broker, Cluster, LONG, Need, Process, Record, Run, SHORT, Scratch, Signal, order, program, shared, wait_until,
    wait_while_time_passes,
};
use clap::Parser as _;
use libtest_mimic::Trial;
use ordertrail::programs::producer::{ProducerArgs, Terminal, run};
use ordertrail::tools::exit::Exit;
use ordertrail::tools::shutdown::Shutdown;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "producer_stops",
        &[Need::Broker],
        [
            sigterm_at_half_all_that_was_sent_was_delivered,
            sigint_is_the_same,
            with_the_broker_gone_it_says_how_many_are_missing,
            a_second_signal_ends_it_at_once,
            a_pipe_that_is_closed_is_a_quiet_end,
            a_pipe_that_nobody_reads_stops_nothing,
            it_waits_for_a_broker_that_comes_later,
            a_panic_of_who_hears_of_deliveries_is_an_end_that_says_so,
        ]
    )
}

fn endless(cluster: &Cluster, topic: &str, scratch: &Scratch) -> Run {
    program("producer", scratch).cluster(cluster).args(["--topic", topic])
}

/// `sent=N delivered=N failed=N`.
#[track_caller]
fn numbers(line: &str) -> (i64, i64, i64) {
    let number = |name: &str| -> i64 {
        let mut parts = line.split(' ').filter_map(|part| part.split_once('='));
        let (_, number) = parts.find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no {name}= in {line:?}"));
        number.parse().expect("a number")
    };
    (number("sent"), number("delivered"), number("failed"))
}

fn sequence(record: &Record) -> i64 {
    let order: Value = serde_json::from_str(record.text()).expect("an order is JSON");
    order["sequence"].as_i64().expect("a number")
}

fn stopped_at_half(signal: Signal) {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("half");
    let began = Instant::now();
    let mut producer = endless(&kafka, &topic, &scratch).args(["--count", "10000", "--rate", "2000"]).start();
    wait_until("half of the orders are there", LONG, || {
        assert!(producer.is_running(), "{}", producer.stderr());
        (kafka.count(&topic) >= 5_000).then_some(())
    });
    assert!(
        began.elapsed() >= Duration::from_millis(2_300),
        "2000 orders a second are not more: {:?}",
        began.elapsed()
    );
    producer.signal(signal);
    let exit = producer.wait(SHORT);
    exit.expect_code(0);
    let (sent, delivered, failed) = numbers(exit.last_line());
    assert_eq!((sent, failed), (delivered, 0));
    assert!(sent < 10_000, "it stopped before its count: {sent}");
    assert_eq!(kafka.count(&topic), delivered, "the topic agrees");
    let mut sequences: Vec<i64> = kafka.dump(&topic).iter().map(sequence).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=sent).collect::<Vec<i64>>(), "none burnt");
}

fn sigterm_at_half_all_that_was_sent_was_delivered() {
    stopped_at_half(Signal::TERM);
}

fn sigint_is_the_same() {
    stopped_at_half(Signal::INT);
}

fn delivered_lines(producer: &Process) -> usize {
    producer.stdout().lines().count()
}

fn with_the_broker_gone_it_says_how_many_are_missing() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("gone");
    let mut producer = endless(&kafka, &topic, &scratch).args(["--rate", "200", "--flush-timeout", "2s"]).start();
    wait_until("some orders are delivered", LONG, || (delivered_lines(&producer) >= 100).then_some(()));
    broker.kill_nine();
    // At 200 a second there are orders by then which nobody can have taken.
    wait_while_time_passes(Duration::from_secs(1));
    producer.signal(Signal::TERM);
    let asked = Instant::now();
    let exit = producer.wait(SHORT);
    exit.expect_code(75);
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let (sent, delivered, failed) = numbers(exit.last_line());
    assert_eq!(sent, delivered + failed);
    assert!(failed > 0, "{}", exit.last_line());
    assert_eq!(exit.stdout.lines().count() as i64, delivered + 1, "a line each");
    exit.expect_message(&[&failed.to_string()]);

    broker.start_again();
    let records = kafka.dump(&topic);
    assert!(records.len() as i64 >= delivered, "what was acknowledged is there");
    let mut sequences: Vec<i64> = records.iter().map(sequence).collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), records.len(), "none twice");
}

fn a_second_signal_ends_it_at_once() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("second-signal");
    let mut producer = endless(&kafka, &topic, &scratch).args(["--rate", "200", "--flush-timeout", "120s"]).start();
    wait_until("some orders are delivered", LONG, || (delivered_lines(&producer) >= 20).then_some(()));
    broker.kill_nine();
    wait_while_time_passes(Duration::from_millis(500));
    let said_before = producer.stderr().len();
    producer.signal(Signal::TERM);
    wait_until("it says that it stops", SHORT, || (producer.stderr().len() > said_before).then_some(()));
    assert!(producer.is_running(), "it flushes");
    producer.signal(Signal::TERM);
    producer.wait(Duration::from_secs(5)).expect_code(130);
}

fn a_pipe_that_is_closed_is_a_quiet_end() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("closed-pipe");
    let (mut producer, pipe) =
        endless(&kafka, &topic, &scratch).args(["--count", "100000", "--rate", "2000"]).start_piped();
    let mut lines = BufReader::new(pipe).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok()));
    drop(lines);
    let exit = producer.wait(SHORT);
    exit.expect_code(0);
    for noise in ["panicked", "Broken pipe", "broken pipe"] {
        assert!(!exit.stderr.contains(noise), "{}", exit.stderr);
    }
}

fn a_pipe_that_nobody_reads_stops_nothing() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("unread-pipe");
    let (mut producer, pipe) =
        endless(&kafka, &topic, &scratch).args(["--rate", "20000", "--flush-timeout", "3s"]).start_piped();
    // More than the pipe and the lines that wait for it can hold.
    wait_until("orders go on", LONG, || (kafka.count(&topic) >= 100_000).then_some(()));
    producer.signal(Signal::TERM);
    let asked = Instant::now();
    let exit = producer.wait(SHORT);
    exit.expect_code(0);
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    drop(pipe);
}

fn it_waits_for_a_broker_that_comes_later() {
    let mut broker = Broker::not_started();
    let kafka = broker.cluster();
    let scratch = Scratch::new("waits");
    let mut producer = endless(&kafka, "orders", &scratch).args(["--rate", "100"]).start();
    producer.wait_for_output(kafka.bootstrap(), SHORT);
    broker.start_again();
    wait_until("orders are delivered", LONG, || {
        assert!(producer.is_running(), "it ended: {}", producer.stderr());
        (delivered_lines(&producer) >= 20).then_some(())
    });
    let exit = producer.terminate(SHORT);
    exit.expect_code(0);
    let (sent, delivered, _) = numbers(exit.last_line());
    assert_eq!(sent, delivered);
    assert_eq!(kafka.count("orders"), delivered);
}

/// What a run says, which the thread that hears of deliveries cannot say without a panic.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<String>>);

impl Said {
    fn text(&self) -> String {
        self.0.lock().expect("no panic with the lock").clone()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert_ne!(std::thread::current().name(), Some("deliveries"), "on purpose");
        self.0.lock().expect("no panic with the lock").push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The run once waited for ever for reports that nobody heard.
fn a_panic_of_who_hears_of_deliveries_is_an_end_that_says_so() {
    let kafka = shared();
    let topic = kafka.topic_with(1, &[("max.message.bytes", "20000")]);
    let scratch = Scratch::new("deaf");
    // Random enough that no compression makes it small; that it was refused is what cannot be said.
    let noise: String = (0..2_500).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    let file = scratch.join("orders.jsonl");
    // While there is more to send, and when all is sent.
    for (too_large, rate) in [(5, "100"), (300, "10000")] {
        let line = |n: u32| if n == too_large { format!("{{\"note\":\"{noise}\"}}") } else { order(n) };
        let lines: Vec<String> = (1..=300).map(line).collect();
        std::fs::write(&file, lines.join("\n")).expect("it is ours");
        let path = file.to_str().expect("a plain path");
        let flags = ["producer", "-b", kafka.bootstrap(), "--topic", &topic, "--file", path, "--raw", "--rate", rate];
        let config = ProducerArgs::parse_from(flags).check().expect("the flags are good");
        let (stdout, stderr) = (Said::default(), Said::default());
        let terminal = Terminal {
            stdout: Box::new(stdout.clone()),
            stderr: Box::new(stderr.clone()),
            color: false,
            stdout_is_terminal: false,
            stdout_is_file: true,
            stderr_is_terminal: false,
        };
        assert_eq!(run(&config, &Shutdown::new(), terminal), Exit::Undelivered, "{}", stderr.text());
        let (stdout, stderr) = (stdout.text(), stderr.text());
        assert!(stderr.contains("the thread that hears of deliveries panicked"), "{stderr}");
        let (sent, delivered, failed) = numbers(stdout.lines().last().unwrap_or_default());
        assert_eq!((sent, sent < 300), (delivered + failed, too_large == 5), "{stdout}");
    }
}
