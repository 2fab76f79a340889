//! `audit replay`: what a trail holds goes into another topic exactly as it was, and nothing goes
//! where it would be lost.

use crate::harness::{
    Cluster, Exit, LONG, Need, Record, Run, Scratch, Trail, drain, kcat, order, program, shared, trail_dir,
};
use crate::hostile;
use libtest_mimic::Trial;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY_MS: i64 = 86_400_000;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "audit_replay",
        &[Need::Broker],
        [
            two_hundred_hostile_messages_are_the_same_after_a_replay,
            what_would_vanish_at_once_is_refused,
            a_target_that_would_change_or_refuse_messages_is_refused,
            a_selection_is_sent_in_the_order_of_its_partitions,
            what_the_broker_refuses_is_counted_and_told,
        ]
    );
    all.extend(trials!("audit_replay", &[Need::Broker, Need::Kcat], [header_names_that_are_no_text_are_sent_again]));
    all
}

fn replay(kafka: &Cluster, scratch: &Scratch, target: &str) -> Run {
    program("audit", scratch).cluster(kafka).arg("--dir").arg(trail_dir(scratch)).args(["replay", "--to-topic", target])
}

#[track_caller]
fn expect_all_sent(exit: &Exit, count: usize) {
    exit.expect_code(0);
    assert_eq!(exit.last_line(), format!("sent={count} delivered={count} failed=0"));
}

/// A recorded topic, and a name for its copy.
fn recorded(kafka: &Cluster, scratch: &Scratch, partitions: i32, records: &[Record]) -> (String, String) {
    let topic = kafka.topic(partitions);
    kafka.produce(&topic, records);
    drain(kafka, &topic, scratch);
    (topic, kafka.unused_name("copy"))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    i64::try_from(since.as_millis()).expect("and not that long after")
}

fn two_hundred_hostile_messages_are_the_same_after_a_replay() {
    let kafka = shared();
    let topic = kafka.topic_with(3, &hostile::TOPIC);
    let records: Vec<Record> = hostile::hostile_records().into_iter().map(|(record, _)| record).collect();
    kafka.produce(&topic, &records);
    let scratch = Scratch::new("replay");
    drain(&kafka, &topic, &scratch);
    let copy = kafka.unused_name("copy");

    let refused = replay(&kafka, &scratch, &copy).finish_within(LONG);
    refused.expect_code(1).expect_message(&["the time 0", "nothing was sent", "--yes"]);
    let sent = replay(&kafka, &scratch, &copy).arg("--yes").finish_within(LONG);
    expect_all_sent(&sent, records.len());

    let mut expected = kafka.dump(&topic);
    for record in &mut expected {
        // The one thing that Kafka's C client cannot send, as it was told.
        record.timestamp = record.timestamp.map(|time| time.max(1));
    }
    let copied = kafka.dump(&copy);
    assert_eq!(copied.len(), expected.len());
    for (copied, expected) in copied.iter().zip(&expected) {
        assert_eq!(copied, expected);
    }
    let again = Scratch::new("replayed");
    drain(&kafka, &copy, &again);
    Trail::read(&trail_dir(&again)).expect_records(&expected);
}

fn header_names_that_are_no_text_are_sent_again() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("replay-names");
    let payload = scratch.file("payload", order(1));
    for header in [&b"caf\xe9=latin1"[..], b"\xff\xfe", b"good="] {
        let mut arguments: Vec<OsString> =
            ["-P", "-t", &topic, "-p", "0", "-k", "key", "-H"].map(OsString::from).into();
        arguments.push(OsString::from_vec(header.to_vec()));
        arguments.push(payload.clone().into_os_string());
        kcat(&kafka, &arguments, b"");
    }
    drain(&kafka, &topic, &scratch);
    let copy = kafka.unused_name("copy");
    expect_all_sent(&replay(&kafka, &scratch, &copy).finish_within(LONG), 3);
    let copied = kafka.dump(&copy);
    assert_eq!(copied, kafka.dump(&topic));
    assert_eq!(copied[1].headers, [(b"\xff\xfe".to_vec(), None)]);
}

