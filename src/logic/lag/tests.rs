//! Rounds as a cluster would tell them, and what is made of them.

use proptest::prelude::*;

use super::*;

const START_MS: i64 = 1_800_000_000_000;
const EVERY_MS: i64 = 2_000;

fn partition(number: i32, end: i64) -> Partition {
    Partition {
        partition: number,
        leader: Some(1),
        replicas: vec![1],
        isr: vec![1],
        first: Some(0),
        end: Some(end),
        stable_end: Some(end),
    }
}

fn topic(name: &str, ends: &[i64]) -> Topic {
    let partitions = ends.iter().zip(0..).map(|(end, number)| partition(number, *end)).collect();
    Topic { name: name.into(), is_compacted: Some(false), partitions }
}

fn group(name: &str, topic: &str, committed: &[i64]) -> Group {
    let committed = committed.iter().zip(0..).map(|(offset, partition)| Committed {
        topic: topic.into(),
        partition,
        offset: *offset,
    });
    Group {
        group: name.into(),
        state: Some("Stable".into()),
        kind: Some("Classic".into()),
        members: Some(vec![Member {
            id: "m-1".into(),
            client: "m".into(),
            host: "/127.0.0.1".into(),
            assigned: vec![(topic.into(), 0)],
        }]),
        committed: Some(committed.collect()),
    }
}

fn empty(name: &str, topic: &str, committed: &[i64]) -> Group {
    Group { state: Some("Empty".into()), members: Some(Vec::new()), ..group(name, topic, committed) }
}

fn round(topics: Vec<Topic>, groups: Vec<Group>) -> Round {
    let brokers = vec![Broker { id: 1, host: "localhost".into(), port: 9092 }];
    Round { cluster_id: Some("c".into()), controller: Some(1), brokers, topics, groups, silences: Vec::new() }
}

/// Figures after so many looks; `at` makes the round of each.
fn watched(looks: i64, at: impl Fn(i64) -> Round) -> Figures {
    let mut watch = Watch::new();
    for look in 0..looks {
        watch.observe(at(look), START_MS + look * EVERY_MS);
    }
    watch.figures(START_MS + (looks - 1) * EVERY_MS)
}

#[test]
fn nothing_is_known_before_the_first_look() {
    let mut watch = Watch::new();
    let figures = watch.figures(START_MS);
    assert_eq!((figures.verdict.level, figures.as_of_ms, figures.totals.lag), (Level::Pending, None, None));
    assert!(watch.report().is_none());
    watch.fail("connection refused", START_MS);
    let reason = Some("connection refused".to_owned());
    assert_eq!(watch.figures(START_MS).verdict.cause, Cause::Waiting { reason });
}

#[test]
fn a_lag_that_grows_falls_and_rests_is_told_as_that() {
    let figures = watched(31, |look| {
        let end = 100_000 + look * 2_000;
        let groups = vec![
            group("falling", "orders", &[100_000 - 31 * 2_100 + look * 2_100]),
            group("growing", "orders", &[100_000 + look * 1_800]),
            group("steady", "orders", &[end - 7]),
            group("done", "orders", &[end]),
        ];
        round(vec![topic("orders", &[end])], groups)
    });
    let of = |name: &str| figures.groups.iter().find(|group| group.group == name).expect("it is told");
    assert_eq!(figures.topics[0].in_per_second, Some(1_000.0));
    let (growing, falling) = (of("growing"), of("falling"));
    assert_eq!((growing.trend, growing.to_zero, growing.falls_behind), (Trend::Grows, ToZero::Never, true));
    assert_eq!((growing.slope.map(f64::round), growing.read_per_second), (Some(100.0), Some(900.0)));
    assert_eq!(growing.behind_seconds, growing.lag.map(|lag| lag as f64 / 1_000.0));
    assert_eq!((falling.trend, falling.falls_behind), (Trend::Falls, false));
    assert_eq!((of("steady").trend, of("steady").to_zero), (Trend::Steady, ToZero::Unknown));
    assert_eq!((of("done").to_zero, of("done").behind_seconds), (ToZero::Done, Some(0.0)));
    let cause = Cause::Behind { falling: vec!["growing".into()], unread: Vec::new() };
    assert_eq!(figures.verdict, Verdict { level: Level::Warn, cause });
    let order: Vec<&str> = figures.groups.iter().map(|group| group.group.as_str()).collect();
    assert_eq!(order, ["falling", "growing", "steady", "done"]);
}

