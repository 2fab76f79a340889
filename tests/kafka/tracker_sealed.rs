//! What is sealed is there at every start as it was, or the tracker does not start, and touches nothing.

use crate::harness::{
    Cluster, Need, Record, Scratch, drain, expect_sealed, finish_drain, folder_bytes, order, shared, tracker,
    trail_dir, whole_trail,
};
use libtest_mimic::Trial;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_sealed",
        &[Need::Broker],
        [
            missing_or_altered_sealed_data_are_refused_with_65_and_nothing_is_touched,
            what_a_seal_does_not_need_may_be_missing,
            old_segments_may_be_archived,
            a_wrong_topic_leaves_nothing_behind,
        ]
    )
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

/// A folder with a trail of three segments, to be copied for each mischief.
struct Original {
    kafka: Cluster,
    topic: String,
    files: BTreeMap<String, Vec<u8>>,
}

fn original() -> Original {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("original");
    for part in 0..3 {
        kafka.produce(&topic, &orders(part * 20..part * 20 + 20));
        finish_drain(tracker(&kafka, &topic, &scratch).args(["--rotate-size", "30000"]));
    }
    let dir = trail_dir(&scratch);
    expect_sealed(&dir);
    let files = folder_bytes(&dir);
    assert!(files.contains_key("tracker.events.21"), "{:?}", files.keys());
    Original { kafka, topic, files }
}

impl Original {
    fn copy(&self, dir: &Path) {
        std::fs::create_dir_all(dir).unwrap();
        for (name, bytes) in &self.files {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
}

/// A mischief by name.
type Mischief = (&'static str, fn(&Path));

const REFUSED: &[Mischief] = &[
    ("the newest segment is gone", |dir| std::fs::remove_file(dir.join("tracker.events")).unwrap()),
    ("the newest segment is empty", |dir| change(&dir.join("tracker.events"), Vec::clear)),
    ("its last line is gone", |dir| {
        change(&dir.join("tracker.events"), |bytes| {
            bytes.pop();
            bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').unwrap() + 1);
        });
    }),
    ("its last byte is gone", |dir| change(&dir.join("tracker.events"), |bytes| bytes.truncate(bytes.len() - 1))),
    ("a byte of its last line is another", |dir| {
        change(&dir.join("tracker.events"), |bytes| {
            let at = bytes.len() - 9;
            bytes[at] ^= 1;
        });
    }),
    ("the seal is no seal", |dir| change(&dir.join("tracker.events.seal"), |bytes| bytes.truncate(40))),
    ("the seal says another root", |dir| {
        change(&dir.join("tracker.events.seal"), |bytes| {
            let root = bytes.windows(8).position(|text| text == b"\"root\":\"").unwrap() + 9;
            bytes[root] = if bytes[root] == b'A' { b'B' } else { b'A' };
        });
    }),
    ("the seal and the lines are gone", |dir| {
        std::fs::remove_file(dir.join("tracker.events")).unwrap();
        std::fs::remove_file(dir.join("tracker.events.seal")).unwrap();
    }),
    ("the seal is gone, and a line is another", |dir| {
        std::fs::remove_file(dir.join("tracker.events.seal")).unwrap();
        change(&dir.join("tracker.events"), |bytes| {
            let at = bytes.windows(5).position(|text| text == b"Paris").unwrap();
            bytes[at] = b'B';
        });
    }),
    ("the seal, the last line and the public key are gone, and the checkpoints are torn", |dir| {
        std::fs::remove_file(dir.join("tracker.events.seal")).unwrap();
        std::fs::remove_file(dir.join("tracker.events.pub")).unwrap();
        change(&dir.join("tracker.events"), |bytes| {
            bytes.pop();
            bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').unwrap() + 1);
        });
        change(&dir.join("tracker.events.checkpoints"), |bytes| bytes.extend_from_slice(b"ordertrail/ord"));
    }),
];

fn missing_or_altered_sealed_data_are_refused_with_65_and_nothing_is_touched() {
    let original = original();
    for (what, mischief) in REFUSED {
        let scratch = Scratch::new("altered");
        let dir = trail_dir(&scratch);
        original.copy(&dir);
        mischief(&dir);
        let before = folder_bytes(&dir);
        let exit = tracker(&original.kafka, &original.topic, &scratch).arg("--until-end").finish();
        assert_eq!(exit.code, Some(65), "{what}: {exit:?}");
        exit.expect_message(&["Nothing was touched", "audit verify"]);
        let after = folder_bytes(&dir);
        assert!(before == after, "{what}: {:?} became {:?}", before.keys(), after.keys());
    }
}

fn what_a_seal_does_not_need_may_be_missing() {
    let original = original();
    for name in ["index", "pub"] {
        let scratch = Scratch::new("missing");
        let dir = trail_dir(&scratch);
        original.copy(&dir);
        std::fs::remove_file(dir.join(format!("tracker.events.{name}"))).unwrap();
        assert_eq!(drain(&original.kafka, &original.topic, &scratch).received, 0, "{name}");
        expect_sealed(&dir);
    }
    // The seal itself is found again from the lines and the checkpoints.
    let scratch = Scratch::new("missing");
    let dir = trail_dir(&scratch);
    original.copy(&dir);
    std::fs::remove_file(dir.join("tracker.events.seal")).unwrap();
    assert_eq!(drain(&original.kafka, &original.topic, &scratch).received, 0);
    expect_sealed(&dir);
}

fn old_segments_may_be_archived() {
    let original = original();
    let scratch = Scratch::new("archived");
    let dir = trail_dir(&scratch);
    original.copy(&dir);
    for segment in ["1", "21"] {
        std::fs::rename(dir.join(format!("tracker.events.{segment}")), scratch.join(segment)).unwrap();
    }
    original.kafka.produce(&original.topic, &orders(60..70));
    assert_eq!(drain(&original.kafka, &original.topic, &scratch).received, 10);
    for segment in ["1", "21"] {
        std::fs::rename(scratch.join(segment), dir.join(format!("tracker.events.{segment}"))).unwrap();
    }
    expect_sealed(&dir);
    assert_eq!(whole_trail(&dir).records(), original.kafka.dump(&original.topic));
}

fn a_wrong_topic_leaves_nothing_behind() {
    let kafka = shared();
    let (topic, other) = (kafka.topic(1), kafka.topic(1));
    kafka.produce(&topic, &orders(0..3));
    let first = Scratch::new("first");
    drain(&kafka, &topic, &first);
    // Nothing but the lines, as the Go program leaves them.
    let scratch = Scratch::new("wrong");
    let dir = trail_dir(&scratch);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(trail_dir(&first).join("tracker.events"), dir.join("tracker.events")).unwrap();
    let before = folder_bytes(&dir);
    let exit = tracker(&kafka, &other, &scratch).arg("--until-end").finish();
    exit.expect_code(1).expect_message(&[&topic]);
    assert!(before == folder_bytes(&dir), "no key of the wrong name");
    drain(&kafka, &topic, &scratch);
    let origin = expect_sealed(&dir).seal["origin"].to_string();
    assert!(origin.contains(&topic), "{origin}");
}
