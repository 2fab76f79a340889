//! Following a file by its path.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::{Rotated, is_absent, rotated};
use super::pages::Pages;
use super::place::FileId;
use crate::tools::regular::{NO_FILE, open_any};

/// How often the folder is read again for predecessors that were taken away.
const FOLDER_EVERY_MS: i64 = 5_000;

/// What is known of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It was never there: it, or its folder, is still to come.
    Waiting,
    /// It is there and can be read.
    There,
    /// It was there, and was taken away; the pages still show its last content.
    Gone {
        /// Since when, milliseconds since 1970-01-01 UTC.
        since_ms: i64,
    },
    /// It cannot be read.
    Refused {
        /// What the operating system said, or what it is instead of a file.
        reason: String,
    },
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The same file, of the same length.
    Nothing,
    /// The same file, longer.
    Grown,
    /// The same file, shorter.
    Shrunk,
    /// The files were rotated, or the next one of the row was made: all places stay right.
    Rotated,
    /// Another file has this name, and the one before is nowhere: all places are void.
    Created,
}

/// A file that is followed by its path, and what can be read of it.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    pages: Pages,
    newest: Option<Newest>,
    state: FileState,
    folder_read_ms: Option<i64>,
}

#[derive(Debug)]
struct Newest {
    /// Held open, so that no other file can get its number while it counts.
    file: Arc<File>,
    id: FileId,
    bytes: u64,
}

impl Tail {
    /// Nothing is read before the first look.
    pub fn open(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            pages: Pages::default(),
            newest: None,
            state: FileState::Waiting,
            folder_read_ms: None,
        }
    }

    /// Where the file is looked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What can be read now.
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// What the last look found at the path.
    pub fn state(&self) -> &FileState {
        &self.state
    }

    /// The next look reads the folder again: for whoever found that a file of the row is gone.
    pub fn distrust(&mut self) {
        self.folder_read_ms = None;
    }

    /// Looks at the path. Costs one system call while the file is the same.
    pub fn look(&mut self, now_ms: i64) -> Change {
        match fs::metadata(&self.path) {
            Ok(metadata) if !metadata.is_file() => self.refused(NO_FILE.to_owned()),
            Ok(metadata) => match &mut self.newest {
                Some(newest) if newest.id == FileId::of(&metadata) => {
                    let before = std::mem::replace(&mut newest.bytes, metadata.len());
                    self.pages.set_newest_bytes(metadata.len());
                    self.state = FileState::There;
                    self.look_at_the_folder(now_ms);
                    by_length(before, metadata.len())
                }
                _ => self.another(now_ms).unwrap_or_else(|error| self.missing(now_ms, &error)),
            },
            Err(error) => self.missing(now_ms, &error),
        }
    }

    /// The path names another file than before, or the first.
    fn another(&mut self, now_ms: i64) -> io::Result<Change> {
        let (file, metadata) = open_any(&self.path)?;
        if !metadata.is_file() {
            return Ok(self.refused(NO_FILE.to_owned()));
        }
        let rotated = rotated(&self.path)?;
        let is_first = self.newest.is_none() && self.pages.segments().is_empty();
        // Without a newest the files were rotated before, and this is the one that was due.
        let is_next = self.newest.as_ref().is_none_or(|old| rotated.iter().any(|one| one.id == old.id));
        let newest = Newest { file: Arc::new(file), id: FileId::of(&metadata), bytes: metadata.len() };
        self.newest = Some(newest);
        self.set_pages(rotated, now_ms);
        self.state = FileState::There;
        Ok(if is_next && !is_first { Change::Rotated } else { Change::Created })
    }

    /// The path cannot be looked at.
    fn missing(&mut self, now_ms: i64, error: &io::Error) -> Change {
        if !is_absent(error) {
            return self.refused(error.to_string());
        }
        let Ok(rotated) = rotated(&self.path) else { return self.removed(now_ms) };
        match &self.newest {
            Some(old) if rotated.iter().any(|one| one.id == old.id) => {
                self.newest = None;
                self.set_pages(rotated, now_ms);
                self.gone(now_ms);
                Change::Rotated
            }
            // What took its place was rotated already.
            Some(_) if rotated.iter().any(|one| self.pages.index(one.id).is_none()) => {
                self.newest = None;
                self.set_pages(rotated, now_ms);
                self.gone(now_ms);
                Change::Created
            }
            Some(_) => self.removed(now_ms),
            None => {
                let (known, found) = (self.pages.segments().len(), rotated.len());
                self.set_pages(rotated, now_ms);
                self.gone(now_ms);
                match known {
                    _ if found <= known => Change::Nothing,
                    0 => Change::Created,
                    _ => Change::Rotated,
                }
            }
        }
    }

    /// The newest has no name any more. What was written last before that is still in it.
    fn removed(&mut self, now_ms: i64) -> Change {
        self.gone(now_ms);
        let Some(newest) = &mut self.newest else { return Change::Nothing };
        let length = newest.file.metadata().map_or(newest.bytes, |metadata| metadata.len());
        let before = std::mem::replace(&mut newest.bytes, length);
        self.pages.set_newest_bytes(length);
        by_length(before, length)
    }

    fn gone(&mut self, now_ms: i64) -> Change {
        let was_never_there = self.pages.segments().is_empty();
        match self.state {
            FileState::Gone { .. } => {}
            _ if was_never_there => self.state = FileState::Waiting,
            _ => self.state = FileState::Gone { since_ms: now_ms },
        }
        Change::Nothing
    }

    fn refused(&mut self, reason: String) -> Change {
        self.state = FileState::Refused { reason };
        Change::Nothing
    }

    fn set_pages(&mut self, rotated: Vec<Rotated>, now_ms: i64) {
        let newest = self.newest.as_ref().map(|newest| (self.path.as_path(), newest.id, newest.bytes, &newest.file));
        self.pages.set(rotated, newest);
        self.folder_read_ms = Some(now_ms);
    }

    /// Segments are archived, the oldest first, without anything happening to the newest.
    fn look_at_the_folder(&mut self, now_ms: i64) {
        // A clock that was set back counts as well.
        let is_due = self.folder_read_ms.is_none_or(|then| (now_ms - then).abs() >= FOLDER_EVERY_MS);
        if !is_due {
            return;
        }
        match rotated(&self.path) {
            Ok(rotated) => self.set_pages(rotated, now_ms),
            Err(_) => self.folder_read_ms = Some(now_ms),
        }
    }
}

fn by_length(before: u64, now: u64) -> Change {
    match now.cmp(&before) {
        Ordering::Less => Change::Shrunk,
        Ordering::Equal => Change::Nothing,
        Ordering::Greater => Change::Grown,
    }
}
