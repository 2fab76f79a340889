//! What a trail had published of itself: an older state of it is never carried on unsaid, and one with lines that
//! somebody invented is never signed.

use crate::harness::{
    Broker, Cluster, LONG, Listener, Need, Proxy, Record, Scratch, beside, drain, events, expect_sealed,
    expect_told_once, folder_bytes, group_of, notes, order, program, shared, tracker, trail_dir, wait_for_event,
    wait_for_lines, wait_until, whole_trail,
};
use libtest_mimic::Trial;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_history",
        &[Need::Broker],
        [
            an_older_seal_with_lines_invented_behind_it_is_refused_and_nothing_is_signed,
            a_group_that_answers_late_ends_a_trail_that_is_another_one,
            of_an_older_state_that_ends_before_nothing_invented_is_believed,
            a_backup_that_is_put_back_is_told_and_carried_on,
            a_trail_that_is_killed_after_each_publishing_is_never_refused,
            a_changed_key_is_held_to_what_the_one_before_published,
        ]
    )
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

type Files = BTreeMap<String, Vec<u8>>;

fn put_back(dir: &Path, files: &Files) {
    for (name, bytes) in files {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
}

/// Of how many lines the last checkpoint is.
fn signed_lines(dir: &Path) -> usize {
    let last = notes(&beside(dir, "checkpoints")).pop().unwrap_or_default();
    String::from_utf8(last).unwrap().lines().nth(1).map_or(0, |size| size.parse().unwrap())
}

/// A trail of 30 lines, and what it was when it had 10 and its tracker was killed.
struct Attacked {
    kafka: Cluster,
    topic: String,
    scratch: Scratch,
    old: Files,
}

impl Attacked {
    fn new(name: &str, kafka: Cluster) -> Attacked {
        let topic = kafka.topic(1);
        let scratch = Scratch::new(name);
        let dir = trail_dir(&scratch);
        kafka.produce(&topic, &orders(0..10));
        let mut running = tracker(&kafka, &topic, &scratch).start();
        wait_until("ten lines are signed", LONG, || {
            assert!(running.is_running(), "it ended: {}", running.stderr());
            (signed_lines(&dir) == 10).then_some(())
        });
        running.kill_nine();
        let old = folder_bytes(&dir);
        kafka.produce(&topic, &orders(10..30));
        assert_eq!(drain(&kafka, &topic, &scratch).received, 20);
        Attacked { kafka, topic, scratch, old }
    }

    /// Puts the older seal and checkpoints back, and so many lines in all, those behind the seal with another customer.
    fn invent(&self, lines: usize) {
        let dir = trail_dir(&self.scratch);
        let whole = std::fs::read_to_string(dir.join("tracker.events")).unwrap();
        let forged: String = whole
            .split_inclusive('\n')
            .take(lines)
            .enumerate()
            .map(|(at, line)| if at < 10 { line.to_owned() } else { line.replace("client", "tneilc") })
            .collect();
        assert!(forged.contains("tneilc"));
        put_back(&dir, &self.old);
        std::fs::write(dir.join("tracker.events"), forged).unwrap();
    }
}

fn an_older_seal_with_lines_invented_behind_it_is_refused_and_nothing_is_signed() {
    let attacked = Attacked::new("invented", shared());
    let Attacked { kafka, topic, scratch, .. } = &attacked;
    let dir = trail_dir(scratch);
    let newest = folder_bytes(&dir);
    attacked.invent(30);
    let before = folder_bytes(&dir);
    for _ in 0..2 {
        let exit = tracker(kafka, topic, scratch).arg("--until-end").finish_within(LONG);
        exit.expect_code(65).expect_message(&[&group_of(topic), "Nothing was signed", "Another history"]);
        for name in ["tracker.events", "tracker.events.seal", "tracker.events.checkpoints"] {
            assert!(before[name] == folder_bytes(&dir)[name], "{name} is as it was");
        }
    }
    let failed = events(&dir, "tracker.failed");
    assert_eq!(failed.last().map(|line| line.metadata()["exit_code"].clone()), Some(65.into()));
    // The newest files are the trail that was published.
    put_back(&dir, &newest);
    assert_eq!(drain(kafka, topic, scratch).received, 0);
    // Whoever knows why lets the group forget: the lines as they are become the history.
    attacked.invent(30);
    kafka.delete_group(&group_of(topic));
    assert_eq!(drain(kafka, topic, scratch).received, 0);
    assert!(events(&dir, "audit.rolled_back").is_empty());
}

/// What is behind the seal is signed by then; nothing is from the answer on, and nothing was published.
fn a_group_that_answers_late_ends_a_trail_that_is_another_one() {
    let proxy = Proxy::start();
    let broker = Broker::start_with(&[Listener::behind(&proxy)], &[]);
    let attacked = Attacked::new("invented-late", broker.cluster());
    let Attacked { kafka, topic, scratch, .. } = &attacked;
    let dir = trail_dir(scratch);
    attacked.invent(30);
    proxy.hide_offsets(true);
    let mut running = tracker(&Cluster::at(proxy.bootstrap()), topic, scratch).start();
    wait_for_event(&dir, "kafka.trouble");
    kafka.produce(topic, &orders(30..35));
    wait_for_lines(&mut running, &dir, 35);
    proxy.hide_offsets(false);
    let exit = running.wait(LONG);
    exit.expect_code(65).expect_message(&[&group_of(topic), "before the group answered", "Another history"]);
    let seal: serde_json::Value = serde_json::from_slice(&beside(&dir, "seal")).unwrap();
    assert_eq!(seal["clean"], false, "it did not end as if it had been stopped");
    assert_eq!(kafka.group(&group_of(topic)).get(&format!("{topic}/0")), Some(&30));
    // No later start goes on from there.
    let exit = tracker(kafka, topic, scratch).arg("--until-end").finish_within(LONG);
    exit.expect_code(65).expect_message(&["Nothing was signed"]);
}

fn of_an_older_state_that_ends_before_nothing_invented_is_believed() {
    let attacked = Attacked::new("invented-few", shared());
    let Attacked { kafka, topic, scratch, .. } = &attacked;
    let dir = trail_dir(scratch);
    attacked.invent(15);
    assert_eq!(drain(kafka, topic, scratch).received, 20, "those behind the seal come from Kafka");
    let told = events(&dir, "audit.rolled_back");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].level(), "ERROR");
    assert_eq!(*told[0].metadata(), serde_json::json!({"published_lines": 30, "from_line": 11}));
    expect_told_once(&dir, "file_rolled_back");
    assert_eq!(whole_trail(&dir).records(), kafka.dump(topic));
    expect_sealed(&dir);
    let kept = std::fs::read_dir(&dir).unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    assert_eq!(kept.filter(|name| name.contains(".cut-")).count(), 1, "what was invented is kept aside");
    assert_eq!(drain(kafka, topic, scratch).received, 0);
    assert_eq!(events(&dir, "audit.rolled_back").len(), 1, "told once");
}

