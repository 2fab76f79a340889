//! Whatever stands in the file, recovery ends at its longest sound part, and appending carries on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

mod attacks;

use super::*;
use crate::base::message::{Headers, Message, MessageTime};
use crate::base::tree::{Tree, leaf_hash};
use crate::logic::ledger::{Durability, RotationRule};
use crate::tools::durable::OsDisk;
use crate::tools::shutdown::Shutdown;
use crate::words::record::{Gap, GapKind, Received, Verdict, write_gap, write_message};
use crate::words::seal::{KeyChain, Notes, Seal, SealedPosition};

fn line(topic: &str, partition: i32, offset: i64, gap_before: i64) -> Vec<u8> {
    let message = Message {
        partition,
        offset,
        time: MessageTime::Create(1),
        key: None,
        payload: Some(b"{\"n\": 1}"),
        headers: Headers::default(),
        leader_epoch: None,
    };
    let received = Received {
        timestamp: "2026-11-21T09:12:30.123Z",
        topic,
        message: &message,
        text: Some("{\"n\": 1}"),
        gap_before,
    };
    let mut line = Vec::new();
    write_message(&mut line, &received, &Verdict::Accepted);
    line
}

fn gap(partition: i32, kind: GapKind, from: i64, to: i64) -> Vec<u8> {
    let mut line = Vec::new();
    write_gap(&mut line, "2026-11-21T09:12:30.123Z", "orders", partition, &Gap::new(kind, from, to));
    line
}

fn go_line(offset: i64) -> Vec<u8> {
    format!(
        "{{\"timestamp\":\"2026-11-21T09:12:30Z\",\"event_type\":\"message.received\",\"kafka_topic\":\"orders\",\
         \"kafka_partition\":0,\"kafka_offset\":{offset},\"raw_message\":\"x\",\"message_size\":1,\
         \"deserialized\":false,\"error\":\"no\"}}\n"
    )
    .into_bytes()
}

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn with(content: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(trail_path(folder.path()), content).expect("written");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        trail_path(self.folder.path())
    }

    fn open(&self) -> Result<(Trail<OsDisk>, Recovery), RecoverError> {
        open(&OsDisk, self.folder.path(), "orders", Unsealed::Believed, &[7; 40], &Shutdown::new())
    }

    fn recover(&self) -> Recovery {
        self.open().expect("recovered").1
    }

    fn seal(&self) -> Seal {
        Seal::parse(&fs::read(seal_path(self.folder.path())).expect("sealed")).expect("a seal")
    }

    /// The bytes of every file in it but the lock.
    fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(self.folder.path()).expect("there").map(|entry| entry.expect("a file").path());
        files.map(|path| (path.clone(), fs::read(path).expect("there"))).collect()
    }

    fn content(&self) -> Vec<u8> {
        fs::read(self.path()).expect("there")
    }
}

fn positions(recovery: &Recovery) -> BTreeMap<i32, i64> {
    recovery.recovered.positions.iter().map(|(&partition, at)| (partition, at.next)).collect()
}

#[test]
fn no_file_is_an_empty_trail() {
    let folder = Folder { folder: tempfile::tempdir().expect("a folder") };
    let recovery = folder.recover();
    assert_eq!((recovery.lines, recovery.cut_bytes, positions(&recovery)), (0, 0, BTreeMap::new()));
}

#[test]
fn a_torn_last_line_is_cut_and_comes_again() {
    let whole = [line("orders", 0, 5, 0), line("orders", 1, 0, 0)].concat();
    let torn = line("orders", 0, 6, 0);
    for kept in 1..torn.len() {
        let folder = Folder::with(&[whole.as_slice(), &torn[..kept]].concat());
        let recovery = folder.recover();
        assert_eq!(recovery.cut_bytes, kept as u64);
        assert_eq!(recovery.kept_in, None, "a torn line is no loss");
        assert_eq!(positions(&recovery), BTreeMap::from([(0, 6), (1, 1)]));
        assert_eq!(folder.content(), whole);
    }
}

#[test]
fn whole_lines_after_a_damaged_one_are_kept_aside() {
    let good = line("orders", 0, 0, 0);
    let rest = [b"garbage\n".to_vec(), line("orders", 0, 1, 0), b"torn".to_vec()].concat();
    let folder = Folder::with(&[good.as_slice(), &rest].concat());
    let recovery = folder.recover();
    let kept = recovery.kept_in.expect("kept aside");
    assert_eq!(kept, Path::new(&format!("{}.cut-{}", folder.path().display(), good.len())));
    assert_eq!(fs::read(kept).expect("there"), rest);
    assert_eq!(folder.content(), good);
    // The same damage again does not overwrite what was kept.
    fs::write(folder.path(), [good.as_slice(), b"other\n"].concat()).expect("written");
    let second = folder.recover().kept_in.expect("kept aside too");
    assert_eq!(fs::read(second).expect("there"), b"other\n");
}

