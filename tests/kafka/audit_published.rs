//! `audit verify --against-kafka` holds a trail to what its tracker has published beside its group's offsets: whoever
//! looks sees that it was rolled back, or is another one, before any tracker starts on it.

use crate::harness::{
    Broker, Cluster, Exit, LONG, Listener, Need, Proxy, Record, Scratch, drain, folder_bytes, group_of, order, program,
    shared, tracker, trail_dir, wait_for_lines, wait_until,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "audit_published",
        &[Need::Broker],
        [
            a_trail_agrees_with_what_was_published_also_while_its_tracker_writes,
            an_older_copy_is_called_rolled_back_until_its_tracker_has_carried_it_on,
            another_history_by_the_same_key_is_no_good_one,
            that_nothing_was_published_is_told_and_no_failure,
            a_group_that_does_not_answer_is_told_and_the_lines_are_compared_all_the_same,
        ]
    )
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

fn verify(kafka: &Cluster, scratch: &Scratch, dir: &Path, flags: &[&str]) -> Exit {
    let run = program("audit", scratch).cluster(kafka).arg("--dir").arg(dir);
    run.args(["verify", "--against-kafka"]).args(flags).finish_within(LONG)
}

/// The exit code, and what is told of the group, without its name.
#[track_caller]
fn published(kafka: &Cluster, scratch: &Scratch, dir: &Path, group: &str) -> (Option<i32>, Value) {
    let exit = verify(kafka, scratch, dir, &["--json", "--group", group]);
    let mut report: Value = serde_json::from_str(exit.last_line()).unwrap_or_else(|error| panic!("{error}: {exit:?}"));
    assert_eq!(report["is_sound"], true, "{report}");
    let told = &mut report["against_kafka"]["published"];
    assert_eq!(told.as_object_mut().and_then(|told| told.remove("group")), Some(group.into()), "{exit:?}");
    (exit.code, told.take())
}

fn agreeing(lines: u64) -> (Option<i32>, Value) {
    (Some(0), json!({"standing": "agreeing", "published_lines": lines}))
}

fn a_trail_agrees_with_what_was_published_also_while_its_tracker_writes() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("published-agrees");
    let (dir, group) = (trail_dir(&scratch), group_of(&topic));
    let flood = kafka.flood(&topic, &order(0).replace(r#""sequence":0"#, r#""sequence":@N@"#), 2_000);
    let mut running = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut running, &dir, 1);
    let place = format!("{topic}/0");
    let mut before = 0;
    for _ in 0..4 {
        // Something newer stands there each time.
        before = wait_until("it publishes", LONG, || {
            assert!(running.is_running(), "it ended: {}", running.stderr());
            kafka.group(&group).get(&place).copied().filter(|next| *next > before)
        });
        let (code, told) = published(&kafka, &scratch, &dir, &group);
        assert_eq!((code, &told["standing"]), (Some(0), &"agreeing".into()), "{told}");
    }
    flood.stop();
    running.terminate(LONG).expect_code(0);
    let lines = u64::try_from(kafka.count(&topic)).unwrap();
    drain(&kafka, &topic, &scratch);
    assert_eq!(published(&kafka, &scratch, &dir, &group), agreeing(lines));
    let exit = verify(&kafka, &scratch, &dir, &["--group", &group]);
    assert!(!exit.stdout.contains("next:") && exit.stdout.contains(": agrees, published up to line "), "{exit:?}");
}

fn an_older_copy_is_called_rolled_back_until_its_tracker_has_carried_it_on() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("published-older");
    let (dir, group) = (trail_dir(&scratch), group_of(&topic));
    kafka.produce(&topic, &orders(0..10));
    drain(&kafka, &topic, &scratch);
    let copy = folder_bytes(&dir);
    kafka.produce(&topic, &orders(10..30));
    drain(&kafka, &topic, &scratch);
    assert_eq!(published(&kafka, &scratch, &dir, &group), agreeing(30));
    // The same key, and not one line.
    let emptied = scratch.path().join("emptied");
    std::fs::create_dir(&emptied).unwrap();
    std::fs::write(emptied.join("tracker.events.pub"), &copy["tracker.events.pub"]).unwrap();
    std::fs::write(emptied.join("tracker.events"), "").unwrap();
    let rolled_back =
        |lines: u64| (Some(3), json!({"standing": "rolled_back", "published_lines": 30, "covered_lines": lines}));
    assert_eq!(published(&kafka, &scratch, &emptied, &group), rolled_back(0));
    for (name, bytes) in &copy {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
    assert_eq!(published(&kafka, &scratch, &dir, &group), rolled_back(10));
    let exit = verify(&kafka, &scratch, &dir, &["--group", &group]);
    exit.expect_code(3);
    for says in [
        ": sound by itself, but an OLDER STATE than was published\n".to_owned(),
        "against Kafka: 10 lines agree with their messages".to_owned(),
        format!("  against group {group}: ROLLED BACK\n    published up to line 30, signed here up to line 10:\n"),
        "\n    then docs/operating.md, Another history\n".to_owned(),
    ] {
        assert!(exit.stdout.contains(&says), "{says}: {exit:?}");
    }
    // Its tracker tells the group what it now is.
    assert_eq!(drain(&kafka, &topic, &scratch).received, 20);
    let (code, told) = published(&kafka, &scratch, &dir, &group);
    assert_eq!((code, &told["standing"]), (Some(0), &"agreeing".into()), "{told}");
}

