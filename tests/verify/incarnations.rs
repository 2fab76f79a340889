//! Everything that a tracker may soundly write about its partitions is found sound: gaps of every kind,
//! partitions without a line, several in one incarnation of the topic, segments closed anywhere.

use super::maker::{Dice, Maker, SEAL};
use super::{assert_sound, folder_of, verified};
use ordertrail::doors::audit::verify::DamageKind;
use ordertrail::words::record::GapKind;
use ordertrail::words::seal::{Seal, SealedPosition};
use proptest::collection::vec;
use proptest::prelude::*;
use std::fs;

const KINDS: [GapKind; 6] = [
    GapKind::Retention,
    GapKind::Truncation,
    GapKind::PartitionMissing,
    GapKind::FileRolledBack,
    GapKind::TopicRecreated,
    GapKind::ClusterChanged,
];

/// What a tracker does next.
#[derive(Clone, Debug)]
enum Step {
    /// It begins a partition at an offset.
    Begin(i32, i64),
    /// It writes the line of a message, so many offsets further on.
    Message(i32, i64),
    /// It writes the line of a gap.
    Gap(GapKind, i32),
    Seal,
    Rotate,
}

fn step() -> impl Strategy<Value = Step> {
    let partition = || 0..5_i32;
    prop_oneof![
        2 => (partition(), 0..50_i64).prop_map(|(partition, offset)| Step::Begin(partition, offset)),
        4 => (partition(), 0..3_i64).prop_map(|(partition, hole)| Step::Message(partition, hole)),
        3 => (0..KINDS.len(), partition()).prop_map(|(kind, partition)| Step::Gap(KINDS[kind], partition)),
        1 => Just(Step::Seal),
        1 => Just(Step::Rotate),
    ]
}

fn made(steps: &[Step], seed: u64) -> Maker {
    let (mut maker, mut dice) = (Maker::new(), Dice(seed));
    let mut rotated = 0;
    for step in steps {
        match *step {
            Step::Begin(partition, offset) => maker.begin(partition, offset),
            Step::Message(partition, hole) => maker.message(partition, Some(b"{}"), hole, &mut dice),
            Step::Gap(kind, partition) => maker.gap(kind, partition),
            Step::Seal => maker.seal(),
            // A segment without a line is never closed.
            Step::Rotate if maker.lines > rotated => {
                maker.rotate();
                rotated = maker.lines;
            }
            Step::Rotate => {}
        }
    }
    maker.stop();
    maker
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn whatever_a_tracker_writes_is_sound_with_and_without_its_archived_segments(
        steps in vec(step(), 0..60),
        seed in any::<u64>(),
    ) {
        let maker = made(&steps, seed);
        let folder = folder_of(&maker);
        let mut closed: Vec<u64> = maker.files.keys().filter_map(|name| name.strip_prefix("tracker.events.")?.parse().ok()).collect();
        closed.sort_unstable();
        for archived in std::iter::once(None).chain(closed.into_iter().map(Some)) {
            if let Some(first) = archived {
                fs::remove_file(folder.path().join(format!("tracker.events.{first}"))).expect("there");
            }
            let report = verified(&folder);
            prop_assert!(report.is_sound, "archived {:?}: {:#?}", archived, report.damages);
            prop_assert_eq!(report.lines, maker.lines);
        }
    }
}

/// What is found when the seal of a trail says something else.
#[track_caller]
fn expect_seal_damaged(maker: &Maker, change: impl FnOnce(&mut Seal)) {
    let mut changed = maker.clone();
    let mut seal = Seal::parse(&maker.files[SEAL]).expect("a seal");
    change(&mut seal);
    changed.files.insert(SEAL.to_owned(), seal.signed_by(&maker.key).to_bytes());
    let report = verified(&folder_of(&changed));
    let [damage] = report.damages.as_slice() else { panic!("{:#?}", report.damages) };
    assert_eq!(damage.kind, DamageKind::Seal, "{damage:?}");
}

fn last_is_wrong(maker: &Maker) -> bool {
    let report = verified(&folder_of(maker));
    report.damages.iter().any(|damage| damage.kind == DamageKind::Line && damage.first_line == Some(maker.lines))
}

#[test]
fn a_partition_without_a_line_is_said_to_be_one_and_one_with_lines_is_not() {
    let mut maker = Maker::new();
    maker.begin(4, 70);
    maker.message(0, Some(b"{}"), 3, &mut Dice(1));
    maker.stop();
    assert_sound(&verified(&folder_of(&maker)));
    let set = |partition, without_line| {
        move |seal: &mut Seal| seal.positions.get_mut(&partition).expect("told").without_line = without_line
    };
    expect_seal_damaged(&maker, set(0, true));
    expect_seal_damaged(&maker, set(4, false));
    expect_seal_damaged(&maker, |seal| seal.positions.retain(|partition, _| *partition != 0));
    let position = SealedPosition { next: 0, leader_epoch: None, without_line: false };
    expect_seal_damaged(&maker, |seal| seal.positions.extend([(2, position)]));
}

#[test]
fn the_first_message_of_a_partition_tells_all_that_was_gone_before_it() {
    let mut maker = Maker::new();
    maker.begin(1, 70);
    maker.message(1, Some(b"{}"), 2, &mut Dice(1));
    maker.stop();
    assert_sound(&verified(&folder_of(&maker)));
    let mut silent = Maker::new();
    silent.continue_at(1, 70);
    silent.message(1, Some(b"{}"), 2, &mut Dice(1));
    silent.stop();
    assert!(last_is_wrong(&silent));
    // Also that of one that comes back.
    maker.gap(GapKind::PartitionMissing, 1);
    maker.continue_at(1, 5);
    maker.message(1, Some(b"{}"), 0, &mut Dice(1));
    maker.stop();
    assert!(last_is_wrong(&maker));
}

#[test]
fn rolled_back_is_told_of_roll_backs_and_truncations_and_forgotten_with_what_they_were_of() {
    for kind in [GapKind::FileRolledBack, GapKind::Truncation] {
        let mut maker = Maker::new();
        maker.begin(0, 20);
        maker.gap(kind, 0);
        maker.stop();
        assert_sound(&verified(&folder_of(&maker)));
        expect_seal_damaged(&maker, |seal| seal.rolled_back.clear());
        expect_seal_damaged(&maker, |seal| seal.rolled_back.extend([(1, 20)]));
        for end in [GapKind::PartitionMissing, GapKind::TopicRecreated, GapKind::ClusterChanged] {
            let mut maker = maker.clone();
            maker.gap(end, 0);
            maker.stop();
            assert_sound(&verified(&folder_of(&maker)));
            expect_seal_damaged(&maker, |seal| seal.rolled_back.extend([(0, 20)]));
        }
    }
}
