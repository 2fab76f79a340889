//! Checkpoints in a topic of their own: they hold whoever has the trail to what it said.

use crate::harness::{
    Cluster, LONG, Need, Record, Scratch, drain, events, expect_sealed, finish_drain, folder_bytes, kcat, notes, order,
    program, shared, tracker, trail_dir, wait_for_event, wait_for_lines,
};
use libtest_mimic::Trial;
use ordertrail::doors::kafka::{Patience, TopicTerms, connect};
use ordertrail::tools::config::ClientSettings;
use ordertrail::tools::shutdown::Shutdown;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "tracker_anchors",
        &[Need::Broker],
        [a_topic_that_is_there_is_taken_as_it_is_and_what_it_refuses_is_told_once,]
    );
    all.extend(trials!(
        "tracker_anchors",
        &[Need::Broker, Need::Kcat],
        [a_trail_that_was_cut_is_found_by_what_stands_in_the_topic]
    ));
    all
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

fn terms(kafka: &Cluster, topic: &str) -> TopicTerms {
    let settings = ClientSettings { brokers: kafka.bootstrap().to_owned(), properties: BTreeMap::new() };
    let cluster = connect(&settings, Patience::UpTo(LONG), &Shutdown::new(), |_| {}).expect("the broker answers");
    cluster.topic_terms(topic).expect("the topic's settings may be read")
}

fn a_trail_that_was_cut_is_found_by_what_stands_in_the_topic() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let anchors = kafka.unused_name("anchors");
    let scratch = Scratch::new("anchors");
    let (dir, old) = (trail_dir(&scratch), scratch.join("old"));
    for part in 0..3 {
        kafka.produce(&topic, &orders(part * 20..part * 20 + 20));
        finish_drain(tracker(&kafka, &topic, &scratch).args(["--anchor-topic", &anchors]));
        if part == 1 {
            std::fs::create_dir_all(&old).unwrap();
            for (name, bytes) in folder_bytes(&dir) {
                std::fs::write(old.join(name), bytes).unwrap();
            }
        }
    }
    assert!(events(&dir, "anchor.failed").is_empty());
    assert_eq!(kafka.ends(&anchors).len(), 1, "one partition keeps them in order");
    let terms = terms(&kafka, &anchors);
    assert!(terms.largest_bytes.is_some(), "its settings are known");
    assert_eq!((terms.retention, terms.compacted), (None, false), "it keeps everything");

    let arguments: Vec<OsString> =
        ["-C", "-t", &anchors, "-o", "beginning", "-e", "-f", "%s"].map(OsString::from).into();
    let found = kcat(&kafka, &arguments, b"");
    assert!(notes(&found).len() >= 3, "each run signs at least once");
    let kept = scratch.file("kept", &found);
    let verify = |dir: &Path| {
        program("audit", &scratch).arg("--dir").arg(dir).args(["verify", "--anchors"]).arg(&kept).finish_within(LONG)
    };
    verify(&dir).expect_code(0);
    // In itself it is sound, and without its end.
    expect_sealed(&old);
    let cut = verify(&old);
    cut.expect_code(3);
    assert!(cut.stdout.contains("kept"), "it names the file of checkpoints: {}", cut.stdout);
}

fn a_topic_that_is_there_is_taken_as_it_is_and_what_it_refuses_is_told_once() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let anchors = kafka.topic_with(1, &[("retention.ms", "86400000"), ("max.message.bytes", "100")]);
    let scratch = Scratch::new("anchors-refused");
    kafka.produce(&topic, &orders(0..20));
    let mut running = tracker(&kafka, &topic, &scratch).args(["--anchor-topic", &anchors]).start();
    let dir = trail_dir(&scratch);
    wait_for_lines(&mut running, &dir, 20);
    wait_for_event(&dir, "anchor.failed");
    kafka.produce(&topic, &orders(20..40));
    wait_for_lines(&mut running, &dir, 40);
    running.terminate(LONG).expect_code(0);
    assert_eq!(events(&dir, "anchor.failed").len(), 1, "none arrived, and it was told");
    assert_eq!(terms(&kafka, &anchors).retention, Some(Duration::from_secs(86_400)), "nobody changed it");
    assert_eq!(kafka.count(&anchors), 0);
    drain(&kafka, &topic, &scratch);
    expect_sealed(&dir);
}
