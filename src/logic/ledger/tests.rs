//! What the ledger decides and orders, one sequence of events at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::words::record::{Gap, GapKind};
use crate::words::seal::SealedPosition;

const AT: Moment = Moment::from_secs(10);

fn identity(cluster: &str, topic: &str) -> Identity {
    Identity { cluster_id: Some(cluster.to_owned()), topic_id: Some(topic.to_owned()) }
}

fn sight(topic: &str, ends: &[(i64, i64)]) -> Sight {
    let numbered = (0..).zip(ends.iter().copied()).collect();
    let partitions = i32::try_from(ends.len()).expect("few");
    Sight { identity: identity("c", topic), partitions, ends: numbered, published: BTreeMap::new() }
}

/// A ledger of a trail of topic `t` that stands at these offsets, with lines of epoch 1.
fn ledger(next: &[i64]) -> Ledger {
    let position = |&next| SealedPosition { next, leader_epoch: Some(1), without_line: false };
    let positions = (0..).zip(next.iter().map(position)).collect();
    Ledger::new(Recovered { identity: identity("c", "t"), positions, rolled_back: BTreeMap::new() })
}

fn see(ledger: &mut Ledger, sight: &Sight, at: Moment) -> Vec<Effect> {
    ledger.see(sight, |_| true, Duration::ZERO, at);
    effects(ledger)
}

fn effects(ledger: &mut Ledger) -> Vec<Effect> {
    std::iter::from_fn(|| ledger.next_effect()).collect()
}

fn gaps(effects: &[Effect]) -> Vec<(i32, GapKind, i64, i64)> {
    let gap = |effect: &Effect| match effect {
        Effect::TellGap { partition, gap: Gap { kind, from, to, .. } } => Some((*partition, *kind, *from, *to)),
        _ => None,
    };
    effects.iter().filter_map(gap).collect()
}

fn reads(effects: &[Effect]) -> Vec<(i32, i64)> {
    let read = |effect: &Effect| match effect {
        Effect::Read { partition, offset, .. } => Some((*partition, *offset)),
        _ => None,
    };
    effects.iter().filter_map(read).collect()
}

#[test]
fn a_trail_goes_on_where_it_stands_and_a_new_partition_begins_at_its_oldest() {
    let mut ledger = ledger(&[5]);
    let ordered = see(&mut ledger, &sight("t", &[(2, 9), (3, 4)]), AT);
    assert_eq!((gaps(&ordered), reads(&ordered)), (vec![], vec![(0, 5), (1, 3)]));
    assert_eq!(ordered.last(), Some(&Effect::AllBegun));
    assert_eq!(ledger.message(0, 4, Some(1)), Decision::Skip, "it is there already");
    assert_eq!(ledger.message(0, 7, Some(1)), Decision::Append { gap_before: 2 });
    assert_eq!(ledger.message(1, 3, Some(1)), Decision::Append { gap_before: 3 }, "with what was gone before");
    assert_eq!(ledger.message(2, 0, Some(1)), Decision::Skip, "nobody asked for it");
}

#[test]
fn what_the_broker_deleted_is_told_once() {
    let mut ledger = ledger(&[5]);
    let ordered = see(&mut ledger, &sight("t", &[(8, 9)]), AT);
    assert_eq!((gaps(&ordered), reads(&ordered)), (vec![(0, GapKind::Retention, 5, 8)], vec![(0, 8)]));
    assert_eq!(see(&mut ledger, &sight("t", &[(8, 9)]), AT), vec![]);
}

