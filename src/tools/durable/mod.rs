//! Writing that survives a crash: one owner, appends that leave no torn line behind, syncs that are
//! believed only when they succeed.
//!
//! What is relied on: a `write` that was cut short by an error can be undone by truncating the file,
//! and data is on the disk when `fdatasync` has returned. What is not: that a failed `fdatasync` can
//! be tried again (the kernel may have dropped the pages), so its caller must stop.

mod append;
mod disk;
mod folder;

pub use append::AppendFile;
pub use disk::{Access, Disk, DiskFile, OsDisk, beside};
pub use folder::make_folder;

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use disk::open_itself;

/// The mode of what nobody but its owner may read.
const OWNER_ONLY: u32 = 0o600;

/// A folder's single owner, until it is dropped or its process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    // Held for its lock.
    _file: File,
}

/// Whether the lock was had.
#[derive(Debug)]
pub enum LockAttempt {
    /// It is ours.
    Acquired(Lock),
    /// Another process holds it; its process id, as far as it wrote it.
    HeldBy(String),
}

impl Lock {
    /// Tries to become the owner, without waiting. The file is made when missing and never removed:
    /// removing it could give two owners. Nobody else may open it: whoever may read a file may lock it, and would
    /// stop its owner.
    ///
    /// # Errors
    /// When the file cannot be opened, locked or written, or is a link.
    pub fn try_acquire(path: &Path) -> io::Result<LockAttempt> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(OWNER_ONLY);
        let mut file = open_itself(&options, path)?;
        if file.metadata()?.mode() & 0o077 != 0 {
            // It is of an earlier version, or was copied; if it is another's, that is for him to do.
            drop(file.set_permissions(Permissions::from_mode(OWNER_ONLY)));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.take(20).read_to_string(&mut holder)?;
                return Ok(LockAttempt::HeldBy(holder.trim().to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let pid = format!("{}\n", std::process::id());
        match file.write_all(pid.as_bytes()).and_then(|()| file.set_len(pid.len() as u64)) {
            Ok(()) => {}
            // The number is for people; the lock holds without it.
            Err(error) if is_disk_full(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(LockAttempt::Acquired(Lock { _file: file }))
    }
}

/// Free bytes where `path` is, for a process without special rights; `None` when it cannot be told.
pub fn free_bytes(path: &Path) -> Option<u64> {
    rustix::fs::statvfs(path).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether an error means that there is no room, which passes, and not that the disk fails.
pub fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_owner_and_names_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let first = Lock::try_acquire(&path).expect("it can be locked");
        assert!(matches!(first, LockAttempt::Acquired(_)));
        let second = Lock::try_acquire(&path).expect("it can be asked");
        let own = std::process::id().to_string();
        assert!(matches!(second, LockAttempt::HeldBy(holder) if holder == own));
        drop(first);
        assert!(matches!(Lock::try_acquire(&path), Ok(LockAttempt::Acquired(_))));
    }

    /// Whoever could read the file once could lock it, and stop its owner.
    #[test]
    fn only_its_owner_may_open_a_lock_and_a_link_is_no_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, victim) = (folder.path().join("lock"), folder.path().join("victim"));
        std::fs::write(&path, "").expect("made");
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("ours");
        let lock = Lock::try_acquire(&path).expect("it can be locked");
        assert!(matches!(lock, LockAttempt::Acquired(_)));
        assert_eq!(path.metadata().expect("there").mode() & 0o777, OWNER_ONLY);
        std::fs::write(&victim, "mine").expect("made");
        std::os::unix::fs::symlink(&victim, folder.path().join("link")).expect("made");
        let error = Lock::try_acquire(&folder.path().join("link")).expect_err("it leads elsewhere");
        assert!(error.to_string().contains("link"), "{error}");
        assert_eq!(std::fs::read(&victim).expect("there"), b"mine");
    }

    #[test]
    fn nothing_is_written_through_a_link_or_into_what_is_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (link, victim) = (folder.path().join("tracker.events"), folder.path().join("victim"));
        std::fs::write(&victim, "mine").expect("made");
        std::os::unix::fs::symlink(&victim, &link).expect("made");
        let made = OsDisk.create(&link, Access::Ordinary).map(drop);
        for error in [OsDisk.open(&link).map(drop), OsDisk.read(&link).map(drop), made] {
            assert!(error.is_err());
        }
        assert_eq!(std::fs::read(&victim).expect("there"), b"mine");
        let device = OsDisk.open(Path::new("/dev/zero")).expect_err("no file");
        assert!(device.to_string().contains("regular file"), "{device}");
        assert!(OsDisk.read(Path::new("/dev/zero")).is_err(), "and it has no end");
    }

