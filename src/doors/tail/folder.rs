//! The rotated predecessors of a file, found by their names.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::place::FileId;

/// One rotated predecessor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rotated {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    /// What stands behind the name: for a trail, the number of its first line.
    pub(super) number: u64,
    /// Its length in bytes.
    pub(super) bytes: u64,
    modified: (i64, i64),
}

/// The files `<name>.<number>` beside `path`, the oldest first; none when the folder is not there.
pub(super) fn rotated(path: &Path) -> io::Result<Vec<Rotated>> {
    let Some(name) = path.file_name() else { return Ok(Vec::new()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(number) = number_of(entry.file_name().as_encoded_bytes(), name.as_encoded_bytes()) else { continue };
        let path = entry.path();
        // It may have been taken away since the folder was read.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_file() {
            let modified = (metadata.mtime(), metadata.mtime_nsec());
            found.push(Rotated { path, id: FileId::of(&metadata), number, bytes: metadata.len(), modified });
        }
    }
    found.sort_by_key(|one| one.number);
    if counts_from_the_newest(&found) {
        found.reverse();
    }
    Ok(found)
}

/// Not there, or a part of the way to it is not.
pub(super) fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// The number behind the name and a point; nothing for `name.0012` and `name.+1`, which people make.
fn number_of(candidate: &[u8], name: &[u8]) -> Option<u64> {
    let digits = candidate.strip_prefix(name)?.strip_prefix(b".")?;
    if !matches!(digits.first(), Some(b'1'..=b'9')) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// logrotate names the newest `.1`, and renames all others at each rotation.
fn counts_from_the_newest(sorted: &[Rotated]) -> bool {
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return false };
    let is_a_row = sorted.iter().zip(1..).all(|(one, number)| one.number == number);
    is_a_row && first.modified > last.modified
}
