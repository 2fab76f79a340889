//! What a look finds, and that each line comes once.

use std::fs;

use super::super::{Change, Checked, Cursor, FileState, Step, Tail, TailError};
use super::{Folder, Follower, append, at_once, make_pipe};
use crate::tools::regular::open_regular;

#[test]
fn a_torn_line_waits_for_its_end() {
    let folder = Folder::new();
    folder.append(b"one\ntw");
    let mut follower = Follower::new(&folder);
    assert_eq!(follower.read(), ["one"]);
    assert_eq!(follower.cursor.torn().unwrap().bytes, 2);
    folder.append(b"o");
    assert_eq!(follower.look(), (Change::Grown, Checked::Same, vec![]));
    assert_eq!(follower.cursor.torn().unwrap().bytes, 3);
    folder.append(b"\n\nthree\n");
    assert_eq!(follower.look().2, ["two", "", "three"]);
    assert_eq!(follower.cursor.torn(), None);
    assert_eq!(follower.look(), (Change::Nothing, Checked::Same, vec![]));
}

#[test]
fn a_cut_file_is_noticed_at_any_length() {
    for length in 0..8 {
        let folder = Folder::new();
        folder.append(b"one\ntwo\n");
        let mut follower = Follower::new(&folder);
        follower.read();
        folder.truncate(length);
        assert_eq!(follower.look(), (Change::Shrunk, Checked::Cut, vec![]), "{length}");
    }
}

#[test]
fn a_file_cut_and_grown_again_between_two_looks_is_noticed() {
    for again in ["one\nsix\n", "one\nsix\nmore\n", "one\nsi"] {
        let folder = Folder::new();
        folder.append(b"one\ntwo\n");
        let mut follower = Follower::new(&folder);
        follower.read();
        folder.truncate(0);
        folder.append(again.as_bytes());
        assert_eq!(follower.look().1, Checked::Cut, "{again}");
    }
}

#[test]
fn a_torn_line_that_was_cut_comes_as_it_is_in_the_end() {
    let folder = Folder::new();
    folder.append(b"one\nthe begin");
    let mut follower = Follower::new(&folder);
    assert_eq!(follower.read(), ["one"]);
    folder.truncate(6);
    assert_eq!(follower.look(), (Change::Shrunk, Checked::Same, vec![]));
    folder.append(b"ree\n");
    assert_eq!(follower.look().2, ["three"]);
    folder.append(b"abc");
    follower.look();
    folder.truncate(10);
    folder.append(b"xyz\n");
    assert_eq!(follower.look().2, ["xyz"]);
}

#[test]
fn a_cursor_begun_in_the_middle_notices_a_cut_too() {
    let folder = Folder::new();
    folder.append(b"one\ntwo\n");
    let mut tail = folder.tail();
    let mut cursor = Cursor::new(tail.pages(), tail.pages().end().unwrap()).unwrap();
    folder.truncate(0);
    folder.append(b"six\ntwa\nmore\n");
    tail.look(0);
    assert_eq!(cursor.check(tail.pages()).unwrap(), Checked::Cut);
}

#[test]
fn a_cursor_resumes_only_behind_the_same_bytes() {
    let folder = Folder::new();
    folder.append(b"one\ntwo\n");
    let follower = &mut Follower::new(&folder);
    follower.read();
    let (place, guard) = (follower.cursor.place(), follower.cursor.guard().to_vec());
    folder.append(b"more\n");
    follower.tail.look(0);
    let resume = |follower: &Follower| Cursor::resume(follower.tail.pages(), place, &guard).unwrap().is_some();
    assert!(resume(follower));
    folder.truncate(4);
    follower.tail.look(0);
    assert!(!resume(follower));
    folder.append(b"six\nmore\n");
    follower.tail.look(0);
    assert!(!resume(follower));
}

#[test]
fn all_that_was_written_before_a_rotation_comes_before_what_is_written_after_it() {
    let folder = Folder::new();
    folder.append(b"one\n");
    let mut follower = Follower::new(&folder);
    assert_eq!(follower.read(), ["one"]);
    // Three rotations between two looks.
    for number in [1, 3, 12] {
        folder.append(format!("late {number}\n").as_bytes());
        folder.rotate(number);
    }
    folder.append(b"next\n");
    let (change, checked, lines) = follower.look();
    assert_eq!((change, checked), (Change::Rotated, Checked::Same));
    assert_eq!(lines, ["late 1", "late 3", "late 12", "next"]);
    folder.append(b"last\n");
    assert_eq!(follower.look(), (Change::Grown, Checked::Same, vec!["last".to_owned()]));
}

#[test]
fn a_rotation_seen_between_its_two_steps_is_one_too() {
    let folder = Folder::new();
    folder.append(b"one\n");
    let mut follower = Follower::new(&folder);
    folder.append(b"two\n");
    folder.rotate(1);
    assert_eq!(follower.look(), (Change::Rotated, Checked::Same, vec!["one".to_owned(), "two".to_owned()]));
    folder.append(b"three\n");
    assert_eq!(follower.look(), (Change::Rotated, Checked::Same, vec!["three".to_owned()]));
}

