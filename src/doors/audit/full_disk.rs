//! A disk on which only sealing finds no room, or worse: it holds nothing up for ever, and a stop is heard.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::logic::ledger::{Durability, RotationRule};
use crate::tools::durable::{Access, Disk, OsDisk};
use crate::tools::shutdown::Shutdown;
use crate::words::record::{Gap, GapKind, write_gap};
use crate::words::seal::{Seal, SealedPosition};

/// Files can be appended to, and no new one can be made while it is full: no inode is left.
#[derive(Clone, Default)]
struct NoInodes {
    is_full: Arc<AtomicBool>,
    /// Whoever makes a file panics: a mistake of ours in the midst of sealing.
    is_mistaken: Arc<AtomicBool>,
}

impl Disk for NoInodes {
    type File = <OsDisk as Disk>::File;

    fn open(&self, path: &Path) -> io::Result<Option<Self::File>> {
        OsDisk.open(path)
    }

    fn create(&self, path: &Path, access: Access<'_>) -> io::Result<Self::File> {
        OsDisk.create(path, access)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)
    }

    fn replace(&self, path: &Path, content: &[u8], access: Access<'_>) -> io::Result<()> {
        assert!(!self.is_mistaken.load(Ordering::SeqCst), "on purpose");
        match self.is_full.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => OsDisk.replace(path, content, access),
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        OsDisk.remove(path)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        OsDisk.read(path)
    }

    fn sync_entry(&self, path: &Path) -> io::Result<()> {
        OsDisk.sync_entry(path)
    }
}

/// A trail that is being appended to, on a disk of its own.
struct Recording {
    folder: tempfile::TempDir,
    disk: NoInodes,
    stop: Shutdown,
    appender: Appender,
    mark: Mark,
}

impl Recording {
    fn start() -> Self {
        let (folder, disk, stop) = (tempfile::tempdir().expect("a folder"), NoInodes::default(), Shutdown::new());
        let (trail, _) =
            open(&disk, folder.path(), "orders", Unsealed::Believed, &[7; 40], &Shutdown::new()).expect("recovered");
        let mark = trail.mark().clone();
        let rotation = RotationRule { size_bytes: None, every: None };
        let options = AppendOptions { durability: Durability::Strict, rotation, stop: stop.clone() };
        let appender = trail.start(options).expect("threads");
        Self { folder, disk, stop, appender, mark }
    }

    /// Hands over a piece of so many lines, if there is room for it.
    fn submit(&mut self, lines: i64) -> Result<Submitted, AppendError> {
        let (mut piece, mut mark) = (Vec::new(), self.mark.clone());
        for _ in 0..lines {
            let next = mark.positions.get(&0).map_or(0, |at| at.next) + 1;
            let gap = Gap::new(GapKind::Retention, next - 1, next);
            write_gap(&mut piece, "2026-11-21T09:12:30.123Z", "orders", 0, &gap);
            mark.gaps += 1;
            mark.positions.insert(0, SealedPosition { next, leader_epoch: None, without_line: false });
        }
        let submitted = self.appender.submit(piece, &mark, true)?;
        if matches!(submitted, Submitted::Taken(_)) {
            self.mark = mark;
        }
        Ok(submitted)
    }

    /// Hands over lines until the writer waits for the sealer and nothing more is taken.
    fn fill_up(&mut self) {
        loop {
            let progress = self.appender.progress();
            let unsealed_bytes = progress.synced_bytes - progress.sealed_bytes;
            let has_room = matches!(self.submit(1000).expect("nothing failed yet"), Submitted::Taken(_));
            if unsealed_bytes > shared::UNSEALED_BYTES && !has_room {
                return;
            }
            self.appender.wait_for_room(Duration::from_millis(1));
        }
    }

    /// Waits for what must come, however slow the machine is.
    fn wait_until(&self, holds: impl Fn(&Progress) -> bool) -> Progress {
        loop {
            let progress = self.appender.progress();
            if holds(&progress) {
                return progress;
            }
            self.appender.wait_for_seal(Duration::from_millis(10));
        }
    }
}

#[test]
fn a_stop_ends_a_trail_that_waits_for_room_to_seal() {
    for is_held_up in [false, true] {
        let mut recording = Recording::start();
        recording.disk.is_full.store(true, Ordering::SeqCst);
        assert!(matches!(recording.submit(10), Ok(Submitted::Taken(_))));
        recording.wait_until(|progress| progress.full_since.is_some());
        if is_held_up {
            recording.fill_up();
        }
        assert!(recording.appender.progress().failed.is_none(), "without a stop it waits");
        recording.stop.request();
        let progress = recording.wait_until(|progress| progress.failed.is_some());
        assert!(matches!(progress.failed, Some(AppendError::StillFull { .. })), "{:?}", progress.failed);
        assert_eq!(progress.synced_bytes, progress.written_bytes, "what was written is on the disk");
        let Recording { folder, disk, appender, .. } = recording;
        assert!(matches!(appender.finish().outcome, Err(AppendError::StillFull { .. })));
        disk.is_full.store(false, Ordering::SeqCst);
        let (_, recovery) =
            open(&disk, folder.path(), "orders", Unsealed::Believed, &[7; 40], &Shutdown::new()).expect("recovered");
        assert_eq!((recovery.bytes, recovery.cut_bytes), (progress.written_bytes, 0));
    }
}

#[test]
fn a_stop_on_a_disk_that_has_room_again_seals_everything() {
    let mut recording = Recording::start();
    recording.disk.is_full.store(true, Ordering::SeqCst);
    assert!(matches!(recording.submit(10), Ok(Submitted::Taken(_))));
    recording.wait_until(|progress| progress.full_since.is_some());
    recording.disk.is_full.store(false, Ordering::SeqCst);
    recording.stop.request();
    let Recording { folder, appender, .. } = recording;
    let Finished { progress, outcome, .. } = appender.finish();
    outcome.expect("there is room");
    assert_eq!((progress.sealed_bytes, progress.sealed_lines), (progress.written_bytes, 10));
    let seal = std::fs::read(seal_path(folder.path())).expect("sealed");
    assert!(Seal::parse(&seal).expect("a seal").clean);
}

#[test]
fn what_waits_to_be_written_is_bounded_by_its_bytes() {
    let mut recording = Recording::start();
    assert!(matches!(recording.submit(8_000), Ok(Submitted::Taken(_))), "a large piece, while nothing waits");
    recording.disk.is_full.store(true, Ordering::SeqCst);
    recording.fill_up();
    assert!(matches!(recording.submit(1_000), Ok(Submitted::NoRoom(_))));
    assert!(matches!(recording.submit(1), Ok(Submitted::Taken(_))), "there is room for a small one");
    recording.disk.is_full.store(false, Ordering::SeqCst);
    recording.appender.finish().outcome.expect("there is room");
}

#[test]
fn a_thread_that_panics_is_told_and_nobody_waits_for_it() {
    let mut recording = Recording::start();
    recording.disk.is_mistaken.store(true, Ordering::SeqCst);
    recording.submit(1).expect("nothing failed yet");
    let progress = recording.wait_until(|progress| progress.failed.is_some());
    assert!(matches!(progress.failed, Some(AppendError::Panicked { .. })), "{progress:?}");
    let finished = recording.appender.finish();
    assert!(matches!(finished.outcome, Err(AppendError::Panicked { .. })), "{finished:?}");
}
