//! Logs that were cut behind the position: what is in the trail is in Kafka no more, other messages
//! stand at the same offsets, and each time one line says so.

use crate::harness::{
    Broker, Cluster, LONG, Line, Need, Record, Scratch, Trail, drain, events, expect_sealed, expect_told_once, order,
    tracker, trail_dir, wait_for_event, wait_for_lines,
};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_truncations",
        &[Need::Broker],
        [
            a_log_cut_while_the_tracker_is_stopped_is_one_gap,
            a_log_that_was_cut_and_grew_beyond_the_position_is_one_gap,
            a_log_cut_under_a_running_tracker_is_one_gap,
            a_topic_cut_in_all_its_partitions_is_one_gap_in_each,
            a_tracker_killed_right_after_it_told_of_a_cut_tells_nothing_more,
        ]
    )
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

/// A topic of two partitions whose first holds two batches of five, all of it in a trail; and then the
/// broker has lost the second batch.
struct Cut {
    broker: Broker,
    kafka: Cluster,
    scratch: Scratch,
    topic: String,
}

fn filled() -> Cut {
    let broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(2);
    kafka.produce(&topic, &orders(0..5));
    kafka.produce(&topic, &orders(5..10));
    kafka.produce(&topic, &[Record::new(1, order(90))]);
    Cut { broker, kafka, scratch: Scratch::new("cut"), topic }
}

impl Cut {
    fn cut(&mut self) {
        self.broker.kill_nine();
        self.broker.cut_log(&self.topic, 0, 5);
        self.broker.start_again();
        assert_eq!(self.kafka.ends(&self.topic)[&0], 5, "the broker has lost them");
    }

    /// One gap, from 10 to 5, after `before` lines, and then what the broker has.
    #[track_caller]
    fn expect_one_gap(&self, before: usize) {
        let dir = trail_dir(&self.scratch);
        let trail = Trail::read(&dir);
        expect_told_once(&dir, "truncation");
        let gap = &trail.lines[before];
        assert!(gap.is_gap());
        let audit = gap.get("audit");
        assert_eq!((gap.partition(), &audit["from"], &audit["to"]), (0, &10.into(), &5.into()));
        let anew: Vec<Record> = trail.lines[before + 1..].iter().map(Line::record).collect();
        let on_broker: Vec<Record> =
            self.kafka.dump(&self.topic).into_iter().filter(|at| at.partition == 0 && at.offset >= 5).collect();
        assert_eq!(anew, on_broker);
        let bytes = std::fs::read(dir.join("tracker.events")).unwrap();
        assert_eq!(drain(&self.kafka, &self.topic, &self.scratch).gaps, 0, "told once");
        assert_eq!(std::fs::read(dir.join("tracker.events")).unwrap(), bytes);
        expect_sealed(&dir);
    }
}

fn a_log_cut_while_the_tracker_is_stopped_is_one_gap() {
    let mut it = filled();
    drain(&it.kafka, &it.topic, &it.scratch);
    it.cut();
    let summary = drain(&it.kafka, &it.topic, &it.scratch);
    assert_eq!((summary.received, summary.gaps), (0, 1));
    it.expect_one_gap(11);
    it.kafka.produce(&it.topic, &orders(100..103));
    assert_eq!(drain(&it.kafka, &it.topic, &it.scratch).received, 3);
    it.expect_one_gap(11);
}

/// The trap: the position exists again, and only the leader's epoch tells that it is another log.
fn a_log_that_was_cut_and_grew_beyond_the_position_is_one_gap() {
    let mut it = filled();
    drain(&it.kafka, &it.topic, &it.scratch);
    it.cut();
    it.kafka.produce(&it.topic, &orders(100..125));
    let summary = drain(&it.kafka, &it.topic, &it.scratch);
    assert_eq!((summary.received, summary.gaps), (25, 1));
    it.expect_one_gap(11);
}

fn a_log_cut_under_a_running_tracker_is_one_gap() {
    let mut it = filled();
    let dir = trail_dir(&it.scratch);
    let mut running = tracker(&it.kafka, &it.topic, &it.scratch).start();
    wait_for_lines(&mut running, &dir, 11);
    it.cut();
    it.kafka.produce(&it.topic, &orders(100..125));
    wait_for_lines(&mut running, &dir, 11 + 1 + 25);
    running.terminate(LONG).expect_code(0);
    it.expect_one_gap(11);
}

/// librdkafka by itself compares only those partitions that it begins to read before it knows the topic.
fn a_topic_cut_in_all_its_partitions_is_one_gap_in_each() {
    const PARTITIONS: i32 = 8;
    let in_each = |numbers: std::ops::Range<u32>| -> Vec<Record> {
        (0..PARTITIONS).flat_map(|at| numbers.clone().map(move |n| Record::new(at, order(n)))).collect()
    };
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(PARTITIONS);
    kafka.produce(&topic, &in_each(0..5));
    kafka.produce(&topic, &in_each(5..10));
    let scratch = Scratch::new("cut-all");
    let dir = trail_dir(&scratch);
    drain(&kafka, &topic, &scratch);
    broker.kill_nine();
    (0..PARTITIONS).for_each(|partition| broker.cut_log(&topic, partition, 5));
    broker.start_again();
    kafka.produce(&topic, &in_each(100..120));
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!((summary.received, summary.gaps), (20 * i64::from(PARTITIONS), i64::from(PARTITIONS)));
    let trail = Trail::read(&dir);
    let mut gaps: Vec<(i32, [String; 3])> = trail
        .lines
        .iter()
        .filter(|line| line.is_gap())
        .map(|line| (line.partition(), ["kind", "from", "to"].map(|name| line.get("audit")[name].to_string())))
        .collect();
    gaps.sort();
    let one = ["\"truncation\"", "10", "5"].map(str::to_owned);
    assert_eq!(gaps, (0..PARTITIONS).map(|partition| (partition, one.clone())).collect::<Vec<_>>());
    assert_eq!(events(&dir, "audit.gap").len(), gaps.len());
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0, "told once");
    expect_sealed(&dir);
}

/// What the group says is still the position before the cut: that must not look like a trail that was
/// rolled back.
fn a_tracker_killed_right_after_it_told_of_a_cut_tells_nothing_more() {
    let mut it = filled();
    let dir = trail_dir(&it.scratch);
    drain(&it.kafka, &it.topic, &it.scratch);
    it.cut();
    let group = crate::harness::group_of(&it.topic);
    let published = it.kafka.group(&group);
    // It cannot publish any more, as if it were killed before it could.
    let mut running = tracker(&it.kafka, &it.topic, &it.scratch).start();
    wait_for_event(&dir, "audit.gap");
    running.kill_nine();
    let key = format!("{}/0", it.topic);
    if it.kafka.group(&group).get(&key) != published.get(&key) {
        // It was quicker: nothing to see this time but that all is well.
        assert!(events(&dir, "audit.gap").len() == 1);
    }
    it.expect_one_gap(11);
}