#[test]
fn a_saw_is_steady_wherever_it_is_looked_at() {
    for offset in 0..25 {
        let at = |look: i64| {
            // 20 come each second; every 5 s all of them are committed.
            let seconds = (look * 2) + offset;
            let committed = (seconds / 5) * 100;
            round(vec![topic("orders", &[seconds * 20])], vec![group("g", "orders", &[committed])])
        };
        for looks in [5, 9, 17, 31, 40] {
            let found = &watched(looks, at).groups[0];
            assert_eq!(
                (found.trend, found.falls_behind),
                (Trend::Steady, false),
                "{offset}, {looks}: {:?}",
                found.slope
            );
        }
    }
}

#[test]
fn too_few_looks_make_no_trend() {
    let at = |look| round(vec![topic("orders", &[look * 100])], vec![group("g", "orders", &[0])]);
    assert_eq!(watched(4, at).groups[0].trend, Trend::Unknown);
    let figures = watched(5, at);
    assert_eq!((figures.groups[0].trend, figures.groups[0].falls_behind), (Trend::Grows, false));
    assert_eq!(figures.verdict.level, Level::Good, "not for a whole minute yet");
}

#[test]
fn a_lag_of_one_that_rests_is_a_marker_where_somebody_reads() {
    let at = |_| {
        let groups = vec![group("reader", "notes", &[9]), empty("gone", "notes", &[9]), empty("late", "notes", &[8])];
        round(vec![topic("notes", &[10])], groups)
    };
    assert_eq!(watched(5, at).totals.markers, 0, "8 s are too few");
    let figures = watched(6, at);
    let of = |name: &str| figures.groups.iter().find(|group| group.group == name).expect("it is told");
    assert_eq!((of("reader").lag, of("reader").markers), (Some(1), 1));
    assert_eq!((of("gone").markers, of("gone").is_unread()), (0, false), "it may read by hand, and rest there");
    assert!(of("late").is_unread());
    assert_eq!((figures.topics[0].note, figures.topics[0].is_at_most), (Some(TopicNote::Transactional), true));
    assert_eq!(figures.totals.lag, Some(3), "those of the two that nobody is seen to read");
}

#[test]
fn who_commits_without_members_reads_by_hand_until_it_rests_for_a_minute() {
    let at = |look: i64| {
        let end = 1_000 + look.min(10) * 5;
        round(vec![topic("orders", &[end])], vec![empty("tracker", "orders", &[end - 3])])
    };
    let figures = watched(11, at);
    assert_eq!((figures.groups[0].read_by, figures.verdict.level), (ReadBy::ByHand, Level::Good));
    let figures = watched(60, at);
    assert_eq!((figures.groups[0].read_by, figures.verdict.level), (ReadBy::Nobody, Level::Warn));
}

