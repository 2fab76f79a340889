//! The snapshot's file: one owner, replaced as a whole, and never somebody else's data.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::base::position::Positions;
use crate::logic::shopfold::{Figures, Snapshot, SnapshotError};
use crate::programs::techshop::TechshopError;
use crate::tools::durable::{Access, Disk as _, Lock, LockAttempt, OsDisk, beside};

/// Between two savings, at least.
const PAUSE: Duration = Duration::from_secs(1);

/// Saving may take one part in so many of the time.
const SHARE: u32 = 50;

/// What a file was put aside as.
const ASIDE: &str = ".damaged";

/// What was found where the snapshot should be.
#[derive(Debug)]
pub(in crate::programs::techshop) enum Found {
    /// A snapshot.
    Snapshot(Box<Snapshot>),
    /// Nothing yet.
    Nothing,
    /// Something that cannot be used.
    Unusable(SnapshotError),
}

/// What the file holds.
///
/// # Errors
/// [`TechshopError::File`] when it cannot be read.
pub(in crate::programs::techshop) fn load(path: &Path) -> Result<Found, TechshopError> {
    let read = OsDisk.read(path).map_err(|source| failed("read", path, source))?;
    Ok(match read.as_deref().map(Snapshot::read) {
        None => Found::Nothing,
        Some(Ok(snapshot)) => Found::Snapshot(Box::new(snapshot)),
        Some(Err(error)) => Found::Unusable(error),
    })
}

/// Who may write the file.
pub(in crate::programs::techshop) struct Keeper {
    path: PathBuf,
    _lock: Lock,
    due: Instant,
    /// Whether there is something to save.
    is_changed: bool,
    /// How many savings in a row have failed.
    failures: u32,
}

impl Keeper {
    /// Becomes the file's owner.
    ///
    /// # Errors
    /// [`TechshopError`]: another owner, or no file can be made there.
    pub(in crate::programs::techshop) fn open(path: &Path) -> Result<Self, TechshopError> {
        let lock = beside(path, ".lock");
        match Lock::try_acquire(&lock).map_err(|source| failed("lock", &lock, source))? {
            LockAttempt::Acquired(lock) => {
                Ok(Self { path: path.to_owned(), _lock: lock, due: Instant::now(), is_changed: false, failures: 0 })
            }
            LockAttempt::HeldBy(holder) => {
                let reason = format!(
                    "process {holder} already counts into {}: stop it, or pass another --state; --once only looks",
                    path.display()
                );
                Err(TechshopError::Failed { reason })
            }
        }
    }

    /// Puts what cannot be used aside, since it may be somebody's; its new name.
    ///
    /// # Errors
    /// [`TechshopError::File`].
    pub(in crate::programs::techshop) fn put_aside(&self) -> Result<PathBuf, TechshopError> {
        let aside = beside(&self.path, ASIDE);
        OsDisk.rename(&self.path, &aside).map_err(|source| failed("put aside", &self.path, source))?;
        Ok(aside)
    }

    /// Notes that there is something to save.
    pub(in crate::programs::techshop) fn changed(&mut self) {
        self.is_changed = true;
    }

    /// Whether it is time to save.
    pub(in crate::programs::techshop) fn is_due(&self) -> bool {
        self.is_changed && Instant::now() >= self.due
    }

    /// Whether there is something to save.
    pub(in crate::programs::techshop) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Replaces the file as a whole.
    ///
    /// # Errors
    /// What the operating system says; the file is as it was.
    pub(in crate::programs::techshop) fn save(
        &mut self,
        positions: &BTreeMap<String, Positions>,
        figures: &Figures,
    ) -> io::Result<()> {
        let began = Instant::now();
        let saved = OsDisk.replace(&self.path, &Snapshot::write(positions, figures), Access::OwnerOnly);
        self.due = Instant::now() + PAUSE.max(began.elapsed() * SHARE);
        self.is_changed &= saved.is_err();
        self.failures = if saved.is_err() { self.failures.saturating_add(1) } else { 0 };
        saved
    }

    /// Whether the last saving failed and the one before did not.
    pub(in crate::programs::techshop) fn is_first_failure(&self) -> bool {
        self.failures == 1
    }

    /// The file.
    pub(in crate::programs::techshop) fn path(&self) -> &Path {
        &self.path
    }

    /// The error of a saving that was the last.
    pub(in crate::programs::techshop) fn unsaved(&self, source: io::Error) -> TechshopError {
        failed("write", &self.path, source)
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> TechshopError {
    TechshopError::File { what, path: path.to_owned(), source, hint: "make room or pass another --state" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_found_and_what_is_foreign_is_put_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        assert!(matches!(load(&path), Ok(Found::Nothing)));
        let mut keeper = Keeper::open(&path).expect("it is free");
        assert!(matches!(Keeper::open(&path), Err(TechshopError::Failed { reason }) if reason.contains("--state")));
        keeper.changed();
        assert!(keeper.is_due());
        keeper.save(&BTreeMap::new(), &Figures::default()).expect("room");
        assert!(!keeper.is_changed());
        assert!(matches!(load(&path), Ok(Found::Snapshot(snapshot)) if *snapshot == Snapshot::default()));
        std::fs::write(&path, "somebody's").expect("room");
        assert!(matches!(load(&path), Ok(Found::Unusable(SnapshotError::Foreign))));
        let aside = keeper.put_aside().expect("it can be renamed");
        assert_eq!(std::fs::read(aside).expect("there"), b"somebody's");
        assert!(matches!(load(&path), Ok(Found::Nothing)));
    }
}