/// A copy that was carried on by itself: the same messages, received at another time.
fn another_history_by_the_same_key_is_no_good_one() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("published-twice");
    let (dir, twin) = (trail_dir(&scratch), scratch.path().join("twin"));
    let (group, twins) = (group_of(&topic), format!("{topic}-twins"));
    kafka.produce(&topic, &orders(0..10));
    drain(&kafka, &topic, &scratch);
    std::fs::create_dir(&twin).unwrap();
    for (name, bytes) in folder_bytes(&dir) {
        std::fs::write(twin.join(name), bytes).unwrap();
    }
    kafka.produce(&topic, &orders(10..30));
    drain(&kafka, &topic, &scratch);
    let run = program("tracker", &scratch).cluster(&kafka).args(["--topic", topic.as_str(), "--group", &twins]);
    run.arg("--until-end").arg("--dir").arg(&twin).finish_within(LONG).expect_code(0);
    assert_eq!(published(&kafka, &scratch, &twin, &twins), agreeing(30));
    for (dir, group) in [(&twin, &group), (&dir, &twins)] {
        let another = json!({"standing": "another_history", "published_lines": 30});
        assert_eq!(published(&kafka, &scratch, dir, group), (Some(3), another));
        let exit = verify(&kafka, &scratch, dir, &["--group", group]);
        assert!(exit.stdout.contains(": sound by itself, but ANOTHER HISTORY than was published\n"), "{exit:?}");
    }
}

fn that_nothing_was_published_is_told_and_no_failure() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("published-nothing");
    let (dir, other) = (trail_dir(&scratch), scratch.path().join("other"));
    let others = format!("{topic}-others");
    kafka.produce(&topic, &orders(0..10));
    drain(&kafka, &topic, &scratch);
    let run = program("tracker", &scratch).cluster(&kafka).args(["--topic", topic.as_str(), "--group", &others]);
    run.arg("--until-end").arg("--dir").arg(&other).finish_within(LONG).expect_code(0);
    let nobody = format!("{topic}-nobody");
    // The last one is the group of trackers that are given none, which knows nothing of this topic.
    for (group, because) in [
        (others.as_str(), "another trail, ordertrail/"),
        (nobody.as_str(), "no tracker"),
        ("order-tracker-group", "no tracker"),
    ] {
        let (code, told) = published(&kafka, &scratch, &dir, group);
        assert_eq!((code, &told["standing"]), (Some(0), &"nothing_published".into()), "{told}");
        assert!(told["because"].as_str().unwrap().contains(because), "{told}");
    }
    let exit = verify(&kafka, &scratch, &dir, &[]);
    exit.expect_code(0);
    assert!(exit.stdout.contains("  against group order-tracker-group: nothing published\n    no tracker"), "{exit:?}");
    assert!(kafka.group(&nobody).is_empty(), "who asks publishes nothing");
}

fn a_group_that_does_not_answer_is_told_and_the_lines_are_compared_all_the_same() {
    let proxy = Proxy::start();
    let broker = Broker::start_with(&[Listener::behind(&proxy)], &[]);
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("published-unknown");
    let (dir, group) = (trail_dir(&scratch), group_of(&topic));
    kafka.produce(&topic, &orders(0..10));
    drain(&kafka, &topic, &scratch);
    proxy.hide_offsets(true);
    let behind = Cluster::at(proxy.bootstrap());
    let exit = verify(&behind, &scratch, &dir, &["--json", "--group", &group]);
    exit.expect_code(1);
    let report: Value = serde_json::from_str(exit.last_line()).unwrap();
    let found = &report["against_kafka"];
    assert_eq!((&found["agreeing"], &found["published"]["standing"]), (&10.into(), &"unknown".into()), "{report}");
    assert!(found["published"]["error"].is_string(), "{report}");
    proxy.hide_offsets(false);
    assert_eq!(published(&behind, &scratch, &dir, &group), agreeing(10));
}
