//! Where a line stands, and what is handed over of it.

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

/// A file whatever its name is: a rotation renames it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// That of an open file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn of_file(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self::of(&metadata))
    }

    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// Where a line begins. It stays right when the file is rotated, and is void once lines before it were cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The byte in it, from 0.
    pub byte: u64,
}

/// As links have it: `fe00-4a1b3@1024`.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}-{:x}@{}", self.file.device, self.file.inode, self.byte)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (file, byte) = text.split_once('@').ok_or(())?;
        let (device, inode) = file.split_once('-').ok_or(())?;
        let number = |text: &str| u64::from_str_radix(text, 16).map_err(|_| ());
        let file = FileId { device: number(device)?, inode: number(inode)? };
        Ok(Self { file, byte: byte.parse().map_err(|_| ())? })
    }
}

/// One line as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLine {
    /// Where it begins.
    pub place: Place,
    /// Its bytes without the LF, at most as many as were asked for.
    pub bytes: Vec<u8>,
    /// Length of the whole line in bytes, without its LF.
    pub length: u64,
    /// Whether it has no LF: more of it may come, unless its file was rotated.
    pub is_torn: bool,
}

/// Which way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To newer lines.
    Forwards,
    /// To older lines.
    Backwards,
}

/// How one slice of a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searched {
    /// The line here is a hit.
    Found(Place),
    /// No hit up to here: the next slice starts from this place.
    GoOn(Place),
    /// No hit, and no line is left.
    Ended,
}

/// What one slice of collecting found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// The lines that were wanted, in the order in which they were met: backwards the newest first.
    pub lines: Vec<StoredLine>,
    /// The next slice starts from this place; `None`: no line is left.
    pub go_on: Option<Place>,
    /// How many bytes were read from the disk.
    pub read_bytes: u64,
}

/// How one slice of reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The budget is spent, and there is more.
    GoOn,
    /// There is nothing more for now.
    End,
}

/// Why lines could not be read.
#[derive(Debug, Error)]
pub enum TailError {
    /// The disk, or the rights on it.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file of a place is not there any more: it was removed, or archived.
    #[error("the file that held this line is gone")]
    Gone,
}

impl TailError {
    pub(super) fn disk(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::Gone,
            _ => Self::Disk { path: path.to_owned(), source },
        }
    }
}
