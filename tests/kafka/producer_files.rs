//! Somebody's own orders: a file or a pipe, one JSON a line.

use crate::harness::{Need, Record, Run, Scratch, order, order_for, program, shared};
use libtest_mimic::Trial;
use std::io::Write;
use std::process::Stdio;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "producer_files",
        &[Need::Broker],
        [
            every_good_line_is_sent_and_every_bad_one_reported,
            strict_ends_at_the_first_bad_line,
            raw_sends_the_lines_as_they_are,
            a_pipe_is_read_to_its_end,
            a_last_line_without_line_end_is_a_line,
            crlf_ends_a_line_too,
            an_empty_file_is_nothing_to_do,
            a_missing_file_is_named,
            a_directory_is_no_file,
            a_line_that_is_too_large_fails_alone,
        ]
    )
}

fn from_file(scratch: &Scratch, topic: &str, content: impl AsRef<[u8]>) -> Run {
    let file = scratch.file("orders.jsonl", content);
    program("producer", scratch).cluster(&shared()).args(["--topic", topic]).arg("--file").arg(file)
}

/// The values on the topic, in the order in which they were sent.
fn values(topic: &str) -> Vec<Vec<u8>> {
    let records = shared().dump(topic);
    records.into_iter().map(|record: Record| record.value.expect("a value")).collect()
}

fn every_good_line_is_sent_and_every_bad_one_reported() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("file");
    let own = order_for(3, "client03", r#","note":"ours","rate":1.50"#);
    let lines =
        [order(1), "{\"order_id\":".into(), own.clone(), order(4).replace(r#""currency":"EUR","#, ""), order(5)];
    let exit = from_file(&scratch, &topic, lines.join("\n") + "\n").finish();
    exit.expect_code(0).expect_message(&["2", "4", "currency"]);
    assert_eq!(exit.last_line(), "sent=3 delivered=3 failed=0");
    let expected = [order(1), own, order(5)].map(String::into_bytes);
    assert_eq!(values(&topic), expected, "their bytes, nothing added");
    let keys: Vec<_> = kafka.dump(&topic).into_iter().map(|one| one.key).collect();
    let id: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let id = id["order_id"].as_str().map(|id| id.as_bytes().to_vec());
    assert_eq!(keys[0], id);
}

fn strict_ends_at_the_first_bad_line() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("strict");
    let lines = [order(1), order(2), "nonsense".into(), order(4)].join("\n");
    let exit = from_file(&scratch, &topic, lines).arg("--strict").finish();
    exit.expect_code(1).expect_message(&["3"]);
    assert_eq!(exit.last_line(), "sent=2 delivered=2 failed=0");
    assert_eq!(values(&topic).len(), 2);
}

fn raw_sends_the_lines_as_they_are() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("raw");
    let lines: Vec<Vec<u8>> = vec![
        order(1).into_bytes(),
        b"{\"order_id\":".to_vec(),
        b"caf\xe9 \xff\x00 \t trailing ".to_vec(),
        b"x".repeat(300_000),
        b"[]".to_vec(),
    ];
    let exit = from_file(&scratch, &topic, lines.join(&b'\n')).arg("--raw").finish();
    exit.expect_code(0);
    assert_eq!(exit.last_line(), "sent=5 delivered=5 failed=0");
    assert_eq!(values(&topic), lines);
}

fn a_pipe_is_read_to_its_end() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("pipe");
    let mut producer = program("producer", &scratch)
        .cluster(&kafka)
        .args(["--topic", &topic, "--file", "-"])
        .stdin(Stdio::piped())
        .start();
    let mut pipe = producer.take_stdin();
    for n in 0..1_000 {
        writeln!(pipe, "{}", order(n)).expect("the producer reads");
    }
    // It sends while the pipe is open: somebody may write an order a minute.
    crate::harness::wait_until("the first orders arrive", crate::harness::LONG, || {
        (kafka.count(&topic) >= 500).then_some(())
    });
    assert!(producer.is_running());
    drop(pipe);
    let exit = producer.wait(crate::harness::SHORT);
    exit.expect_code(0);
    assert_eq!(exit.last_line(), "sent=1000 delivered=1000 failed=0");
    let expected: Vec<Vec<u8>> = (0..1_000).map(|n| order(n).into_bytes()).collect();
    assert!(values(&topic) == expected, "in the pipe's order");
}

fn a_last_line_without_line_end_is_a_line() {
    let topic = shared().topic(1);
    let scratch = Scratch::new("no-lf");
    let exit = from_file(&scratch, &topic, [order(1), order(2)].join("\n")).finish();
    exit.expect_code(0);
    assert_eq!(values(&topic), [order(1), order(2)].map(String::into_bytes));
}

fn crlf_ends_a_line_too() {
    let topic = shared().topic(1);
    let scratch = Scratch::new("crlf");
    let content = format!("{}\r\n{}\r\n", order(1), order(2));
    from_file(&scratch, &topic, content).finish().expect_code(0);
    assert_eq!(values(&topic), [order(1), order(2)].map(String::into_bytes));
}

fn an_empty_file_is_nothing_to_do() {
    let topic = shared().topic(1);
    let scratch = Scratch::new("empty");
    let exit = from_file(&scratch, &topic, "").finish();
    exit.expect_code(0);
    assert_eq!(exit.last_line(), "sent=0 delivered=0 failed=0");
}

fn a_missing_file_is_named() {
    let topic = shared().topic(1);
    let scratch = Scratch::new("missing");
    let exit = program("producer", &scratch)
        .cluster(&shared())
        .args(["--topic", &topic, "--file", "no-such-orders.jsonl"])
        .finish();
    exit.expect_code(1).expect_message(&["no-such-orders.jsonl"]);
}

fn a_directory_is_no_file() {
    let topic = shared().topic(1);
    let scratch = Scratch::new("directory");
    let exit = program("producer", &scratch)
        .cluster(&shared())
        .args(["--topic", &topic])
        .arg("--file")
        .arg(scratch.path())
        .finish();
    let name = scratch.path().file_name().unwrap().to_str().unwrap();
    exit.expect_code(1).expect_message(&[name]);
}

fn a_line_that_is_too_large_fails_alone() {
    let kafka = shared();
    let topic = kafka.topic_with(1, &[("max.message.bytes", "20000")]);
    let scratch = Scratch::new("too-large");
    // Random enough that no compression makes it small.
    let noise: String = (0..2_500).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    let line = |n: u32| match n {
        150 => order_for(150, "client01", &format!(r#","note":"{noise}""#)),
        n => order(n),
    };
    let lines: Vec<String> = (1..=300).map(line).collect();
    let exit = from_file(&scratch, &topic, lines.join("\n")).finish();
    exit.expect_code(75).expect_message(&["line 150 was not delivered: too large"]);
    assert_eq!(exit.last_line(), "sent=300 delivered=299 failed=1");
    assert_eq!(values(&topic).len(), 299);
}
