//! Records as a topic holds them, made by chance: legal lives, broken in every way, and bytes.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use crate::base::message::{Headers, Message, MessageTime, push_header};
use crate::logic::travel::{Board, LIFE, Place};
use crate::words::travel::{ALIAS, Etat};

/// A record without its place.
#[derive(Clone, PartialEq)]
pub(super) struct Record {
    pub(super) partition: i32,
    pub(super) time_ms: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) event_id: Option<String>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let Self { partition, time_ms, key, value, event_id } = self;
        write!(f, "{partition}@{time_ms}ms key {:?} {:?} ce_id {event_id:?}", text(key), text(value))
    }
}

impl Record {
    /// An event as it should be, in the partition of its request.
    pub(super) fn event(id: &str, etat: &str) -> Self {
        let value = json!({"id": id, "etat": etat, "details": {"n": 1}}).to_string();
        let partition = id.bytes().map(i32::from).sum::<i32>() % 3;
        Self { partition, time_ms: 0, key: Some(id.into()), value: Some(value.into()), event_id: None }
    }

    fn fold(&self, offset: i64, board: &mut Board) {
        let mut headers = Vec::new();
        if let Some(id) = &self.event_id {
            push_header(&mut headers, b"ce_id", Some(id.as_bytes()));
        }
        board.fold(&Message {
            partition: self.partition,
            offset,
            time: MessageTime::Create(self.time_ms),
            key: self.key.as_deref(),
            payload: self.value.as_deref(),
            headers: Headers::from_block(&headers),
            leader_epoch: None,
        });
    }
}

/// Records with their offsets, as the topic gives them out.
pub(super) fn placed(records: &[Record]) -> Vec<(i64, Record)> {
    let mut next = [0_i64; 8];
    let place = |record: &Record| {
        let next = &mut next[record.partition as usize];
        *next += 1;
        (*next - 1, record.clone())
    };
    records.iter().map(place).collect()
}

/// Folds them on, beginning anew as a reader does when a request turns out to be split.
pub(super) fn fold_placed(records: &[(i64, Record)]) -> Board {
    let mut board = Board::default();
    loop {
        for (offset, record) in records {
            record.fold(*offset, &mut board);
        }
        board.settle();
        if board.found_split().is_empty() {
            return board;
        }
        let ids: Vec<String> = board.kept_ids().chain(board.found_split()).cloned().collect();
        board = Board::keeping(ids);
    }
}

pub(super) fn fold(records: &[Record]) -> Board {
    fold_placed(&placed(records))
}

pub(super) fn fold_one(record: &(i64, Record), board: &mut Board) {
    record.1.fold(record.0, board);
}

/// All that a board says, as text.
pub(super) fn said(board: &Board) -> String {
    let line = |listed: crate::logic::travel::Listed<'_>| {
        format!("{} {} {}", listed.id, listed.is_split, serde_json::to_string(listed.request).expect("it is JSON"))
    };
    let lines: Vec<String> = board.sorted().into_iter().map(line).collect();
    format!("{:?}\n{:?}\n{}", board.records(), board.nowhere(), lines.join("\n"))
}

/// What people see of a request: place, RETARD, and what was accepted.
pub(super) fn state(board: &Board, id: &str) -> (Option<Place>, u32, bool, u64) {
    let request = board.get(id);
    request.map_or((None, 0, false, 0), |one| (one.place, one.delays, one.is_late, one.counts.accepted))
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof![9 => (0..4_u8).prop_map(|n| format!("DV-{n}")), 1 => "[a-zé\u{202e}]{1,3}"]
}

/// What may happen, most of it in order.
fn etat() -> impl Strategy<Value = String> {
    let known = || (0..Etat::ALL.len()).prop_map(|at| Etat::ALL[at].as_str().to_owned());
    prop_oneof![8 => known(), 1 => Just(ALIAS.to_owned()), 1 => "[A-Z_]{0,9}"]
}

fn details() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(r#"{"n":1}"#.to_owned()),
        2 => Just("{ \"n\" : 1 }".to_owned()),
        2 => (0..3_u8).prop_map(|n| format!(r#"{{"n":{n}}}"#)),
        1 => Just("null".to_owned()),
        1 => Just("[1]".to_owned()),
    ]
}

/// One record: mostly an event with its key, now and then anything.
fn one() -> impl Strategy<Value = Record> {
    let event_id = option::weighted(0.3, (0..6_u8).prop_map(|n| n.to_string()));
    let place = (0..12_u8, 0..5_i64, event_id);
    let event = (id(), etat(), details(), 0..12_u8, id());
    let bytes = (vec(any::<u8>(), 0..12), option::of(vec(any::<u8>(), 0..4)));
    (place, event, bytes, 0..14_u8).prop_map(|((partition, time_ms, event_id), event, bytes, kind)| {
        let (id, etat, details, key_kind, other) = event;
        let mut record = Record::event(&id, &etat);
        record.value = Some(format!(r#"{{"id":{},"etat":"{etat}","details":{details}}}"#, json!(id)).into());
        (record.time_ms, record.event_id) = (time_ms, event_id);
        match key_kind {
            0 => record.key = Some(other.into()),
            1 => record.key = None,
            _ => {}
        }
        // Writers that choose partitions in another way.
        if partition < 3 {
            record.partition = i32::from(partition);
        }
        match kind {
            0 => record.value = Some(bytes.0),
            1 => (record.value, record.key) = (None, bytes.1),
            2 => record.value = Some(br#"{"etat":"RETARD"}"#.to_vec()),
            _ => {}
        }
        record
    })
}

/// A life as it should be, up to some step, with a delay here and there.
fn life() -> impl Strategy<Value = Vec<Record>> {
    (id(), 0..=LIFE.len(), option::of(0..LIFE.len()), any::<bool>()).prop_map(|(id, steps, late, has_end)| {
        let mut all: Vec<Record> = LIFE.iter().take(steps).map(|place| Record::event(&id, place.as_str())).collect();
        if let Some(at) = late.filter(|at| *at < steps) {
            all.insert(at + 1, Record::event(&id, "RETARD"));
        }
        if has_end {
            all.push(Record::event(&id, "ANNULATION"));
        }
        all
    })
}

/// Lives of several requests, mixed, with foreign records between.
pub(super) fn records() -> impl Strategy<Value = Vec<Record>> {
    (vec(life(), 0..4), vec((any::<prop::sample::Index>(), one()), 0..14), any::<u64>()).prop_map(
        |(lives, others, seed)| {
            let mut queues: Vec<_> = lives.into_iter().map(|life| life.into_iter()).collect();
            let (mut all, mut dice) = (Vec::new(), seed);
            while !queues.is_empty() {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (dice >> 33) as usize % queues.len();
                match queues[at].next() {
                    Some(record) => all.push(record),
                    None => drop(queues.swap_remove(at)),
                }
            }
            for (at, other) in others {
                all.insert(at.index(all.len() + 1), other);
            }
            all
        },
    )
}
