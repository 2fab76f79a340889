//! Whether somebody else may read or change the private key of a trail: the question that ssh asks of its keys.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::paths::key_path;

/// A private key that is not its owner's alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExposure {
    /// The file.
    pub path: PathBuf,
    /// Its nine bits of rights.
    pub mode: u32,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Readable,
    Writable,
    /// By the user of this number.
    Owned(u32),
}

impl KeyExposure {
    /// What to do about it, for people.
    pub fn advice(&self) -> String {
        let path = self.path.display();
        match self.how {
            How::Owned(_) => format!("give it to the tracker's user with chown, then run chmod 600 {path}"),
            How::Readable | How::Writable => {
                format!("run chmod 600 {path}, and audit rotate-key if somebody may have read it")
            }
        }
    }
}

impl fmt::Display for KeyExposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, mode, how } = self;
        let path = path.display();
        match how {
            How::Readable => write!(f, "others may read {path} (mode {mode:03o})"),
            How::Writable => write!(f, "others may change {path} (mode {mode:03o})"),
            How::Owned(user) => write!(f, "{path} belongs to user {user} (mode {mode:03o})"),
        }
    }
}

/// How the private key of the trail in `dir` is exposed; `None` when it is not, or there is none. A key of root's that
/// our group may read is one that was handed to us so.
pub fn key_exposure(dir: &Path) -> Option<KeyExposure> {
    let path = key_path(dir);
    let found = path.symlink_metadata().ok().filter(Metadata::is_file)?;
    let how = exposed(found.mode(), found.uid(), rustix::process::geteuid().as_raw())?;
    Some(KeyExposure { path, mode: found.mode() & 0o777, how })
}

fn exposed(mode: u32, owner: u32, ours: u32) -> Option<How> {
    let may_read = if owner == ours { 0o044 } else { 0o004 };
    match () {
        () if owner != ours && owner != 0 => Some(How::Owned(owner)),
        () if mode & 0o022 != 0 => Some(How::Writable),
        () if mode & may_read != 0 => Some(How::Readable),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_owners_alone_or_roots_and_handed_to_a_group() {
        let (us, other) = (1000, 1001);
        for (mode, owner, expected) in [
            (0o600, us, None),
            (0o400, us, None),
            (0o644, us, Some(How::Readable)),
            (0o640, us, Some(How::Readable)),
            (0o620, us, Some(How::Writable)),
            (0o666, us, Some(How::Writable)),
            (0o640, 0, None),
            (0o644, 0, Some(How::Readable)),
            (0o660, 0, Some(How::Writable)),
            (0o600, other, Some(How::Owned(other))),
        ] {
            assert_eq!(exposed(mode, owner, us), expected, "{mode:o} of {owner}");
        }
        assert_eq!(exposed(0o640, 0, 0), Some(How::Readable), "root's own");
    }
}