fn what_would_vanish_at_once_is_refused() {
    let kafka = shared();
    let scratch = Scratch::new("replay-old");
    let old = now_ms() - 3 * DAY_MS;
    let records = [Record::new(0, order(1)).at(old), Record::new(0, order(2)).at(now_ms())];
    let (topic, _) = recorded(&kafka, &scratch, 1, &records);
    let copy = kafka.topic_with(1, &[("retention.ms", "86400000")]);
    for flags in [&[][..], &["--dry-run"]] {
        let refused = replay(&kafka, &scratch, &copy).args(flags).finish_within(LONG);
        refused.expect_code(1).expect_message(&["retention.ms=86400000", "vanish", "--timestamps now", "--yes"]);
    }
    assert_eq!(kafka.count(&copy), 0);

    expect_all_sent(&replay(&kafka, &scratch, &copy).args(["--timestamps", "now"]).finish_within(LONG), 2);
    let times: Vec<i64> = kafka.dump(&copy).iter().filter_map(|record| record.timestamp).collect();
    assert!(times.iter().all(|time| *time > old + DAY_MS), "{times:?}");

    // A topic that is made for it keeps what is old.
    let kept = kafka.unused_name("kept");
    expect_all_sent(&replay(&kafka, &scratch, &kept).finish_within(LONG), 2);
    assert_eq!(kafka.dump(&kept), kafka.dump(&topic));
    assert_eq!(kafka.dump(&kept)[0].timestamp, Some(old));
}

fn a_target_that_would_change_or_refuse_messages_is_refused() {
    let kafka = shared();
    let scratch = Scratch::new("replay-refused");
    let records = [Record::new(0, order(1)), Record::new(2, order(2))];
    let (topic, _) = recorded(&kafka, &scratch, 3, &records);
    let narrow = kafka.topic(2);
    let refused = replay(&kafka, &scratch, &narrow).arg("--yes").finish_within(LONG);
    refused.expect_code(1).expect_message(&[&narrow, "2 partitions", "partitions up to 2"]);
    let itself = replay(&kafka, &scratch, &topic).finish_within(LONG);
    itself.expect_code(1).expect_message(&[&topic, "every message twice", "--yes"]);
    let stamped = kafka.topic_with(3, &[("message.timestamp.type", "LogAppendTime")]);
    replay(&kafka, &scratch, &stamped).finish_within(LONG).expect_code(1).expect_message(&["message.timestamp.type"]);
    let compacted = kafka.topic_with(3, &[("cleanup.policy", "compact")]);
    replay(&kafka, &scratch, &compacted).finish_within(LONG).expect_code(1).expect_message(&["compacted"]);
    for untouched in [&narrow, &stamped, &compacted] {
        assert_eq!(kafka.count(untouched), 0);
    }
    assert_eq!(kafka.count(&topic), 2);
    let nobody = Cluster::at("127.0.0.1:1");
    let away = replay(&nobody, &scratch, "copy").args(["--connect-timeout", "300ms"]).finish_within(LONG);
    away.expect_code(4).expect_message(&["no broker at 127.0.0.1:1"]);
}

fn a_selection_is_sent_in_the_order_of_its_partitions() {
    let kafka = shared();
    let scratch = Scratch::new("replay-part");
    let records: Vec<Record> = (0..60).map(|n| Record::new(n % 3, order(n as u32)).key("k")).collect();
    let (topic, copy) = recorded(&kafka, &scratch, 3, &records);
    let dry = replay(&kafka, &scratch, &copy).args(["--dry-run", "--from", "5", "--to", "15"]).finish_within(LONG);
    dry.expect_code(0);
    assert_eq!(dry.last_line(), format!("would send 30 messages to {copy}, which would be made with 3 partitions"));
    let sent = replay(&kafka, &scratch, &copy).args(["--from", "5", "--to", "15", "--rate", "100"]).finish_within(LONG);
    expect_all_sent(&sent, 30);
    let expected: Vec<Record> = kafka
        .dump(&topic)
        .into_iter()
        .filter(|record| (5..15).contains(&record.offset))
        .map(|record| Record { offset: record.offset - 5, ..record })
        .collect();
    assert_eq!(kafka.dump(&copy), expected);
}

fn what_the_broker_refuses_is_counted_and_told() {
    let kafka = shared();
    let scratch = Scratch::new("replay-large");
    let records = [Record::new(0, order(1)), Record::new(0, vec![b'x'; 100_000]), Record::new(0, order(2))];
    let (_, _) = recorded(&kafka, &scratch, 1, &records);
    let copy = kafka.topic_with(1, &[("max.message.bytes", "50000")]);
    let incompressible = replay(&kafka, &scratch, &copy).property("compression.type=none");
    let exit = incompressible.arg("--yes").finish_within(LONG);
    exit.expect_code(75).expect_message(&["0/1 was not delivered", "max.message.bytes"]);
    assert_eq!(exit.last_line(), "sent=3 delivered=2 failed=1");
    assert_eq!(kafka.count(&copy), 2);
}