    #[test]
    fn what_takes_a_place_or_is_made_like_another_file_has_no_more_rights_than_that_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let mode = |name: &str| at(name).metadata().expect("there").mode() & 0o777;
        let (model, kept) = (at("model"), at("kept"));
        for path in [&model, &kept] {
            std::fs::write(path, "").expect("made");
        }
        std::fs::set_permissions(&model, Permissions::from_mode(0o400)).expect("ours");
        std::fs::set_permissions(&kept, Permissions::from_mode(0o640)).expect("ours");
        OsDisk.replace(&kept, b"new", Access::Ordinary).expect("replaced");
        assert_eq!(mode("kept") & !0o640, 0, "{:o}", mode("kept"));
        OsDisk.replace(&kept, b"new", Access::OwnerOnly).expect("replaced");
        assert_eq!(mode("kept"), 0o600);
        drop(OsDisk.create(&at("made"), Access::Like(&model)).expect("made"));
        OsDisk.replace(&at("replaced"), b"new", Access::Like(&model)).expect("made");
        // Whoever has it must be able to open it again.
        assert_eq!((mode("made"), mode("replaced")), (0o600, 0o600));
        drop(OsDisk.create(&at("plain"), Access::Like(&at("missing"))).expect("made"));
        std::fs::write(at("usual"), "").expect("made");
        assert_eq!(mode("plain"), mode("usual"));
    }

    #[test]
    fn pieces_stand_one_after_another_and_a_cut_is_the_new_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let mut file = AppendFile::open(&OsDisk, &path, Access::Ordinary).expect("made");
        file.append(b"one\ntwo\n").expect("room");
        file.cut(4).expect("shorter");
        file.append(b"three\n").expect("room");
        assert_eq!(std::fs::read(&path).expect("there"), b"one\nthree\n");
        assert_eq!(AppendFile::open(&OsDisk, &path, Access::Ordinary).expect("there").length(), 10);
        file.rewrite(0).expect("synced");
        assert_eq!(std::fs::read(&path).expect("there"), b"one\nthree\n");
    }

    #[test]
    fn somebody_elses_hand_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let mut file = AppendFile::open(&OsDisk, &path, Access::Ordinary).expect("made");
        file.append(b"one\n").expect("room");
        assert!(file.is_undisturbed().expect("there"));
        std::fs::write(&path, b"").expect("truncated by somebody");
        assert!(!file.is_undisturbed().expect("there"));
        file.cut(0).expect("taken back");
        std::fs::remove_file(&path).expect("removed by somebody");
        assert!(!file.is_undisturbed().expect("asked"));
        std::fs::write(&path, b"").expect("another file of the same name");
        assert!(!file.is_undisturbed().expect("asked"));
    }

    #[test]
    fn a_full_disk_is_told_from_a_failing_one() {
        let full = OpenOptions::new().write(true).open("/dev/full").and_then(|mut device| device.write_all(b"x"));
        assert!(is_disk_full(&full.expect_err("never room")));
        assert!(!is_disk_full(&io::Error::from_raw_os_error(5)));
    }
}
