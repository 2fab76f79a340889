//! The last values of a compacted topic, read back.

use crate::consumer_watch::connected;
use crate::harness::{LONG, Need, Record, shared};
use libtest_mimic::Trial;
use ordertrail::doors::kafka::Reach;

pub(crate) fn trials() -> Vec<Trial> {
    trials!("last_values", &[Need::Broker], [the_last_value_of_a_key_is_found_however_deep_it_lies])
}

/// It is looked for in pieces, by one consumer: what that has of one piece must not count for the next.
fn the_last_value_of_a_key_is_found_however_deep_it_lies() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let set = |key: &str, value: &str| Record::new(0, value).key(key);
    let mut records: Vec<Record> = (0..3_000).map(|number| set(&format!("other {number}"), "x")).collect();
    for (at, key, value) in [(10, "deep", "old"), (600, "deep", "new"), (100, "near", "old"), (2_000, "near", "new")] {
        records[at] = set(key, value);
    }
    records[20] = set("gone", "old");
    records[2_900] = Record::tombstone(0).key("gone");
    kafka.produce(&topic, &records);
    let cluster = connected(kafka.bootstrap());
    let reader = cluster.last_values(&topic).expect("properties are good");
    for round in 0..40 {
        let last = |key: &str| reader.get(key.as_bytes(), Reach::Readable, LONG, || true).expect("it can be read");
        let found = ["deep", "near", "gone", "never"].map(last);
        assert_eq!(found, [Some(b"new".to_vec()), Some(b"new".to_vec()), None, None], "round {round}");
        kafka.produce(&topic, &[set("other", "y")]);
    }
}