#[test]
fn what_went_is_told_and_is_no_error() {
    let mut watch = Watch::new();
    let groups = vec![group("a", "orders", &[5]), group("b", "orders", &[5])];
    watch.observe(round(vec![topic("orders", &[9]), topic("other", &[1])], groups), START_MS);
    watch.observe(round(vec![topic("other", &[1])], vec![group("a", "orders", &[5])]), START_MS + EVERY_MS);
    let figures = watch.figures(START_MS + EVERY_MS);
    let a = &figures.groups[0];
    assert_eq!((a.lag, a.deleted_topics.as_slice(), a.partitions.len()), (None, &["orders".to_owned()][..], 1));
    assert_eq!((figures.groups[1].state.as_deref(), figures.groups[1].partitions.len()), (Some("Dead"), 0));
    let orders = figures.topics.iter().find(|topic| topic.name == "orders").expect("it is still told of");
    assert_eq!(orders.note, Some(TopicNote::Deleted { since_ms: START_MS + EVERY_MS }));
    assert_eq!((orders.messages, orders.in_per_second), (None, None));
    assert_eq!(figures.verdict.level, Level::Good);
    // Made anew: it begins from nothing, and has no rate of what was there before.
    watch.observe(round(vec![topic("orders", &[2])], Vec::new()), START_MS + 2 * EVERY_MS);
    let figures = watch.figures(START_MS + 2 * EVERY_MS);
    let orders = figures.topics.iter().find(|topic| topic.name == "orders").expect("it is there");
    assert_eq!((orders.messages, orders.in_per_second, orders.note), (Some(2), None, None));
}

#[test]
fn a_broker_that_is_missing_is_graver_than_a_lag_and_keeps_its_address() {
    let whole = |up: &[i32]| {
        let mut orders = topic("orders", &[9]);
        orders.partitions[0].replicas = vec![1, 2, 3];
        orders.partitions[0].isr = up.to_vec();
        let mut round = round(vec![orders], vec![empty("late", "orders", &[1])]);
        round.brokers = up.iter().map(|id| Broker { id: *id, host: format!("h{id}"), port: 9092 }).collect();
        round
    };
    let mut watch = Watch::new();
    watch.observe(whole(&[1, 2, 3]), START_MS);
    watch.observe(whole(&[1, 3]), START_MS + EVERY_MS);
    let figures = watch.figures(START_MS + 2 * EVERY_MS);
    let cause = Cause::BrokerDown {
        up: 2,
        of: 3,
        missing: vec!["h2:9092".into()],
        since_ms: START_MS + EVERY_MS,
        under_replicated: 1,
    };
    assert_eq!(figures.verdict, Verdict { level: Level::Bad, cause });
    assert_eq!(figures.topics[0].note, Some(TopicNote::UnderReplicated { partitions: 1 }));
    watch.fail("connection refused", START_MS + 3 * EVERY_MS);
    watch.fail("timed out", START_MS + 4 * EVERY_MS);
    let verdict = watch.figures(START_MS + 5 * EVERY_MS).verdict;
    assert_eq!(verdict.cause, Cause::NoKafka { since_ms: START_MS + 3 * EVERY_MS, reason: "timed out".into() });
    watch.observe(whole(&[1, 2, 3]), START_MS + 6 * EVERY_MS);
    let verdict = watch.figures(START_MS + 6 * EVERY_MS).verdict;
    assert_eq!(verdict.cause, Cause::Behind { falling: Vec::new(), unread: vec!["late".into()] });
}

#[test]
fn a_partition_without_a_leader_is_told_since_it_lost_it() {
    let at = |look: i64| {
        let mut orders = topic("orders", &[9, 9]);
        if look > 0 {
            orders.partitions[1] = Partition { leader: None, end: None, first: None, ..orders.partitions[1].clone() };
        }
        round(vec![orders], vec![group("g", "orders", &[9, 3])])
    };
    let figures = watched(3, at);
    let cause = Cause::NoLeader { partitions: vec!["orders/1".into()], since_ms: START_MS + EVERY_MS };
    assert_eq!(figures.verdict.cause, cause);
    assert_eq!((figures.groups[0].lag, figures.groups[0].partitions[1].lag), (Some(0), None), "unknown is not 0");
    assert_eq!((figures.topics[0].messages, figures.topics[0].end), (None, None));
}

#[test]
fn a_group_that_does_not_answer_keeps_its_figures_with_their_age() {
    let at = |look: i64| {
        let mut late = group("late", "orders", &[4]);
        if look > 0 {
            (late.state, late.members, late.committed) = (None, None, None);
        }
        round(vec![topic("orders", &[10 + look])], vec![late])
    };
    let figures = watched(3, at);
    let late = &figures.groups[0];
    assert_eq!((late.as_of_ms, late.state.as_deref(), late.lag), (START_MS, Some("Stable"), Some(8)));
    assert_eq!(late.members.as_ref().map(Vec::len), Some(1));
}

