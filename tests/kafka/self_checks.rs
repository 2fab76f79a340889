//! That the harness tells the truth, and can fail: a test that cannot fail proves nothing.

use crate::harness::{Broker, Ending, Line, Need, Record, Trail, order, placed, shared};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "self_checks",
        &[],
        [
            a_lost_a_doubled_and_a_misplaced_line_are_noticed,
            a_torn_or_broken_line_is_noticed,
            a_line_gives_back_its_bytes,
        ]
    );
    all.extend(trials!(
        "self_checks",
        &[Need::Broker],
        [what_was_written_is_what_is_read, only_committed_records_are_read, a_broker_keeps_its_records_and_its_port,]
    ));
    all
}

fn line(partition: i32, offset: i64, more: &str) -> String {
    format!(
        concat!(
            r#"{{"timestamp":"2026-11-21T09:12:30Z","event_type":"message.received","#,
            r#""kafka_topic":"t","kafka_partition":{},"kafka_offset":{},"raw_message":"x","#,
            r#""message_size":1,"deserialized":true{}}}"#,
            "\n",
        ),
        partition, offset, more
    )
}

fn record_of(line: &str) -> Record {
    Line::parse(line.trim_end()).expect("a line").record()
}

fn is_unbroken(lines: &[String]) -> bool {
    let trail = Trail::parse(&lines.concat());
    trail.is_ok_and(|trail| trail.unbroken().is_ok())
}

fn a_lost_a_doubled_and_a_misplaced_line_are_noticed() {
    let whole = [line(0, 0, ""), line(1, 0, ""), line(0, 1, ""), line(0, 2, "")];
    assert!(is_unbroken(&whole));
    let without = |gone: usize| {
        let mut lines = whole.to_vec();
        lines.remove(gone);
        lines
    };
    assert!(!is_unbroken(&without(0)));
    assert!(!is_unbroken(&without(2)));
    assert!(is_unbroken(&without(3)), "an end is no hole");
    let mut doubled = whole.to_vec();
    doubled.insert(3, line(0, 1, ""));
    assert!(!is_unbroken(&doubled));
    let mut swapped = whole.to_vec();
    swapped.swap(2, 3);
    assert!(!is_unbroken(&swapped));
    assert!(is_unbroken(&[line(0, 0, ""), line(0, 3, r#","gap_before":2"#)]));
    assert!(!is_unbroken(&[line(0, 0, ""), line(0, 3, r#","gap_before":1"#)]));
}

fn a_torn_or_broken_line_is_noticed() {
    let whole = line(0, 0, "");
    for cut in [1, 20, whole.len() - 2, whole.len() - 1] {
        let torn = whole[..cut].to_owned();
        assert!(!is_unbroken(std::slice::from_ref(&torn)), "{torn}");
        assert!(!is_unbroken(&[torn.clone(), whole.clone()]), "{torn}");
    }
    assert!(!is_unbroken(&["\n".to_owned()]));
    assert!(!is_unbroken(&[whole.replace('\n', "x\n")]));
}

fn a_line_gives_back_its_bytes() {
    let more = concat!(
        r#","kafka_timestamp":5,"kafka_key_b64":"/wA=","kafka_headers":[["a","b"],["n",null],"#,
        r#"[{"b64":"6Q=="},{"b64":"/w=="}]],"raw_message_b64":"/g==","kafka_timestamp_type":"log_append""#,
    );
    let text = line(2, 7, more);
    let expected = Record {
        partition: 2,
        offset: 7,
        timestamp: Some(5),
        log_append: true,
        key: Some(vec![0xff, 0]),
        value: Some(vec![0xfe]),
        headers: vec![(b"a".to_vec(), Some(b"b".to_vec())), (b"n".to_vec(), None), (vec![0xe9], Some(vec![0xff]))],
    };
    assert_eq!(record_of(&text), expected);
    let plain = record_of(&line(0, 0, ""));
    assert_eq!((plain.key, plain.value), (None, Some(b"x".to_vec())));
    let tombstone = line(0, 0, r#","payload_null":true,"kafka_key":"""#);
    let tombstone = record_of(&tombstone);
    assert_eq!((tombstone.key, tombstone.value), (Some(vec![]), None));
}

fn what_was_written_is_what_is_read() {
    let kafka = shared();
    let topic = kafka.topic_with(2, &[("retention.ms", "-1")]);
    let records = [
        Record::new(1, order(1)).key("k").at(77).header("h", None),
        Record::tombstone(0).at(78).key([0, 0xff]).header("é", Some(&[0xff])),
        Record::new(1, [0, 1, 0xff]).at(79).header("h", Some(b"")),
    ];
    let mut sent = placed(&records, &kafka.produce(&topic, &records));
    sent.sort_by_key(|record| (record.partition, record.offset));
    assert_eq!(kafka.dump(&topic), sent);
    assert_eq!(kafka.count(&topic), 3);
}

fn only_committed_records_are_read() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let one = |text: &str| [Record::new(0, text)];
    kafka.transact(&topic, &one("aborted"), Ending::Abort);
    kafka.transact(&topic, &one("committed"), Ending::Commit);
    kafka.transact(&topic, &one("open"), Ending::Open);
    kafka.produce(&topic, &one("after"));
    let read = kafka.dump(&topic);
    assert_eq!(read.len(), 1);
    assert_eq!((read[0].text(), read[0].offset), ("committed", 2));
    assert_eq!(kafka.count(&topic), 6, "markers have offsets as well");
}

fn a_broker_keeps_its_records_and_its_port() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &[Record::new(0, "first")]);
    broker.stop();
    assert!(!kafka.is_ready());
    broker.start_again();
    kafka.produce(&topic, &[Record::new(0, "second")]);
    broker.kill_nine();
    broker.start_again();
    let read = kafka.dump(&topic);
    let texts: Vec<&str> = read.iter().map(Record::text).collect();
    assert_eq!(texts, ["first", "second"]);
}