#[test]
fn a_line_that_does_not_continue_its_partition_ends_the_trail() {
    let start = [line("orders", 0, 0, 0), line("orders", 0, 3, 2)].concat();
    for wrong in [line("orders", 0, 5, 0), line("orders", 0, 3, 0), line("orders", 0, 6, 1)] {
        let folder = Folder::with(&[start.as_slice(), &wrong].concat());
        let recovery = folder.recover();
        assert_eq!(positions(&recovery), BTreeMap::from([(0, 4)]));
        assert!(recovery.kept_in.is_some());
    }
}

#[test]
fn after_a_gap_line_its_partition_goes_on_where_the_line_says() {
    let content = [
        line("orders", 0, 0, 0),
        gap(0, GapKind::Retention, 1, 90),
        line("orders", 0, 91, 1),
        gap(0, GapKind::Truncation, 92, 4),
        line("orders", 0, 4, 0),
    ];
    let folder = Folder::with(&content.concat());
    let recovery = folder.recover();
    assert_eq!((recovery.lines, recovery.cut_bytes), (5, 0));
    assert_eq!(positions(&recovery), BTreeMap::from([(0, 5)]));
}

#[test]
fn a_file_of_the_go_program_is_carried_on_as_it_is() {
    // It skips offsets without a word, and repeats some after a crash.
    let content = [go_line(3), go_line(4), go_line(9), go_line(4), line("orders", 0, 11, 1)].concat();
    let folder = Folder::with(&content);
    let recovery = folder.recover();
    assert_eq!((recovery.lines, recovery.cut_bytes), (5, 0));
    assert_eq!(positions(&recovery), BTreeMap::from([(0, 12)]));
    assert_eq!(folder.content(), content);
}

#[test]
fn the_trail_of_another_topic_is_refused_and_left_alone() {
    let content = [line("payments", 0, 0, 0), b"torn".to_vec()].concat();
    let folder = Folder::with(&content);
    let error = folder.open().err().expect("it is of another topic");
    assert!(error.to_string().contains("pass --topic payments"), "{error}");
    assert_eq!(folder.content(), content);
}

proptest! {
    #[test]
    fn a_trail_cut_or_spoilt_anywhere_recovers_to_its_longest_sound_part(
        steps in proptest::collection::vec((0..3_i32, 0..3_i64), 1..20),
        at in any::<proptest::sample::Index>(),
        spoil in proptest::option::of(any::<u8>())
    ) {
        let mut next = BTreeMap::new();
        let mut lines = Vec::new();
        for (partition, gap_before) in steps {
            let offset = next.entry(partition).or_insert(0_i64);
            *offset += gap_before;
            lines.push((partition, *offset + 1, line("orders", partition, *offset, gap_before)));
            *offset += 1;
        }
        let whole: Vec<u8> = lines.iter().flat_map(|(_, _, line)| line.clone()).collect();
        let at = at.index(whole.len());
        let mut content = whole.clone();
        match spoil {
            // A control character can stand nowhere in a line.
            Some(byte) => content[at] = byte % 10,
            None => content.truncate(at),
        }
        let folder = Folder::with(&content);
        let recovery = folder.recover();
        let mut sound = 0_usize;
        let mut expected = BTreeMap::new();
        for (partition, next, line) in &lines {
            if sound + line.len() > at {
                break;
            }
            sound += line.len();
            expected.insert(*partition, *next);
        }
        prop_assert_eq!(recovery.bytes, sound as u64);
        prop_assert_eq!(positions(&recovery), expected);
        prop_assert_eq!(folder.content(), &whole[..sound]);
        prop_assert_eq!(folder.recover().cut_bytes, 0, "a second recovery finds nothing to do");
    }
}

fn start(folder: &Folder, durability: Durability, size_bytes: Option<u64>) -> (Appender, Mark) {
    let (trail, _) = folder.open().expect("recovered");
    let mark = trail.mark().clone();
    let rotation = RotationRule { size_bytes, every: None };
    let options = AppendOptions { durability, rotation, stop: Shutdown::new() };
    (trail.start(options).expect("threads"), mark)
}

fn submit(appender: &mut Appender, mut lines: Vec<u8>, mark: &Mark) -> Result<u64, AppendError> {
    loop {
        match appender.submit(lines, mark, false)? {
            Submitted::Taken(bytes) => return Ok(bytes),
            Submitted::NoRoom(back) => lines = back,
        }
        appender.wait_for_room(Duration::from_millis(10));
    }
}

/// Writes these offsets of partition 0, and stops as asked.
fn write(folder: &Folder, offsets: std::ops::Range<i64>, size_bytes: Option<u64>) -> Vec<u8> {
    let (mut appender, mut mark) = start(folder, Durability::Relaxed, size_bytes);
    let mut written = Vec::new();
    for offset in offsets {
        let line = line("orders", 0, offset, 0);
        written.extend_from_slice(&line);
        mark.valid += 1;
        mark.positions.insert(0, SealedPosition { next: offset + 1, leader_epoch: None, without_line: false });
        submit(&mut appender, line, &mark).expect("room");
    }
    appender.finish().outcome.expect("a sound disk");
    written
}