fn a_backup_that_is_put_back_is_told_and_carried_on() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("backup");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0..10));
    drain(&kafka, &topic, &scratch);
    let copy = folder_bytes(&dir);
    kafka.produce(&topic, &orders(10..30));
    drain(&kafka, &topic, &scratch);
    put_back(&dir, &copy);
    // Killed when it has grown beyond what was published before: by then the group knows what it was put back to.
    let mut running = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut running, &dir, 31);
    running.kill_nine();
    assert_eq!(drain(&kafka, &topic, &scratch).received, 0);
    let told = events(&dir, "audit.rolled_back");
    assert_eq!(told.len(), 1);
    assert_eq!(*told[0].metadata(), serde_json::json!({"published_lines": 30, "from_line": 11}));
    expect_told_once(&dir, "file_rolled_back");
    assert_eq!(whole_trail(&dir).records(), kafka.dump(&topic));
    expect_sealed(&dir);
}

fn a_trail_that_is_killed_after_each_publishing_is_never_refused() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let flood = kafka.flood(&topic, &order(0).replace(r#""sequence":0"#, r#""sequence":@N@"#), 2_000);
    let scratch = Scratch::new("published");
    let place = format!("{topic}/0");
    let mut published = 0;
    for _ in 0..8 {
        let mut running = tracker(&kafka, &topic, &scratch).args(["--rotate-size", "2M"]).start();
        published = wait_until("it publishes", LONG, || {
            assert!(running.is_running(), "it ended: {}", running.stderr());
            kafka.group(&group_of(&topic)).get(&place).copied().filter(|next| *next > published)
        });
        running.kill_nine();
    }
    flood.stop();
    drain(&kafka, &topic, &scratch);
    let dir = trail_dir(&scratch);
    assert!(events(&dir, "audit.rolled_back").is_empty());
    assert_eq!(whole_trail(&dir).records(), kafka.dump(&topic));
    expect_sealed(&dir);
}

fn a_changed_key_is_held_to_what_the_one_before_published() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("changed-key");
    let dir = trail_dir(&scratch);
    let audit = |command: &str| {
        let run = program("audit", &scratch).arg("--dir").arg(&dir).arg(command);
        run.finish_within(LONG).expect_code(0);
    };
    kafka.produce(&topic, &orders(0..10));
    drain(&kafka, &topic, &scratch);
    audit("rotate-key");
    let copy = folder_bytes(&dir);
    kafka.produce(&topic, &orders(10..20));
    assert_eq!(drain(&kafka, &topic, &scratch).received, 10, "the old key published the last checkpoint");
    audit("rotate-key");
    assert_eq!(drain(&kafka, &topic, &scratch).received, 0);
    assert!(events(&dir, "audit.rolled_back").is_empty());
    audit("verify");
    // The key of the copy is not the one that published last, but the one before it.
    put_back(&dir, &copy);
    kafka.produce(&topic, &orders(20..25));
    assert_eq!(drain(&kafka, &topic, &scratch).received, 15);
    audit("verify");
}
