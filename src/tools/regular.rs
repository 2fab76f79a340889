//! Opening files that others may replace by anything.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// A text that somebody names, of settings or the like, has at most so many bytes.
const MOST_NAMED_BYTES: u64 = 16 << 20;

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

/// All of a text that somebody names, of up to 16 MiB; it may be a pipe, as `<(command)` is one, and is waited for.
///
/// # Errors
/// What the operating system says; more than that, and what is no UTF-8, is an error too.
pub fn read_named(path: &Path) -> io::Result<String> {
    read_text(File::open(path)?)
}

/// The same of what is open already.
///
/// # Errors
/// As of [`read_named`].
pub fn read_text(from: impl Read) -> io::Result<String> {
    let bytes = read_bounded(from, MOST_NAMED_BYTES)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

fn too_large(most_bytes: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most_bytes} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device without an end was read until there was no memory left.
    #[test]
    fn what_has_no_end_is_refused_and_a_pipe_is_read() {
        let error = read_named(Path::new("/dev/zero")).expect_err("it has no end");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let (reader, mut writer) = io::pipe().expect("there are some left");
        io::Write::write_all(&mut writer, b"acks=all\n").expect("it is small");
        drop(writer);
        assert_eq!(read_text(reader).expect("it ends"), "acks=all\n");
        assert_eq!(read_text(&b"\xff"[..]).expect_err("no text").to_string(), "it is not UTF-8");
    }
}
