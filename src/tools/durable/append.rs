//! Appends that leave no torn piece behind.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Access, Disk, DiskFile};
use super::is_disk_full;

/// How much room is set aside at once.
const ROOM_BYTES: u64 = 16 << 20;

/// A file that only grows at its end, by whole pieces, under one owner.
#[derive(Debug)]
pub struct AppendFile<F> {
    file: F,
    path: PathBuf,
    length: u64,
    /// Up to here the disk has set room aside; `u64::MAX`: it is not asked to.
    room: u64,
}

impl<F: DiskFile> AppendFile<F> {
    /// Opens `path`, made when missing, with its present length as the end. `access` is that of one that is made.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open<D: Disk<File = F>>(disk: &D, path: &Path, access: Access<'_>) -> io::Result<Self> {
        let file = match disk.open(path)? {
            Some(file) => {
                // Whoever made it may have been killed before its name was durable.
                disk.sync_entry(path)?;
                file
            }
            None => disk.create(path, access)?,
        };
        let length = file.length()?;
        Ok(Self { file, path: path.to_owned(), length, room: length })
    }

    /// Sets no room aside: for small files that nobody follows, where a piece that the disk has no room
    /// for may be seen before it is taken back.
    pub fn without_room(mut self) -> Self {
        self.room = u64::MAX;
        self
    }

    /// The end, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file itself, to read from it.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// Cuts everything from byte `length` on, and syncs.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_length(length)?;
        self.file.sync()?;
        self.length = length;
        if self.room != u64::MAX {
            self.room = length;
        }
        Ok(())
    }

    /// Writes what stands from byte `from` on once more, and syncs. After a failed sync the memory of
    /// the machine may show bytes that the disk does not have, and a later sync would not write them.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn rewrite(&mut self, from: u64) -> io::Result<()> {
        let mut block = vec![0; 1 << 20];
        let mut at = from;
        while at < self.length {
            let read = self.file.read_at(at, &mut block)?;
            let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            self.file.write_at(at, bytes)?;
            at += read as u64;
        }
        self.file.sync()
    }

    /// Adds `piece` at the end, wholly or not at all: after an error the file is as long as before.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        self.set_room_aside(piece.len() as u64)?;
        match self.file.write_at(self.length, piece) {
            Ok(()) => {
                self.length += piece.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.file.set_length(self.length)?;
                Err(error)
            }
        }
    }

    /// Makes a full disk say so before a byte is written: a follower of the file must not see a piece
    /// that is taken back. The length stays as it is.
    fn set_room_aside(&mut self, piece_bytes: u64) -> io::Result<()> {
        if self.length + piece_bytes <= self.room {
            return Ok(());
        }
        for ahead_bytes in [piece_bytes.max(ROOM_BYTES), piece_bytes] {
            match self.file.set_aside(self.length, ahead_bytes) {
                Ok(true) => {
                    self.room = self.length + ahead_bytes;
                    return Ok(());
                }
                Ok(false) => return Ok(()),
                // Perhaps there is room for less.
                Err(error) if is_disk_full(&error) && ahead_bytes > piece_bytes => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives back the room that was set aside and not used.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn give_room_back(&mut self) -> io::Result<()> {
        if self.room > self.length && self.room != u64::MAX {
            self.file.set_length(self.length)?;
            self.room = self.length;
        }
        Ok(())
    }

    /// Whether the file under its name is still the one that is written, as long as it was left.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn is_undisturbed(&self) -> io::Result<bool> {
        Ok(self.file.length()? == self.length && self.file.stands_at(&self.path)?)
    }
}
