//! A snapshot is the board to the byte, or it is nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::records::{Record, fold, fold_one, placed, records, said};
use crate::logic::travel::{Board, Origin, Reach, SnapshotError};

fn origin() -> Origin {
    let reach = Reach { low: 2, next: 7, leader_epoch: Some(3) };
    Origin {
        cluster_id: "c".to_owned(),
        topic: "t".to_owned(),
        topic_id: "i".to_owned(),
        partitions: BTreeMap::from([(0, reach), (1, Reach { low: 0, next: 0, leader_epoch: None })]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(10_000), ..ProptestConfig::default() })]

    /// 3: the snapshot of a beginning, and the rest, come to the same as all, byte for byte.
    #[test]
    fn law_3_a_beginning_and_the_rest_are_all(records in records(), cut: prop::sample::Index) {
        let placed = placed(&records);
        let mut all = Board::default();
        placed.iter().for_each(|record| fold_one(record, &mut all));
        let mut begun = Board::default();
        let (beginning, rest) = placed.split_at(cut.index(placed.len() + 1));
        beginning.iter().for_each(|record| fold_one(record, &mut begun));
        let Some(text) = begun.snapshot(&origin()) else {
            prop_assert!(!begun.found_split().is_empty());
            return Ok(());
        };
        let (mut board, from) = Board::of_snapshot(&text).expect("our own");
        prop_assert_eq!(from, origin());
        prop_assert_eq!(board.snapshot(&origin()), Some(text));
        rest.iter().for_each(|record| fold_one(record, &mut board));
        prop_assert_eq!(said(&board), said(&all));
        prop_assert_eq!(board.snapshot(&origin()), all.snapshot(&origin()));
    }
}

#[test]
fn a_snapshot_in_which_any_bit_is_another_is_not_used() {
    let life = ["CREATION", "EN_ATTENTE_VALIDATION", "RETARD", "DEPART"];
    let mut records = life.map(|etat| Record::event("DV-1", etat)).to_vec();
    records.push(Record { event_id: Some("n".into()), ..Record::event("DV-2", "CREATION") });
    let text = fold(&records).snapshot(&origin()).expect("nothing is kept");
    assert!(Board::of_snapshot(&text).is_ok());
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut damaged = text.clone();
            damaged[at] ^= 1 << bit;
            assert!(Board::of_snapshot(&damaged).is_err(), "byte {at}, bit {bit}");
        }
        assert!(Board::of_snapshot(&text[..at]).is_err(), "cut at {at}");
    }
    assert!(Board::of_snapshot(&[text.as_slice(), b"\n"].concat()).is_err());
    assert_eq!(Board::of_snapshot(b"").err(), Some(SnapshotError::Foreign));
}

#[test]
fn a_snapshot_of_something_else_is_not_used() {
    let origin = origin();
    let ends = BTreeMap::from([(0, (2, 7)), (1, (0, 9)), (2, (0, 0))]);
    let check = |cluster, topic, id, ends: &BTreeMap<i32, (i64, i64)>| origin.check(cluster, topic, id, ends);
    assert_eq!(check(Some("c"), "t", Some("i"), &ends), Ok(()));
    for (cluster, topic, id) in [(None, "t", Some("i")), (Some("d"), "t", Some("i")), (Some("c"), "u", Some("i"))] {
        assert!(matches!(check(cluster, topic, id, &ends), Err(SnapshotError::Elsewhere(_))));
    }
    assert!(matches!(check(Some("c"), "t", None, &ends), Err(SnapshotError::Elsewhere(_))));
    for wrong in [(3, 7), (1, 7), (2, 6)] {
        let ends = BTreeMap::from([(0, wrong), (1, (0, 9))]);
        assert!(matches!(check(Some("c"), "t", Some("i"), &ends), Err(SnapshotError::Moved { partition: 0, .. })));
    }
    assert!(check(Some("c"), "t", Some("i"), &BTreeMap::from([(0, (2, 7))])).is_err());
}
