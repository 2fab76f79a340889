//! Whoever may write the folder, without the key, gets nothing signed that was not there: at most an older
//! state of it, and what a tracker that was killed had not sealed yet.

use super::*;
use crate::words::seal::{Checkpoint, KeyError, PublishedCheckpoint, PublishedText, SegmentEntry, SigningKey};

/// Changes the seal, and leaves its signature as it was.
fn change_seal(folder: &Path, change: impl FnOnce(&mut Seal)) {
    let path = seal_path(folder);
    let mut seal = Seal::parse(&fs::read(&path).expect("sealed")).expect("a seal");
    change(&mut seal);
    fs::write(path, seal.to_bytes()).expect("written");
}

/// The seal of these bytes as the only segment, with the signature of another.
fn reseal(folder: &Path, content: &[u8]) {
    use sha2::{Digest as _, Sha256};
    let mut tree = Tree::new();
    content.split_inclusive(|&byte| byte == b'\n').for_each(|line| tree.push(leaf_hash(&line[..line.len() - 1])));
    let last = &content[content.len().saturating_sub(65_536)..];
    change_seal(folder, |seal| {
        (seal.root, seal.frontier, seal.clean) = (tree.root(), tree.frontier(), false);
        seal.segment.bytes = content.len() as u64;
        (seal.tail.bytes, seal.tail.sha256) = (last.len() as u64, Sha256::digest(last).into());
    });
}

/// The content with one payload changed.
fn forged(content: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(content.to_vec()).expect("UTF-8");
    text.replacen("\\\"n\\\": 1", "\\\"n\\\": 7", 1).into_bytes()
}

/// Cuts the checkpoints behind the first one.
fn keep_first_checkpoint(folder: &Path) -> u64 {
    let path = checkpoints_path(folder);
    let bytes = fs::read(&path).expect("signed");
    let first = Notes::new(&bytes).next().expect("one").bytes.to_vec();
    fs::write(path, &first).expect("cut");
    let text = String::from_utf8(first).expect("UTF-8");
    text.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size")
}

/// A run that has written the line behind a trail of twenty; and where that stands.
fn one_line_more(folder: &Folder) -> (Appender, Mark) {
    let (mut appender, mut mark) = start(folder, Durability::Relaxed, None);
    mark.valid += 1;
    mark.positions.insert(0, SealedPosition { next: 21, leader_epoch: None, without_line: false });
    let length = submit(&mut appender, line("orders", 0, 20, 0), &mark).expect("room");
    while appender.progress().written_bytes < length {
        appender.wait_for_room(Duration::from_millis(1));
    }
    (appender, mark)
}

#[test]
fn without_its_seal_a_trail_proves_itself_by_its_last_checkpoint() {
    let folder = Folder::with(b"");
    write(&folder, 0..50, None);
    fs::remove_file(seal_path(folder.folder.path())).expect("there");
    assert_eq!(folder.recover().lines, 50);
    let mut spoilt = folder.content();
    let at = spoilt.windows(5).position(|five| five == b"00:00" || five == b"12:30").expect("in a time");
    spoilt[at] = b'0';
    fs::write(folder.path(), spoilt).expect("changed");
    assert!(matches!(folder.open(), Err(RecoverError::Altered { .. })));
    fs::write(folder.path(), b"").expect("emptied");
    assert!(matches!(folder.open(), Err(RecoverError::Altered { .. })));
}

