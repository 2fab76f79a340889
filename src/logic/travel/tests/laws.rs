//! What holds for any records at all.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::records::{Record, fold, fold_one, fold_placed, placed, records, said, state};
use crate::logic::travel::{Board, Counts, Entry, Place};
use crate::words::travel::{ALIAS, Etat, Event, Verdict};

/// Cases of each law in an ordinary run; `PROPTEST_CASES` asks for more.
fn cases() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.max(10_000), ..usual }
}

fn sum(board: &Board) -> Counts {
    board.records()
}

/// The same records in another mixture of their partitions, chosen by `seed`.
fn mixed(records: &[(i64, Record)], seed: u64) -> Vec<(i64, Record)> {
    let mut lanes: BTreeMap<i32, Vec<(i64, Record)>> = BTreeMap::new();
    for (offset, record) in records.iter().rev() {
        lanes.entry(record.partition).or_default().push((*offset, record.clone()));
    }
    let (mut all, mut dice) = (Vec::new(), seed);
    let mut lanes: Vec<_> = lanes.into_values().collect();
    while !lanes.is_empty() {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (dice >> 33) as usize % lanes.len();
        match lanes[at].pop() {
            Some(record) => all.push(record),
            None => drop(lanes.swap_remove(at)),
        }
    }
    all
}

proptest! {
    #![proptest_config(cases())]

    /// 1: any bytes, key and order have a verdict, and counts add up to the records.
    #[test]
    fn law_1_total(records in records()) {
        let board = fold(&records);
        prop_assert_eq!(sum(&board).all(), records.len() as u64);
        let filed: u64 = board.all().map(|listed| listed.request.counts.all()).sum();
        prop_assert!(filed + board.nowhere().all() >= records.len() as u64);
    }

    /// 2: however partitions are mixed, the board is the same; so live reading is what replay is.
    #[test]
    fn law_2_live_is_replay(records in records(), seed: u64) {
        let placed = placed(&records);
        prop_assert_eq!(said(&fold_placed(&mixed(&placed, seed))), said(&fold_placed(&placed)));
    }

    /// 4: a copy of an accepted record, or of any with a name, anywhere later, changes nothing but counts.
    #[test]
    fn law_4_copies(records in records(), which: prop::sample::Index, at: prop::sample::Index) {
        let placed = placed(&records);
        let mut kept = Board::keeping(ids(&records));
        placed.iter().for_each(|record| fold_one(record, &mut kept));
        kept.settle();
        let mut is_accepted = |(offset, record): &(i64, Record)| {
            let Ok(event) = Event::read(record.value.as_deref()) else { return false };
            let entries = kept.settled(&event.id).map(|kept| kept.entries().to_vec()).unwrap_or_default();
            let here = |e: &Entry| (e.spot.partition, e.spot.offset) == (record.partition, *offset);
            entries.iter().any(|entry| here(entry) && entry.verdict == Verdict::Accepted)
        };
        let can_be = |at: &usize| placed[*at].1.event_id.is_some() || is_accepted(&placed[*at]);
        let some: Vec<usize> = (0..placed.len()).filter(can_be).collect();
        if some.is_empty() {
            return Ok(());
        }
        let from = some[which.index(some.len())];
        let mut more = records.clone();
        more.insert(from + 1 + at.index(records.len() - from), records[from].clone());
        let (before, after) = (fold(&records), fold(&more));
        for id in ids(&records) {
            prop_assert_eq!(state(&before, &id), state(&after, &id), "{}", id);
        }
    }

    /// 5 and 6: only what is accepted moves a request, never back, and nothing after an end.
    #[test]
    fn law_5_and_6_places(records in records()) {
        let mut board = Board::keeping(ids(&records));
        placed(&records).iter().for_each(|record| fold_one(record, &mut board));
        board.settle();
        for id in ids(&records) {
            let mut here: Option<Place> = None;
            for entry in board.settled(&id).map(|kept| kept.entries().to_vec()).unwrap_or_default() {
                prop_assert_eq!(entry.before, here);
                if !entry.verdict.is_accepted() {
                    prop_assert_eq!(entry.after, here);
                }
                prop_assert!(entry.after >= here);
                prop_assert!(!(entry.verdict.is_accepted() && here.is_some_and(Place::is_final)));
                here = entry.after;
            }
        }
    }

    /// 7 and 9: a request is what its own records make of it, and the board is all of them.
    #[test]
    fn law_7_and_9_independence(records in records()) {
        let (placed, board) = (placed(&records), fold(&records));
        for id in ids(&records) {
            let concerns = |record: &Record| {
                let own = Event::read(record.value.as_deref()).ok().is_some_and(|event| event.id == id);
                own || record.key.as_deref() == Some(id.as_bytes())
            };
            let own: Vec<_> = placed.iter().filter(|(_, record)| concerns(record)).cloned().collect();
            let alone = fold_placed(&own);
            prop_assert_eq!(alone.get(&id), board.get(&id), "{}", id);
        }
    }

    /// 8: the other spelling is the same.
    #[test]
    fn law_8_alias(records in records()) {
        let usual = Etat::EnAttenteValidation.as_str();
        let swap = |record: &Record| {
            let text = record.value.as_ref().and_then(|value| String::from_utf8(value.clone()).ok());
            let value = text.map(|text| text.replace(ALIAS, "\u{0}").replace(&format!("\"{usual}\""), &format!("\"{ALIAS}\"")));
            let value = value.map(|text| text.replace('\u{0}', usual).into_bytes());
            Record { value: value.or_else(|| record.value.clone()), ..record.clone() }
        };
        let swapped: Vec<_> = records.iter().map(swap).collect();
        prop_assert_eq!(said(&fold(&swapped)), said(&fold(&records)));
    }

    /// Keeping the records of a request changes nothing of it.
    #[test]
    fn kept_is_as_not_kept(records in records()) {
        let mut kept = Board::keeping(ids(&records));
        placed(&records).iter().for_each(|record| fold_one(record, &mut kept));
        kept.settle();
        prop_assert_eq!(said(&kept), said(&fold(&records)));
    }
}