#[test]
fn what_is_submitted_is_written_in_order_synced_and_sealed_in_the_end() {
    for durability in [Durability::Relaxed, Durability::Strict] {
        let folder = Folder::with(b"");
        let (mut appender, mut mark) = start(&folder, durability, None);
        let mut expected = Vec::new();
        for offset in 0..200 {
            let line = line("orders", 0, offset, 0);
            expected.extend_from_slice(&line);
            let mut piece = appender.empty_piece();
            assert!(piece.is_empty());
            piece.extend_from_slice(&line);
            mark.valid += 1;
            assert_eq!(submit(&mut appender, piece, &mark).expect("room"), expected.len() as u64);
        }
        let Finished { progress, checkpoints, last_checkpoint, outcome } = appender.finish();
        outcome.expect("a sound disk");
        let length = expected.len() as u64;
        assert_eq!((progress.written_bytes, progress.synced_bytes, progress.sealed_bytes), (length, length, length));
        assert!(progress.syncs > 0 && !checkpoints.is_empty());
        assert_eq!((last_checkpoint.expect("signed").checkpoint.size, progress.signed_lines), (200, 200));
        assert_eq!(folder.content(), expected);
        let seal = folder.seal();
        assert_eq!((seal.lines, seal.valid, seal.segment.bytes, seal.clean), (200, 200, length, true));
    }
}

#[test]
fn a_sealed_trail_starts_without_reading_its_lines_and_signs_the_tree_of_all_of_them() {
    let folder = Folder::with(b"");
    let written = [write(&folder, 0..50, None), write(&folder, 50..80, None)].concat();
    let recovery = folder.recover();
    assert_eq!((recovery.lines, recovery.unsealed_lines, recovery.was_clean), (80, 0, true));
    assert_eq!(positions(&recovery), BTreeMap::from([(0, 80)]));
    let mut tree = Tree::new();
    written.split_inclusive(|&byte| byte == b'\n').for_each(|line| tree.push(leaf_hash(&line[..line.len() - 1])));
    let notes = fs::read(checkpoints_path(folder.folder.path())).expect("signed");
    let public = fs::read_to_string(public_key_path(folder.folder.path())).expect("there");
    let chain = KeyChain::parse(&public).expect("a key");
    let last = Notes::new(&notes).last().expect("at least one");
    let (signed, _) = chain.read(last.bytes, 0).expect("signed by it");
    assert_eq!((signed.checkpoint.size, signed.checkpoint.root), (80, tree.root()));
    let key = fs::metadata(key_path(folder.folder.path())).expect("there");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
}

#[test]
fn segments_are_closed_before_they_grow_too_large_and_are_one_trail() {
    let folder = Folder::with(b"");
    let length = line("orders", 0, 0, 0).len() as u64;
    let written =
        [write(&folder, 0..25, Some(length * 10 + 30)), write(&folder, 25..44, Some(length * 10 + 30))].concat();
    let seal = folder.seal();
    assert_eq!(seal.lines, 44);
    let mut found = Vec::new();
    let mut first_line = 1;
    while first_line < seal.segment.first_line {
        let segment = fs::read(segment_path(folder.folder.path(), first_line)).expect("closed");
        assert!(segment.len() as u64 <= length * 10 + 30);
        first_line += segment.iter().filter(|&&byte| byte == b'\n').count() as u64;
        found.extend(segment);
    }
    assert_eq!(first_line, seal.segment.first_line);
    found.extend(folder.content());
    assert_eq!(found, written);
    // What was closed may be taken away: the newest segment is enough to go on.
    fs::remove_file(segment_path(folder.folder.path(), 1)).expect("archived");
    write(&folder, 44..50, None);
    assert_eq!(folder.seal().lines, 50);
}

#[test]
fn a_file_that_somebody_else_changed_is_not_written_any_more() {
    let folder = Folder::with(b"");
    let (mut appender, mut mark) = start(&folder, Durability::Strict, None);
    mark.valid = 1;
    submit(&mut appender, line("orders", 0, 0, 0), &mark).expect("room");
    while !appender.is_sealed() && appender.progress().synced_bytes == 0 {
        appender.wait_for_room(Duration::from_millis(1));
    }
    fs::write(folder.path(), b"mine\n").expect("changed");
    mark.valid = 2;
    // The first piece meets the change; from then on every one is refused.
    let refused = (0..10_000).find_map(|_| {
        appender.wait_for_room(Duration::from_millis(1));
        submit(&mut appender, line("orders", 0, 1, 0), &mark).err()
    });
    assert!(matches!(refused, Some(AppendError::Disturbed { .. })), "{refused:?}");
    assert!(matches!(appender.finish().outcome, Err(AppendError::Disturbed { .. })));
    assert_eq!(folder.content(), b"mine\n");
}