#[test]
fn sealed_data_that_are_missing_or_altered_are_refused_and_nothing_is_touched() {
    type Spoiler = (&'static str, fn(&Path));
    let spoilers: [Spoiler; 10] = [
        ("its newest segment is gone", |folder| fs::remove_file(trail_path(folder)).expect("there")),
        ("its end is cut", |folder| {
            let content = fs::read(trail_path(folder)).expect("there");
            fs::write(trail_path(folder), &content[..content.len() - 1]).expect("cut");
        }),
        ("its last line is another", |folder| {
            let mut content = fs::read(trail_path(folder)).expect("there");
            let at = content.len() - 20;
            content[at] ^= 1;
            fs::write(trail_path(folder), content).expect("changed");
        }),
        ("its seal is no seal", |folder| fs::write(seal_path(folder), "{}").expect("written")),
        ("its checkpoints are not signed", |folder| {
            let text = fs::read_to_string(checkpoints_path(folder)).expect("there");
            fs::write(checkpoints_path(folder), text.replace('=', "A")).expect("written");
        }),
        ("its positions are others", |folder| change_seal(folder, |seal| seal.positions.clear())),
        ("its topic's id is another", |folder| change_seal(folder, |seal| seal.topic_id = Some("x".to_owned()))),
        ("it says no more that the tracker stopped", |folder| change_seal(folder, |seal| seal.clean = false)),
        ("its key is gone", |folder| fs::remove_file(key_path(folder)).expect("there")),
        ("its seal is an old one", |folder| {
            let old = folder.join("old");
            fs::write(seal_path(folder), fs::read(old).expect("kept")).expect("written");
        }),
    ];
    for (what, spoil) in spoilers {
        let folder = Folder::with(b"");
        write(&folder, 0..20, None);
        fs::copy(seal_path(folder.folder.path()), folder.folder.path().join("old")).expect("kept");
        write(&folder, 20..40, None);
        spoil(folder.folder.path());
        let before = folder.everything();
        let error = folder.open().err().expect(what);
        assert!(matches!(error, RecoverError::Altered { .. } | RecoverError::Key { .. }), "{what}: {error}");
        assert_eq!(folder.everything(), before, "{what}: something was touched");
    }
}

#[test]
fn a_past_that_was_changed_is_not_signed_by_the_next_start() {
    let folder = Folder::with(b"");
    let true_lines = write(&folder, 0..20, None);
    let changed = forged(&true_lines);
    assert_ne!(changed, true_lines);
    fs::write(folder.path(), &changed).expect("changed");
    reseal(folder.folder.path(), &changed);
    fs::remove_file(checkpoints_path(folder.folder.path())).expect("there");
    let before = folder.everything();
    let error = folder.open().err().expect("its seal is signed by nobody");
    assert!(matches!(&error, RecoverError::Altered { what, .. } if what.contains("not signed")), "{error}");
    assert_eq!(folder.everything(), before);
    // Without the seal and with the checkpoints cut, nothing vouches for the lines: they come again.
    fs::remove_file(seal_path(folder.folder.path())).expect("there");
    let recovery = folder.recover();
    assert_eq!((recovery.lines, recovery.cut_bytes), (0, changed.len() as u64));
    assert_eq!(fs::read(recovery.kept_in.expect("kept aside")).expect("there"), changed);
}

#[test]
fn without_its_seal_lines_behind_the_last_checkpoint_are_kept_aside_and_come_again() {
    let folder = Folder::with(b"");
    let first = write(&folder, 0..20, None);
    fs::remove_file(seal_path(folder.folder.path())).expect("there");
    let more = [line("orders", 0, 20, 0), line("orders", 0, 21, 0)].concat();
    fs::write(folder.path(), [first.as_slice(), &more].concat()).expect("written");
    let recovery = folder.recover();
    assert_eq!((recovery.lines, positions(&recovery)), (20, BTreeMap::from([(0, 20)])));
    assert_eq!(fs::read(recovery.kept_in.expect("kept aside")).expect("there"), more);
    write(&folder, 20..25, None);
    assert_eq!((folder.seal().lines, folder.seal().clean), (25, true));
    // Cut back to an older checkpoint, it is that older trail, and nothing that was invented behind it.
    fs::remove_file(seal_path(folder.folder.path())).expect("there");
    let size = keep_first_checkpoint(folder.folder.path());
    let recovery = folder.recover();
    assert_eq!(recovery.lines, size);
}

#[test]
fn behind_a_clean_seal_nothing_is_adopted_and_what_a_start_writes_is_never_behind_one() {
    let folder = Folder::with(b"");
    let sealed = write(&folder, 0..20, None);
    let forged = line("orders", 0, 20, 0);
    fs::write(folder.path(), [sealed.as_slice(), &forged].concat()).expect("written");
    let recovery = folder.recover();
    assert_eq!((recovery.lines, recovery.unsealed_lines, positions(&recovery)), (20, 0, BTreeMap::from([(0, 20)])));
    assert_eq!(fs::read(recovery.kept_in.expect("kept aside")).expect("there"), forged);
    assert_eq!(folder.content(), sealed);
    assert!(folder.seal().clean, "nothing was written yet");
    let (appender, _) = one_line_more(&folder);
    assert!(!folder.seal().clean, "a line is there");
    appender.finish().outcome.expect("a sound disk");
    assert_eq!((folder.recover().lines, folder.recover().cut_bytes), (21, 0));
}

#[test]
fn a_closed_segment_that_the_seal_does_not_know_is_not_signed() {
    let folder = Folder::with(b"");
    let lines = write(&folder, 0..20, None);
    let tree = folder.seal().tree().expect("its own");
    let mut longer = tree.clone();
    longer.push(leaf_hash(b"invented"));
    for (tree, lines_told) in [(tree, 20), (longer, 21)] {
        let Seal { positions, .. } = folder.seal();
        let entry = SegmentEntry {
            first_line: 1,
            lines: lines_told,
            bytes: lines.len() as u64,
            frontier: tree.frontier(),
            positions,
            valid: lines_told,
            invalid: 0,
            gaps: 0,
            started_ms: 1,
            closed_ms: 2,
        };
        fs::write(segments_path(folder.folder.path()), entry.to_line()).expect("written");
        fs::write(segment_path(folder.folder.path(), 1), &lines).expect("written");
        assert!(matches!(folder.open(), Err(RecoverError::Altered { .. })), "{lines_told}");
    }
    // Nor without the seal.
    fs::remove_file(seal_path(folder.folder.path())).expect("there");
    assert!(matches!(folder.open(), Err(RecoverError::Altered { .. })));
}

#[test]
fn a_first_start_that_was_killed_before_it_had_a_key_is_begun_anew() {
    let content = [go_line(3), go_line(4)].concat();
    let folder = Folder::with(&content);
    folder.recover();
    // Its lines are believed, though nothing is sealed of them yet.
    assert_eq!((folder.recover().lines, folder.content()), (2, content.clone()));
    for name in ["tracker.events.pub", "tracker.events.key", "tracker.events.checkpoints", "tracker.events.segments"] {
        fs::remove_file(folder.folder.path().join(name)).expect("there");
        if name == "tracker.events.pub" {
            assert_eq!(folder.recover().lines, 2, "killed before it was published");
            fs::remove_file(folder.folder.path().join(name)).expect("there again");
        }
    }
    let recovery = folder.recover();
    assert_eq!((recovery.lines, recovery.cut_bytes, recovery.is_new), (2, 0, true));
}

#[test]
fn a_seal_from_before_the_keys_changed_is_refused() -> Result<(), KeyError> {
    let folder = Folder::with(b"");
    write(&folder, 0..10, None);
    let old = fs::read(seal_path(folder.folder.path())).expect("sealed");
    write(&folder, 10..20, None);
    rotate_key(folder.folder.path(), [8; 32]).expect("all is signed");
    assert_eq!(folder.recover().lines, 20);
    fs::write(seal_path(folder.folder.path()), old).expect("written");
    fs::remove_file(checkpoints_path(folder.folder.path())).expect("there");
    assert!(matches!(folder.open(), Err(RecoverError::Altered { .. })));
    // Nor does the key that was succeeded sign more than it may.
    let first = SigningKey::from_seed(folder.seal().origin.as_str(), [7; 32])?;
    let more = Seal { lines: 21, valid: 21, ..folder.seal() }.signed_by(&first);
    fs::write(seal_path(folder.folder.path()), more.to_bytes()).expect("written");
    assert!(matches!(folder.open(), Err(RecoverError::Altered { .. })));
    Ok(())
}

#[test]
fn a_pipe_in_the_place_of_a_file_is_an_error_and_holds_nothing_up() {
    for name in ["tracker.events", "tracker.events.seal", "tracker.events.pub", "tracker.events.checkpoints"] {
        let folder = Folder::with(b"");
        write(&folder, 0..3, None);
        let path = folder.folder.path().join(name);
        fs::remove_file(&path).expect("there");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
        let error = folder.open().err().expect(name);
        assert!(matches!(error, RecoverError::Disk { .. } | RecoverError::Altered { .. }), "{name}: {error}");
    }
}

/// An older seal that was put back, with lines behind it that nothing signed: what the trail had published tells.
#[test]
fn of_an_older_state_only_what_is_sealed_is_believed() -> Result<(), KeyError> {
    let folder = Folder::with(b"");
    let sealed = write(&folder, 0..20, None);
    let key = SigningKey::from_seed(&folder.seal().origin, [7; 32])?;
    let killed = Seal { clean: false, ..folder.seal() }.signed_by(&key);
    fs::write(seal_path(folder.folder.path()), killed.to_bytes()).expect("written");
    let invented = [line("orders", 0, 20, 0), line("orders", 0, 21, 0)].concat();
    fs::write(folder.path(), [sealed.as_slice(), &invented].concat()).expect("written");
    let published = |size: u64| {
        let checkpoint = Checkpoint { origin: key.origin().to_owned(), size, root: [1; 32] };
        let checkpoint = PublishedCheckpoint::of_note(&key.sign(&checkpoint, 1));
        PublishedText { origin: key.origin().to_owned(), topic_id: None, checkpoint }.to_text()
    };
    let (trail, recovery) = folder.open().expect("recovered");
    assert_eq!((recovery.lines, recovery.unsealed_lines, trail.history().has_unsealed_lines()), (22, 2, true));
    let held = |size| trail.history().hold_to([published(size).as_str()]).expect("a sound disk");
    assert_eq!(held(22), Held::Another { published_lines: 22 });
    assert_eq!(held(23), Held::RolledBack { published_lines: 23, from_line: 21 });
    drop(trail);
    let opened = open(&OsDisk, folder.folder.path(), "orders", Unsealed::KeptAside, &[7; 40], &Shutdown::new());
    let (trail, recovery) = opened.expect("recovered");
    assert_eq!((recovery.lines, recovery.unsealed_lines, positions(&recovery)), (20, 0, BTreeMap::from([(0, 20)])));
    assert_eq!(fs::read(recovery.kept_in.expect("kept aside")).expect("there"), invented);
    assert_eq!(folder.content(), sealed);
    assert_eq!(trail.last_checkpoint().map(|published| published.checkpoint.size), Some(20));
    Ok(())
}

#[test]
fn a_trail_that_was_given_up_is_not_sealed_as_if_it_had_been_stopped() {
    let folder = Folder::with(b"");
    write(&folder, 0..20, None);
    let (mut appender, mark) = one_line_more(&folder);
    appender.give_up();
    assert!(matches!(appender.submit(line("orders", 0, 21, 0), &mark, false), Err(AppendError::GivenUp { .. })));
    assert!(matches!(appender.finish().outcome, Err(AppendError::GivenUp { .. })));
    assert!(!folder.seal().clean);
}

/// Who may not read the trail learns nothing of it from what a start or a rotation puts beside it.
#[test]
fn what_is_put_beside_a_trail_has_no_more_rights_than_the_trail() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with(b"");
    let shut = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("ours");
    shut(&folder.path());
    let length = line("orders", 0, 0, 0).len() as u64;
    write(&folder, 0..25, Some(length * 10 + 30));
    // Whole lines behind the seal of a clean stop: no tracker wrote them, and they are put aside.
    let content = [folder.content(), line("orders", 0, 25, 0)].concat();
    fs::write(folder.path(), content).expect("added");
    let kept = folder.recover().kept_in.expect("put aside");
    let open = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o077;
    for path in [kept, folder.path(), segment_path(folder.folder.path(), 1)] {
        assert_eq!(open(&path), 0, "{}", path.display());
    }
    for path in
        [seal_path, checkpoints_path, segments_path, index_path, key_path].map(|path| path(folder.folder.path()))
    {
        assert_eq!(open(&path), 0, "{}", path.display());
    }
}

#[test]
fn a_key_that_others_may_read_is_told_and_its_successor_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with(b"");
    write(&folder, 0..5, None);
    let dir = folder.folder.path();
    assert_eq!(key_exposure(dir), None);
    fs::set_permissions(key_path(dir), fs::Permissions::from_mode(0o644)).expect("ours");
    let exposure = key_exposure(dir).expect("others may read it");
    let (told, path) = (exposure.to_string(), key_path(dir));
    assert!(told.contains("others may read") && told.contains("mode 644"), "{told}");
    assert!(exposure.advice().contains(&format!("chmod 600 {}", path.display())), "{}", exposure.advice());
    assert_eq!(rotate_key(dir, [8; 32]).expect("all is signed").exposure, Some(exposure));
    assert_eq!(key_exposure(dir), None);
}
