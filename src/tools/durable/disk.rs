//! The few things that are asked of a disk, so that a test can answer in its place.
//!
//! [`OsDisk`] is the real one. The tracker's simulator has another, which tears writes, fills up,
//! fails its syncs and loses power.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// Far more than any file that is read as a whole ever has: a larger one must not fill the memory.
const MOST_READ_BYTES: u64 = 256 << 20;

/// Who may read a new file. One that takes another's place has no more rights than that one, unless they are said here;
/// and none has more than the process gives (its umask).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access<'a> {
    /// Whoever the process lets.
    Ordinary,
    /// Its owner alone (mode 0600).
    OwnerOnly,
    /// Whoever may read the file that stands at this path; without one it is ordinary.
    Like(&'a Path),
}

impl Access<'_> {
    /// The mode to make `path` with. Its owner can always go on with it.
    fn mode(self, path: &Path) -> u32 {
        let mode_of = |path: &Path| {
            let found = path.symlink_metadata().ok().filter(Metadata::is_file)?;
            Some((found.mode() & 0o666) | 0o600)
        };
        let mode = match self {
            Self::OwnerOnly => Some(0o600),
            Self::Ordinary => mode_of(path),
            Self::Like(model) => mode_of(path).or_else(|| mode_of(model)),
        };
        mode.unwrap_or(0o666)
    }
}

/// Files by their paths.
pub trait Disk: Clone + Send + 'static {
    /// An open file.
    type File: DiskFile;

    /// Opens a file for reading and writing; `None` when there is none.
    ///
    /// # Errors
    /// What the operating system says.
    fn open(&self, path: &Path) -> io::Result<Option<Self::File>>;

    /// Makes an empty file, which must not be there yet; its name is durable when this returns.
    ///
    /// # Errors
    /// What the operating system says.
    fn create(&self, path: &Path, access: Access<'_>) -> io::Result<Self::File>;

    /// Gives a file another name; durable when this returns.
    ///
    /// # Errors
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Puts `content` in the place of a file, wholly or not at all, and durably.
    ///
    /// # Errors
    /// What the operating system says; the old content then stands, or, after an error in the last
    /// step, either of the two.
    fn replace(&self, path: &Path, content: &[u8], access: Access<'_>) -> io::Result<()>;

    /// Removes a file, if it is there, and durably.
    ///
    /// # Errors
    /// What the operating system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The whole content of a small file; `None` when there is none.
    ///
    /// # Errors
    /// What the operating system says; a file of more than 256 MiB is an error, too.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Makes the entry of `path` in its folder durable.
    ///
    /// # Errors
    /// What the operating system says.
    fn sync_entry(&self, path: &Path) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send + Sized + 'static {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the operating system says.
    fn length(&self) -> io::Result<u64>;

    /// Fills `buffer` from byte `at` on; less only at the end of the file.
    ///
    /// # Errors
    /// What the operating system says.
    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `bytes` from byte `at` on. After an error any part of them may be there.
    ///
    /// # Errors
    /// What the operating system says.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts or stretches it to `length` bytes.
    ///
    /// # Errors
    /// What the operating system says.
    fn set_length(&mut self, length: u64) -> io::Result<()>;

    /// Sets room aside for `bytes` from byte `at` on, without changing the length. False where the
    /// file system cannot do that.
    ///
    /// # Errors
    /// When there is no room.
    fn set_aside(&mut self, at: u64, bytes: u64) -> io::Result<bool>;

    /// Returns once everything written before the call is on the disk.
    ///
    /// # Errors
    /// After an error nothing is known about what is on the disk: stop, and recover at the next start.
    fn sync(&self) -> io::Result<()>;

    /// A second handle of the same file.
    ///
    /// # Errors
    /// What the operating system says.
    fn second(&self) -> io::Result<Self>;

    /// Whether this very file stands at `path`.
    ///
    /// # Errors
    /// What the operating system says.
    fn stands_at(&self, path: &Path) -> io::Result<bool>;
}

/// The machine's own file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Some file systems let a signal interrupt what the standard library does not repeat by itself.
fn uninterrupted(mut call: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Opens the file that stands at `path` and nothing that it leads to: in a folder where others may write, a link would
/// let us write what they may not. A pipe is not waited for.
pub(super) fn open_itself(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match options.clone().custom_flags(flags.bits().cast_signed()).open(path) {
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            let link = "it is a link, and is not followed: name the folder that it leads to";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, link));
        }
        opened => opened?,
    };
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "what stands there is no regular file"))
    }
}

impl Disk for OsDisk {
    type File = File;

    fn open(&self, path: &Path) -> io::Result<Option<File>> {
        // Not O_APPEND: after a cut the next piece must stand where the cut is.
        if_there(open_itself(OpenOptions::new().read(true).write(true), path))
    }

    fn create(&self, path: &Path, access: Access<'_>) -> io::Result<File> {
        let mode = access.mode(path);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(mode).open(path)?;
        self.sync_entry(path)?;
        Ok(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        uninterrupted(|| std::fs::rename(from, to))?;
        self.sync_entry(to)
    }

    fn replace(&self, path: &Path, content: &[u8], access: Access<'_>) -> io::Result<()> {
        let temporary = beside(path, ".new");
        let mode = access.mode(path);
        // What a killed predecessor left may have another mode.
        if_there(uninterrupted(|| std::fs::remove_file(&temporary)))?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)
            .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_data()));
        if let Err(error) = written.and_then(|()| uninterrupted(|| std::fs::rename(&temporary, path))) {
            // On a full disk it would take the room that is missed.
            drop(std::fs::remove_file(&temporary));
            return Err(error);
        }
        self.sync_entry(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match if_there(std::fs::remove_file(path))? {
            Some(()) => self.sync_entry(path),
            None => Ok(()),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = if_there(open_itself(OpenOptions::new().read(true), path))? else { return Ok(None) };
        let mut bytes = Vec::new();
        let length = file.take(MOST_READ_BYTES + 1).read_to_end(&mut bytes)?;
        if length as u64 > MOST_READ_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than any file of its kind"));
        }
        Ok(Some(bytes))
    }

    fn sync_entry(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        self.metadata().map(|found| found.len())
    }

    fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match std::os::unix::fs::FileExt::read_at(self, rest, at + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    #[cfg(target_os = "linux")]
    fn set_aside(&mut self, at: u64, bytes: u64) -> io::Result<bool> {
        use rustix::io::Errno;
        match rustix::fs::fallocate(&*self, rustix::fs::FallocateFlags::KEEP_SIZE, at, bytes) {
            Ok(()) => Ok(true),
            Err(error @ (Errno::NOSPC | Errno::DQUOT)) => Err(error.into()),
            // Not every file system can do it; then the write itself finds out.
            Err(_) => Ok(false),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn set_aside(&mut self, _at: u64, _bytes: u64) -> io::Result<bool> {
        Ok(false)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn second(&self) -> io::Result<Self> {
        self.try_clone()
    }

    fn stands_at(&self, path: &Path) -> io::Result<bool> {
        let ours = self.metadata()?;
        let named = if_there(std::fs::metadata(path))?;
        Ok(named.is_some_and(|named| named.ino() == ours.ino() && named.dev() == ours.dev()))
    }
}

/// The path of a file beside another: its name with `suffix` after it.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
