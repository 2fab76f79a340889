//! Opening files that others may replace by anything.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
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