#[test]
fn the_rotated_files_of_logrotate_are_in_order() {
    let folder = Folder::new();
    append(&folder.path("file.2"), b"one\n");
    append(&folder.path("file.1"), b"two\n");
    folder.append(b"three\n");
    let older = fs::metadata(folder.path("file.1")).unwrap().modified().unwrap() - std::time::Duration::from_secs(60);
    fs::OpenOptions::new().write(true).open(folder.path("file.2")).unwrap().set_modified(older).unwrap();
    assert_eq!(Follower::new(&folder).read(), ["one", "two", "three"]);
}

#[test]
fn other_files_beside_it_are_none_of_its_own() {
    let folder = Folder::new();
    folder.append(b"one\n");
    for name in ["file.01", "file.+1", "file.", "file.1x", "file.seal", "file.99999999999999999999", "file2.1"] {
        append(&folder.path(name), b"no\n");
    }
    fs::create_dir(folder.path("file.7")).unwrap();
    assert_eq!(folder.tail().pages().segments().len(), 1);
}

#[test]
fn a_removed_file_stays_readable_until_there_is_another() {
    let folder = Folder::new();
    folder.append(b"one\n");
    let mut follower = Follower::new(&folder);
    folder.append(b"two\n");
    fs::remove_file(folder.file()).unwrap();
    assert_eq!(follower.look().2, ["one", "two"]);
    assert_eq!(follower.tail.state(), &FileState::Gone { since_ms: 0 });
    assert_eq!(follower.tail.pages().before(None, 9, 9).unwrap().len(), 2);
    folder.append(b"three\n");
    assert_eq!(follower.tail.look(0), Change::Created);
    assert_eq!(follower.tail.state(), &FileState::There);
    assert!(matches!(follower.cursor.read(follower.tail.pages(), None, 9, &mut |_| ()), Err(TailError::Gone)));
    assert_eq!(Follower::new(&folder).read(), ["three"]);
}

#[test]
fn a_file_moved_away_and_back_is_the_same() {
    let folder = Folder::new();
    folder.append(b"one\n");
    let mut follower = Follower::new(&folder);
    follower.read();
    fs::rename(folder.file(), folder.path("aside")).unwrap();
    assert_eq!(follower.look(), (Change::Nothing, Checked::Same, vec![]));
    append(&folder.path("aside"), b"two\n");
    fs::rename(folder.path("aside"), folder.file()).unwrap();
    assert_eq!(follower.look().2, ["two"]);
}

#[test]
fn a_segment_that_was_archived_leaves_the_pages_after_a_while() {
    let folder = Folder::new();
    folder.append(b"one\n");
    folder.rotate(1);
    folder.append(b"two\n");
    let mut tail = folder.tail();
    let first = tail.pages().first().unwrap();
    fs::remove_file(folder.path("file.1")).unwrap();
    assert!(matches!(tail.pages().from(None, 1, 9), Err(TailError::Gone)));
    tail.look(60_000);
    assert_eq!(tail.pages().from(None, 9, 9).unwrap().len(), 1);
    assert_eq!(tail.pages().compare(first, tail.pages().first().unwrap()), None);
}

#[test]
fn a_path_that_is_not_there_and_one_that_is_no_file_are_told() {
    let folder = Folder::new();
    let mut tail = Tail::open(&folder.path("no/such/file"));
    assert_eq!((tail.look(0), tail.state()), (Change::Nothing, &FileState::Waiting));
    fs::create_dir(folder.file()).unwrap();
    assert!(matches!(folder.tail().state(), FileState::Refused { .. }));
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_told_and_never_waited_for() {
    let folder = Folder::new();
    append(&folder.path("file.1"), b"one\n");
    folder.append(b"two\n");
    let mut tail = folder.tail();
    for name in ["file", "file.1"] {
        fs::remove_file(folder.path(name)).unwrap();
        make_pipe(&folder.path(name));
    }
    let (tail, first) = at_once(move || {
        assert_eq!(tail.look(1), Change::Nothing);
        let first = tail.pages().from(None, 9, 9);
        (tail, first)
    });
    assert!(matches!(tail.state(), FileState::Refused { .. }));
    assert!(matches!(first, Err(TailError::Gone)), "{first:?}");
    let path = folder.file();
    assert!(at_once(move || open_regular(&path)).is_err());
    assert!(open_regular(folder.folder.path()).is_err());
}

#[test]
fn a_line_of_30_mb_comes_whole_in_small_slices() {
    let folder = Folder::new();
    let mut long = vec![b'x'; 30_000_000];
    long.extend_from_slice(b"\nshort\n");
    folder.append(&long);
    let tail = folder.tail();
    let mut cursor = Cursor::new(tail.pages(), tail.pages().first().unwrap()).unwrap();
    let (mut lengths, mut slices) = (Vec::new(), 0);
    loop {
        let step =
            cursor.read(tail.pages(), None, 1_000_000, &mut |line| lengths.push((line.bytes.len(), line.length)));
        slices += 1;
        if step.unwrap() == Step::End {
            break;
        }
    }
    assert_eq!(lengths, [(30_000_000, 30_000_000), (5, 5)]);
    assert!(slices >= 30, "{slices}");
}