/// Every id that a record may be filed under.
fn ids(records: &[Record]) -> Vec<String> {
    let named = |record: &Record| {
        let own = Event::read(record.value.as_deref()).ok().map(|event| event.id.into_owned());
        let key = record.key.clone().and_then(|key| String::from_utf8(key).ok());
        own.into_iter().chain(key).collect::<Vec<_>>()
    };
    let mut ids: Vec<String> = records.iter().flat_map(named).collect();
    ids.sort();
    ids.dedup();
    ids
}

#[test]
fn a_name_that_is_used_again_for_something_else_is_refused() {
    let named = |etat: &str| Record { event_id: Some("1".into()), ..Record::event("DV-1", etat) };
    let board = fold(&[named("CREATION"), named("CREATION"), named("EN_ATTENTE_VALIDATION")]);
    let request = board.get("DV-1").expect("it is there");
    assert_eq!(request.place, Some(Place::Creation));
    assert_eq!((request.counts.accepted, request.counts.duplicate, request.counts.refused), (1, 1, 1));
}

#[test]
fn what_was_refused_too_early_is_accepted_when_it_is_due() {
    let lives = ["CREATION", "DEPART", "EN_ATTENTE_VALIDATION", "VALIDEE", "PLANIFIEE", "DEPART", "DEPART"];
    let board = fold(&lives.map(|etat| Record::event("DV-1", etat)));
    let request = board.get("DV-1").expect("it is there");
    assert_eq!(request.place, Some(Place::Depart));
    assert_eq!((request.counts.accepted, request.counts.duplicate, request.counts.refused), (5, 1, 1));
}
