//! 10: topics that were written down, and the verdicts and states that this version of the fold gave them. Another
//! version may give others, and must then have another digest (`life.rs`).

use super::records::{Record, fold, fold_one, placed};
use crate::logic::travel::{Board, Place};

/// The verdicts of all records of one request, as machines are told them.
fn verdicts(records: &[Record], id: &str) -> Vec<String> {
    let mut board = Board::keeping([id.to_owned()]);
    placed(records).iter().for_each(|record| fold_one(record, &mut board));
    let told = |verdict: crate::words::travel::Verdict| verdict.reason().unwrap_or(verdict.as_str()).to_owned();
    board.settled(id).expect("it is kept").entries().iter().map(|entry| told(entry.verdict)).collect()
}

fn written(id: &str, value: &str) -> Record {
    Record { value: Some(value.into()), ..Record::event(id, "x") }
}

#[test]
fn the_originals_life_is_accepted_as_a_whole() {
    let life = [
        r#"{"id": "DV-2025-003", "etat": "CREATION", "details": {"destination": "New York", "employe": "Sophie Dupont"}}"#,
        r#"{"id": "DV-2025-003", "etat": "EN_ATTENTE_VALIDATION_MANAGER", "details": {"manager": "Marc Lefevre"}}"#,
        r#"{"id": "DV-2025-003", "etat": "VALIDEE", "details": {"manager": "Marc Lefevre", "budget_approuve": 1200.0}}"#,
        r#"{"id": "DV-2025-003", "etat": "PLANIFIEE", "details": {"vol": "LH987", "hotel": "Midtown Plaza"}}"#,
        r#"{"id": "DV-2025-003", "etat": "RETARD", "details": {"cause": "Gr\u00e8ve a\u00e9rienne"}}"#,
        r#"{"id": "DV-2025-003", "etat": "DEPART", "details": {"statut": "\u00c0 l'a\u00e9roport"}}"#,
        r#"{"id": "DV-2025-003", "etat": "RETOUR", "details": {"duree_totale_jours": 4}}"#,
        r#"{"id": "DV-2025-003", "etat": "CLOTUREE", "details": {"frais_notes": "En attente de remboursement"}}"#,
    ]
    .map(|value| written("DV-2025-003", value));
    assert_eq!(verdicts(&life, "DV-2025-003"), ["accepted"; 8]);
    let board = fold(&life);
    let request = board.get("DV-2025-003").expect("it is there");
    assert_eq!((request.place, request.delays, request.is_late), (Some(Place::Cloturee), 1, false));
    assert_eq!(
        request.happened.as_ref().map(|happened| happened.details.as_ref()),
        Some(r#"{"frais_notes": "En attente de remboursement"}"#)
    );
}

#[test]
fn each_kind_of_record_has_its_verdict() {
    let event = |etat: &str| Record::event("a", etat);
    let named = |etat: &str, name: &str| Record { event_id: Some(name.into()), ..event(etat) };
    let records = [
        (event("RETARD"), "not_created"),
        (event("CREATION"), "accepted"),
        (event("CREATION"), "duplicate"),
        (written("a", r#"{"id":"a","etat":"CREATION"}"#), "out_of_order"),
        (event("DEPART"), "out_of_order"),
        (event("EN_ATTENTE_VALIDATION_MANAGER"), "accepted"),
        (event("EN_ATTENTE_VALIDATION"), "duplicate"),
        (named("RETARD", "1"), "accepted"),
        (named("RETARD", "2"), "accepted"),
        (named("RETARD", "2"), "duplicate"),
        (event("RETARD"), "duplicate"),
        (named("VALIDEE", "2"), "id_reused"),
        (named("DEPART", "3"), "out_of_order"),
        (event("VALIDEE"), "accepted"),
        (event("PLANIFIEE"), "accepted"),
        (named("DEPART", "3"), "duplicate"),
        (event("DEPART"), "accepted"),
        (event("validee"), "unknown_etat"),
        (written("a", r#"{"id":"a","etat":"RETOUR","details":[]}"#), "bad_details"),
        (written("a", r#"{"id":"b","etat":"CREATION"}"#), "key_mismatch"),
        (Record { value: None, ..event("x") }, "tombstone"),
        (written("a", ""), "empty"),
        (Record { value: Some(vec![255]), ..event("x") }, "not_utf8"),
        (written("a", "{"), "not_json"),
        (written("a", "[]"), "not_object"),
        (written("a", r#"{"id":"a","id":"a","etat":"RETOUR"}"#), "field_twice"),
        (written("a", r#"{"etat":"RETOUR"}"#), "no_id"),
        (written("a", r#"{"id":"","etat":"RETOUR"}"#), "bad_id"),
        (written("a", r#"{"id":"a"}"#), "no_etat"),
        (Record { key: None, ..event("ANNULATION") }, "accepted"),
        (event("RETOUR"), "already_final"),
        (event("ANNULATION"), "duplicate"),
    ];
    let (all, expected): (Vec<Record>, Vec<&str>) = records.into_iter().unzip();
    assert_eq!(verdicts(&all, "a"), expected);
    let board = fold(&all);
    assert_eq!(board.get("b").map(|request| (request.place, request.counts.refused)), Some((None, 1)));
    assert_eq!(board.get("a").map(|request| request.delays), Some(2));
    assert_eq!(board.records().all(), all.len() as u64);
}

#[test]
fn a_life_in_two_partitions_is_merged_by_time_and_then_by_partition() {
    let at = |partition, time_ms, etat: &str| Record { partition, time_ms, ..Record::event("a", etat) };
    let records = [
        at(1, 1, "CREATION"),
        at(1, 3, "VALIDEE"),
        at(0, 2, "EN_ATTENTE_VALIDATION"),
        at(1, 5, "DEPART"),
        // Its own time is older than what stands before it in its partition.
        at(0, 5, "PLANIFIEE"),
        at(0, 4, "RETARD"),
    ];
    let board = fold(&records);
    let listed = board.sorted();
    assert!(listed[0].is_split);
    let request = listed[0].request;
    assert_eq!((request.place, request.delays), (Some(Place::Depart), 1));
    assert_eq!((request.counts.accepted, request.counts.all()), (6, 6));
    assert_eq!(verdicts(&records, "a"), ["accepted"; 6]);
}
