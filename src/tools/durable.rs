//! Writing that survives a crash: one owner, appends that leave no torn line behind, syncs that are
//! believed only when they succeed.
//!
//! What is relied on: a `write` that was cut short by an error can be undone by truncating the file,
//! and data is on the disk when `fdatasync` has returned. What is not: that a failed `fdatasync` can
//! be tried again (the kernel may have dropped the pages), so its caller must stop.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

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
    /// removing it could give two owners.
    ///
    /// # Errors
    /// When the file cannot be opened, locked or written.
    pub fn try_acquire(path: &Path) -> io::Result<LockAttempt> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
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

/// A file that only grows at its end, by whole pieces, under one owner.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    path: PathBuf,
    length: u64,
    /// Up to here the disk has set room aside.
    room: u64,
}

/// How much room is set aside at once.
#[cfg(target_os = "linux")]
const ROOM_BYTES: u64 = 16 << 20;

impl AppendFile {
    /// Opens `path`, made when missing, with its present length as the end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Not O_APPEND: after a cut the next piece must stand where the cut is.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // Also when it was there: whoever made it may have been killed before it did this.
        sync_parent(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, path: path.to_owned(), length, room: length })
    }

    /// The end, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole file, from its first byte.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn reader(&self) -> io::Result<File> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }

    /// Cuts everything from byte `length` on, and syncs.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.file.sync_all()?;
        self.length = length;
        self.room = length;
        Ok(())
    }

    /// Adds `piece` at the end, wholly or not at all: after an error the file is as long as before.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        self.set_room_aside(piece.len() as u64)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        match self.file.write_all(piece) {
            Ok(()) => {
                self.length += piece.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.file.set_len(self.length)?;
                Err(error)
            }
        }
    }

    /// Makes a full disk say so before a byte is written: a follower of the file must not see a piece
    /// that is taken back. The length stays as it is.
    #[cfg(target_os = "linux")]
    fn set_room_aside(&mut self, piece_bytes: u64) -> io::Result<()> {
        let end = self.length + piece_bytes;
        if end <= self.room {
            return Ok(());
        }
        for ahead_bytes in [piece_bytes.max(ROOM_BYTES), piece_bytes] {
            let keep = rustix::fs::FallocateFlags::KEEP_SIZE;
            match rustix::fs::fallocate(&self.file, keep, self.length, ahead_bytes) {
                Ok(()) => {
                    self.room = self.length + ahead_bytes;
                    return Ok(());
                }
                // Perhaps there is room for less.
                Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) if ahead_bytes > piece_bytes => {}
                Err(error @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT)) => return Err(error.into()),
                // Not every file system can do it; then the write itself finds out.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn set_room_aside(&mut self, _piece_bytes: u64) -> io::Result<()> {
        Ok(())
    }

    /// Gives back the room that was set aside and not used.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn give_room_back(&mut self) -> io::Result<()> {
        if self.room > self.length {
            self.file.set_len(self.length)?;
            self.room = self.length;
        }
        Ok(())
    }

    /// Whether the file under its name is still the one that is written, as long as it was left.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn is_undisturbed(&self) -> io::Result<bool> {
        let ours = self.file.metadata()?;
        if ours.len() != self.length {
            return Ok(false);
        }
        match std::fs::metadata(&self.path) {
            Ok(named) => Ok(named.ino() == ours.ino() && named.dev() == ours.dev()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A second handle, to sync with while this one writes.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn sync_handle(&self) -> io::Result<SyncHandle> {
        self.file.try_clone().map(|file| SyncHandle { file })
    }
}

/// Syncs a file that another handle writes.
#[derive(Debug)]
pub struct SyncHandle {
    file: File,
}

impl SyncHandle {
    /// Returns once everything written before the call is on the disk.
    ///
    /// # Errors
    /// After an error nothing is known about what is on the disk: stop, and recover at the next start.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Makes the entry of `path` in its folder durable.
///
/// # Errors
/// What the operating system says.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
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

    #[test]
    fn pieces_stand_one_after_another_and_a_cut_is_the_new_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let mut file = AppendFile::open(&path).expect("made");
        file.append(b"one\ntwo\n").expect("room");
        file.cut(4).expect("shorter");
        file.append(b"three\n").expect("room");
        assert_eq!(std::fs::read(&path).expect("there"), b"one\nthree\n");
        assert_eq!(AppendFile::open(&path).expect("there").length(), 10);
        file.sync_handle().and_then(|handle| handle.sync()).expect("synced");
    }

    #[test]
    fn somebody_elses_hand_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let mut file = AppendFile::open(&path).expect("made");
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