#[test]
fn an_end_that_lies_back_for_a_moment_is_no_truncation_and_one_that_stays_is_asked_about() {
    let mut ledger = ledger(&[5]);
    for second in 0..6 {
        assert_eq!(reads(&see(&mut ledger, &sight("t", &[(0, 3)]), AT + Duration::from_secs(second))), vec![]);
    }
    // With an epoch the broker can be asked where its log parts from ours.
    let ordered = see(&mut ledger, &sight("t", &[(0, 3)]), AT + Duration::from_secs(7));
    assert_eq!((gaps(&ordered), reads(&ordered)), (vec![], vec![(0, 5)]));
    ledger.gone(0, Some(2), AT);
    assert_eq!(gaps(&effects(&mut ledger)), vec![(0, GapKind::Truncation, 5, 2)]);
    let ordered = see(&mut ledger, &sight("t", &[(0, 3)]), AT + Duration::from_secs(8));
    let again = Effect::Read { partition: 0, offset: 2, leader_epoch: Some(1) };
    assert!(ordered.contains(&again), "the epoch stays, for the next time: {ordered:?}");
}

#[test]
fn a_log_that_ends_before_our_position_is_looked_into_even_if_the_consumer_says_nothing() {
    let mut ledger = ledger(&[5]);
    see(&mut ledger, &sight("t", &[(0, 9)]), AT);
    for second in 1..4 {
        assert_eq!(see(&mut ledger, &sight("t", &[(0, 3)]), AT + Duration::from_secs(second)), vec![]);
    }
    assert_eq!(see(&mut ledger, &sight("t", &[(0, 9)]), AT + Duration::from_secs(4)), vec![], "it was for a moment");
    let looks: Vec<Effect> =
        (5..9).flat_map(|second| see(&mut ledger, &sight("t", &[(0, 3)]), AT + Duration::from_secs(second))).collect();
    assert!(matches!(looks.as_slice(), [Effect::Rebuild { .. }]), "{looks:?}");
}

/// What is still on its way is of the log that is not ours: it must not be taken for what comes next.
#[test]
fn a_log_whose_epoch_falls_is_not_read_on_by_the_same_consumer() {
    let mut ledger = ledger(&[5]);
    see(&mut ledger, &sight("t", &[(0, 9)]), AT);
    assert_eq!(ledger.message(0, 5, Some(0)), Decision::Skip);
    assert_eq!(ledger.message(0, 6, Some(1)), Decision::Skip, "whatever still comes");
    assert!(matches!(effects(&mut ledger).as_slice(), [Effect::Rebuild { .. }]));
    assert_eq!(reads(&see(&mut ledger, &sight("t", &[(0, 9)]), AT)), vec![(0, 5)]);
}

/// Found by the simulation: a topic made anew with fewer partitions was waited for in vain.
#[test]
fn a_topic_made_anew_is_one_line_for_all_partitions_and_those_it_lacks_are_not_waited_for() {
    let mut ledger = ledger(&[5, 7]);
    let ordered = see(&mut ledger, &sight("another", &[(2, 9)]), AT);
    assert_eq!(gaps(&ordered), vec![(0, GapKind::TopicRecreated, 5, 0)]);
    let Some(Effect::TellGap { gap, .. }) = ordered.first() else { unreachable!("told above") };
    assert_eq!(gap.positions, BTreeMap::from([(0, 5), (1, 7)]));
    assert!(ordered.contains(&Effect::SealNow), "before anything of the new one is written");
    assert_eq!(reads(&ordered), vec![(0, 2)]);
    assert!(ledger.is_begun());
    assert_eq!(ledger.message(0, 3, Some(0)), Decision::Append { gap_before: 3 });
}

#[test]
fn another_topic_under_a_running_consumer_makes_another_consumer_first() {
    let mut ledger = ledger(&[5]);
    see(&mut ledger, &sight("t", &[(0, 9)]), AT);
    let ordered = see(&mut ledger, &sight("another", &[(0, 40)]), AT);
    assert!(matches!(ordered.as_slice(), [Effect::Rebuild { .. }]), "{ordered:?}");
    assert_eq!(ledger.message(0, 5, Some(1)), Decision::Skip, "whatever still comes");
    let ordered = see(&mut ledger, &sight("another", &[(0, 40)]), AT);
    assert_eq!((gaps(&ordered), reads(&ordered)), (vec![(0, GapKind::TopicRecreated, 5, 0)], vec![(0, 0)]));
}