#[test]
fn an_open_transaction_is_told_once_it_is_open_for_long() {
    let at = |_| {
        let mut notes = topic("notes", &[100]);
        notes.partitions[0].stable_end = Some(60);
        round(vec![notes], vec![group("g", "notes", &[60])])
    };
    assert_eq!(watched(2, at).groups[0].in_open_transaction, 0);
    let figures = watched(3, at);
    assert_eq!(figures.groups[0].in_open_transaction, 40);
    assert_eq!(figures.topics[0].note, Some(TopicNote::OpenTransaction { hidden: 40 }));
}

#[test]
fn one_look_of_several_brokers_does_not_prove_the_controller() {
    let several = |named: i32| {
        let mut round = round(Vec::new(), Vec::new());
        round.brokers = (1..=3).map(|id| Broker { id, host: "h".into(), port: id as u16 }).collect();
        round.controller = Some(named);
        round
    };
    let controller = |watch: &Watch| watch.report().expect("a round was seen").brokers[0].controller;
    let mut watch = Watch::new();
    for look in 0..5 {
        assert_eq!(controller_or_none(&watch), None);
        watch.observe(several(1), START_MS + look * EVERY_MS);
    }
    assert_eq!(controller(&watch), Some(true));
    watch.observe(several(2), START_MS + 5 * EVERY_MS);
    assert_eq!(controller(&watch), None);
}

fn controller_or_none(watch: &Watch) -> Option<bool> {
    watch.report()?.brokers.first()?.controller
}

#[test]
fn the_report_has_the_shape_that_scripts_read() {
    let mut watch = Watch::new();
    let mut orders = topic("orders", &[9, 5]);
    orders.partitions[1].leader = None;
    orders.partitions[1].end = None;
    let mut mute = group("mute", "orders", &[]);
    (mute.state, mute.kind, mute.members, mute.committed) = (None, None, None, None);
    watch.observe(round(vec![orders], vec![group("g", "orders", &[7, 5]), mute]), START_MS);
    let text = serde_json::to_string(&watch.report()).expect("it can be written");
    let wanted = concat!(
        r#"{"brokers":[{"id":1,"host":"localhost","port":9092,"controller":true}],"#,
        r#""topics":[{"name":"orders","partitions":[{"partition":0,"leader":1,"replicas":[1],"isr":[1],"first":0,"end":9},"#,
        r#"{"partition":1,"leader":null,"replicas":[1],"isr":[1],"first":0,"end":null}],"messages":null,"rate":null}],"#,
        r#""groups":[{"group":"g","state":"Stable","type":"Classic","members":[{"id":"m-1","client":"m","host":"/127.0.0.1"}],"#,
        r#""lag":2,"partitions":[{"topic":"orders","partition":0,"committed":7,"end":9,"lag":2,"member":"m-1"},"#,
        r#"{"topic":"orders","partition":1,"committed":5,"end":null,"lag":null,"member":null}]},"#,
        r#"{"group":"mute","state":null,"type":null,"members":null,"lag":null,"partitions":null}]}"#,
    );
    assert_eq!(text, wanted);
}

#[test]
fn a_position_beyond_everything_is_told_as_it_is() {
    let at = |look| {
        let mut late = group("g", "orders", &[i64::MAX - look, i64::MAX]);
        late.members = Some(Vec::new());
        round(vec![topic("orders", &[look, 1])], vec![late])
    };
    let figures = watched(7, at);
    assert_eq!(figures.groups[0].lag, Some(i64::MIN), "not less than a number can be");
    assert_eq!(figures.groups[0].to_zero, ToZero::Done);
}

