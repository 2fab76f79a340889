//! Opening files that others may replace by anything.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// What is told of a folder, a pipe or a device that stands where a file is looked for.
pub const NO_FILE: &str = "it is not a regular file";

/// Opens whatever is there for reading, and says what it is. Opening a pipe would wait for a writer otherwise,
/// without an end.
///
/// # Errors
/// What the operating system says.
pub fn open_any(path: &Path) -> io::Result<(File, Metadata)> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}

/// Opens a file for reading, and never waits.
///
/// # Errors
/// What the operating system says; a folder, a pipe or a device is an error too.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let (file, metadata) = open_any(path)?;
    if metadata.is_file() { Ok(file) } else { Err(io::Error::other(NO_FILE)) }
}

/// All of a file of up to `most_bytes`, which is not waited for either.
///
/// # Errors
/// What the operating system says; a folder, a pipe, a device or a longer file is an error too.
pub fn read_regular(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    let file = open_regular(path)?;
    let length = file.metadata()?.len();
    // Not more than is allowed, though it may grow meanwhile.
    if length > most_bytes { Err(too_large(most_bytes)) } else { read_bounded(file, most_bytes) }
}

/// All of what has up to `most_bytes`.
///
/// # Errors
/// What the operating system says; more than that is an error too.
pub fn read_bounded(from: impl Read, most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes { Err(too_large(most_bytes)) } else { Ok(bytes) }
}

fn too_large(most_bytes: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most_bytes} bytes"))
}
