//! Each invalid message is in the dead-letter topic: once, or after a kill more than once with the same id.

use crate::harness::{
    Chance, Cluster, LONG, Need, Record, Run, Scratch, finish_drain, order, shared, tracker, trail_dir, wait_until,
    wait_while_time_passes, whole_trail,
};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_letters",
        &[Need::Broker],
        [without_a_kill_each_invalid_message_is_there_once, through_kills_each_invalid_message_keeps_its_id]
    )
}

/// Every other message is no order.
fn messages(numbers: std::ops::Range<u32>) -> Vec<Record> {
    let payload = |n: u32| if n.is_multiple_of(2) { order(n) } else { format!("{{\"broken\":{n}") };
    numbers.flat_map(|n| (0..2).map(move |partition| Record::new(partition, payload(n)))).collect()
}

fn run(kafka: &Cluster, topic: &str, letters: &str, scratch: &Scratch) -> Run {
    tracker(kafka, topic, scratch).args(["--dead-letter-topic", letters])
}

/// The ids by the place of the message, with how many letters there are for it.
fn ids(kafka: &Cluster, letters: &str) -> BTreeMap<(i64, i64), Vec<String>> {
    let mut ids: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for record in kafka.dump(letters) {
        let letter: Value = serde_json::from_str(record.text()).expect("a letter is JSON");
        let place = ["original_partition", "original_offset"].map(|name| letter[name].as_i64().expect("a number"));
        ids.entry(place.into()).or_default().push(letter["id"].as_str().expect("an id").to_owned());
    }
    ids
}

/// The places of the invalid lines of the trail.
fn invalid(scratch: &Scratch) -> Vec<(i64, i64)> {
    let trail = whole_trail(&trail_dir(scratch));
    let mut places: Vec<(i64, i64)> = trail
        .messages()
        .filter(|line| !line.is_order())
        .map(|line| (i64::from(line.partition()), line.offset()))
        .collect();
    places.sort_unstable();
    places
}

fn without_a_kill_each_invalid_message_is_there_once() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let letters = kafka.unused_name("letters");
    let scratch = Scratch::new("letters");
    kafka.produce(&topic, &messages(0..200));
    finish_drain(run(&kafka, &topic, &letters, &scratch));
    finish_drain(run(&kafka, &topic, &letters, &scratch));
    let ids = ids(&kafka, &letters);
    assert!(ids.values().all(|ids| ids.len() == 1));
    assert_eq!(ids.into_keys().collect::<Vec<_>>(), invalid(&scratch));
}

fn through_kills_each_invalid_message_keeps_its_id() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let letters = kafka.unused_name("letters");
    let scratch = Scratch::new("letters-killed");
    let dir = trail_dir(&scratch);
    let mut chance = Chance::seeded("ORDERTRAIL_LETTERS_SEED");
    for kill in 0..12 {
        kafka.produce(&topic, &messages(kill * 100..kill * 100 + 100));
        let mut running = run(&kafka, &topic, &letters, &scratch).start();
        let before = std::fs::metadata(dir.join("tracker.events")).map_or(0, |file| file.len());
        // Every third dies before it has written anything of it, the others a moment later.
        if kill % 3 != 0 {
            wait_until("it writes", LONG, || {
                assert!(running.is_running(), "it ended: {}", running.stderr());
                std::fs::metadata(dir.join("tracker.events")).is_ok_and(|file| file.len() > before).then_some(())
            });
        }
        wait_while_time_passes(Duration::from_millis(chance.below(300)));
        running.kill_nine();
    }
    finish_drain(run(&kafka, &topic, &letters, &scratch));
    let ids = ids(&kafka, &letters);
    let mut twice = 0;
    for (place, ids) in &ids {
        assert!(ids.iter().all(|id| *id == ids[0]), "{place:?} has {ids:?}");
        twice += usize::from(ids.len() > 1);
    }
    eprintln!("{} letters, {twice} of them sent again after a kill", ids.len());
    assert_eq!(ids.into_keys().collect::<Vec<_>>(), invalid(&scratch), "none is missing, none is of another message");
    let mut trail = whole_trail(&dir).records();
    trail.sort_by_key(|record| (record.partition, record.offset));
    assert_eq!(trail, kafka.dump(&topic));
}