#[test]
fn the_past_is_in_buckets_of_which_only_finished_ones_are_told() {
    let figures =
        watched(31, |look| round(vec![topic("orders", &[look * 20])], vec![group("g", "orders", &[look * 10])]));
    // 60 s from a bucket's beginning: four finished ones, the first of which was not seen whole.
    let lags: Vec<f64> = figures.groups[0].history.iter().flatten().copied().collect();
    assert_eq!(lags, [70.0, 140.0, 220.0, 290.0]);
    let rates: Vec<f64> = figures.topics[0].history.iter().flatten().copied().collect();
    assert_eq!(rates.len(), 3);
    assert!(rates.iter().all(|rate| (9.0..=11.0).contains(rate)), "{rates:?}");
}

proptest! {
    /// Whatever rounds come, with whatever holes and whatever clock: sums are sums, and nothing panics.
    #[test]
    fn sums_are_sums(rounds in prop::collection::vec(
        (0..3_usize, prop::collection::vec((0..2_usize, 0..3_i32, prop::option::of(0..1_000_i64), prop::option::of(0..1_000_i64)), 0..8), -3_000..90_000_i64),
        1..12,
    )) {
        let mut watch = Watch::new();
        let mut at_ms = START_MS;
        for (members, places, step_ms) in rounds {
            at_ms += step_ms;
            let mut topics = vec![topic("a", &[0, 0, 0]), topic("b", &[0, 0, 0])];
            topics.truncate(1 + usize::from(step_ms % 7 != 0));
            let mut reader = group("g", "a", &[]);
            reader.members = reader.members.filter(|_| members > 0);
            for (which, number, end, committed) in places {
                let name = ["a", "b"][which];
                if let Some(topic) = topics.get_mut(which) {
                    topic.partitions[number as usize].end = end;
                }
                let all = reader.committed.get_or_insert_default();
                all.retain(|one| (one.topic.as_str(), one.partition) != (name, number));
                all.extend(committed.map(|offset| Committed { topic: name.into(), partition: number, offset }));
            }
            watch.observe(round(topics, vec![reader]), at_ms);
            let (figures, report) = (watch.figures(at_ms), watch.report().expect("a round was seen"));
            let group = &figures.groups[0];
            let known: Vec<i64> = group.partitions.iter().filter_map(|one| one.lag).collect();
            prop_assert_eq!(group.lag, (!known.is_empty()).then(|| known.iter().sum()));
            prop_assert_eq!(report.groups[0].lag, group.lag);
            prop_assert!(group.markers >= 0 && group.markers <= known.len() as i64);
            prop_assert!(group.history.len() <= BUCKETS);
        }
    }

    /// A straight line has its own slope, whatever the moments of the looks.
    #[test]
    fn a_straight_line_has_its_own_slope(steps in prop::collection::vec(200..6_000_i64, 5..40), per_second in -500..500_i64) {
        let mut trace = trace::Trace::default();
        let mut at_ms = START_MS;
        for step in steps {
            at_ms += step;
            trace.push(at_ms, (at_ms - START_MS) * per_second);
        }
        if let Some(slope) = trace.slope() {
            let wanted = per_second as f64 * 1_000.0;
            prop_assert!((slope.per_second - wanted).abs() < 1e-3 * (1.0 + wanted.abs()));
            prop_assert!(slope.error < 1e-2 * (1.0 + wanted.abs()), "{slope:?}");
            prop_assert!(trace.span_ms() <= WINDOW_MS);
        }
    }
}

#[test]
fn what_a_member_publishes_on_leaving_is_not_by_hand() {
    let at = |look: i64| {
        let committed = [50 + look.min(3)];
        let reader = if look < 3 { group("g", "orders", &committed) } else { empty("g", "orders", &committed) };
        round(vec![topic("orders", &[60])], vec![reader])
    };
    assert_eq!(watched(6, at).groups[0].read_by, ReadBy::Nobody);
}

#[test]
fn a_group_without_a_position_has_not_read_all() {
    let figures = watched(6, |_| round(vec![topic("orders", &[9])], vec![group("g", "orders", &[])]));
    assert_eq!(figures.verdict.cause, Cause::AllRead { groups: 1, markers: 0, unknown: 1 });
    assert_eq!(figures.totals.lag, None);
}