#[test]
fn a_trail_that_had_published_more_than_it_has_was_rolled_back_and_that_is_told_once() {
    let rolled_back = Sight { published: BTreeMap::from([(0, 30)]), ..sight("t", &[(0, 40)]) };
    let mut first = ledger(&[5]);
    let ordered = see(&mut first, &rolled_back, AT);
    assert_eq!((gaps(&ordered), reads(&ordered)), (vec![(0, GapKind::FileRolledBack, 5, 5)], vec![(0, 5)]));
    let recovered = Recovered {
        identity: first.identity().clone(),
        positions: first.positions(),
        rolled_back: first.rolled_back().clone(),
    };
    assert_eq!(gaps(&see(&mut Ledger::new(recovered), &rolled_back, AT)), vec![]);
}

#[test]
fn a_partition_that_is_gone_is_told_and_one_that_was_added_is_read() {
    let mut ledger = ledger(&[5, 7, 9]);
    let ordered = see(&mut ledger, &sight("t", &[(0, 5), (0, 7)]), AT);
    assert_eq!(gaps(&ordered), vec![(2, GapKind::PartitionMissing, 9, 0)]);
    let ordered = see(&mut ledger, &sight("t", &[(0, 5), (0, 7), (0, 3)]), AT);
    assert_eq!((ordered.first(), reads(&ordered)), (Some(&Effect::PartitionsAdded(vec![2])), vec![(2, 0)]));
}

#[test]
fn a_consumer_is_mute_when_nothing_comes_though_there_is_something_for_long() {
    let mut ledger = ledger(&[5]);
    see(&mut ledger, &sight("t", &[(0, 9)]), AT);
    let look = |ledger: &mut Ledger, idle, after| {
        ledger.see(&sight("t", &[(0, 9)]), |_| true, Duration::from_secs(idle), AT + Duration::from_secs(after));
        effects(ledger)
    };
    assert_eq!(look(&mut ledger, 4, 4), vec![]);
    assert_eq!(look(&mut ledger, 0, 8), vec![], "something came from elsewhere");
    ledger.held_up();
    assert_eq!(look(&mut ledger, 60, 60), vec![], "the silence was ours");
    assert!(matches!(look(&mut ledger, 70, 70).as_slice(), [Effect::Rebuild { .. }]));
    // What is there now are only markers: there is nothing to deliver.
    see(&mut ledger, &sight("t", &[(0, 9)]), AT);
    ledger.partition_end(0, 9);
    assert_eq!(look(&mut ledger, 99, 99), vec![]);
    assert_eq!(look(&mut ledger, 999, 999), vec![]);
}

proptest! {
    #[test]
    fn whatever_is_repeated_each_offset_is_due_once_and_in_order(
        holes in proptest::collection::btree_set(0_i64..200, 0..50),
        restarts in proptest::collection::vec((0_i64..200, 0_i64..200), 0..20)
    ) {
        let mut ledger = Ledger::new(Recovered::default());
        see(&mut ledger, &sight("t", &[(0, 200)]), AT);
        let mut written = Vec::new();
        let mut read = |from: i64, to: i64| {
            for offset in (from..to).filter(|offset| !holes.contains(offset)) {
                if let Decision::Append { gap_before } = ledger.message(0, offset, None) {
                    written.push((offset, gap_before));
                }
            }
        };
        let mut reached = 0;
        for (back, to) in restarts {
            // Reading never begins after the position; it may begin before it.
            read(reached.min(back), to);
            reached = reached.max(to);
        }
        read(reached.min(100), 200);
        let expected: Vec<i64> = (0..200).filter(|offset| !holes.contains(offset)).collect();
        prop_assert_eq!(written.iter().map(|&(offset, _)| offset).collect::<Vec<_>>(), expected);
        let mut next = 0;
        for (offset, gap_before) in written {
            prop_assert_eq!(offset, next + gap_before);
            next = offset + 1;
        }
    }
}
