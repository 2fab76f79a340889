//! A folder in which letters are left, each once, in a file of its own that is there wholly or not at all.
//!
//! A file is written under a temporary name, synced, and renamed; then the folder is synced. Files of one call share
//! the last step, and are synced several at a time, since the disk can do many almost as fast as one.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::tools::durable::make_folder;

/// So many files are synced at a time.
const AT_A_TIME: usize = 16;

/// With fewer files no more threads are worth it.
const FEW: usize = 4;

/// A folder of letters.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    /// Held for its sync.
    handle: File,
    owner: String,
}

/// A file to be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Letters, digits, dots and dashes; always the same for the same letter.
    pub name: String,
    /// The whole content.
    pub content: Vec<u8>,
}

impl Outbox {
    /// The outbox in `folder`, which is made when missing. Removes what an earlier run of `owner` (letters, digits,
    /// dots and dashes) had begun and not finished; so there must be one of a name at a time.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(folder: &Path, owner: &str) -> io::Result<Self> {
        make_folder(folder)?;
        let outbox = Self { folder: folder.to_owned(), handle: File::open(folder)?, owner: owner.to_owned() };
        let beginning = outbox.temporary("");
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_ours = name.to_str().is_some_and(|name| name.starts_with(&beginning) && name.ends_with(ENDING));
            if is_ours {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(outbox)
    }

    /// Leaves files. When this is all right, all of them are there, on the disk; one that was there before is left
    /// as it is. After an error some may be there.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn leave(&self, items: &[Item]) -> io::Result<()> {
        // Two of a name would be written by two threads into one temporary file.
        let mut names = HashSet::new();
        let items: Vec<&Item> = items.iter().filter(|item| names.insert(&item.name)).collect();
        let share = items.len().div_ceil(AT_A_TIME).max(FEW);
        std::thread::scope(|scope| {
            let threads: Vec<_> = items
                .chunks(share)
                .map(|share| scope.spawn(|| share.iter().try_for_each(|item| self.one(item))))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread that writes files has panicked")))
            })
        })?;
        self.handle.sync_all()
    }

    fn one(&self, item: &Item) -> io::Result<()> {
        let path = self.folder.join(&item.name);
        if path.try_exists()? {
            return Ok(());
        }
        let temporary = self.folder.join(self.temporary(&item.name));
        let written = write(&temporary, &item.content).and_then(|()| fs::rename(&temporary, &path));
        written.inspect_err(|_| {
            // What stays is removed at the next start.
            drop(fs::remove_file(&temporary));
        })
    }

    /// Hidden, so that whoever takes the letters out does not see it.
    fn temporary(&self, name: &str) -> String {
        let ending = if name.is_empty() { "" } else { ENDING };
        // No owner has a tilde in its name, so none is the beginning of another.
        format!(".{}~{name}{ending}", self.owner)
    }
}

/// How temporary files end.
const ENDING: &str = ".tmp";

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    // Made anew, whatever stands there: its name can be known before, and a link would lead the letter elsewhere.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(names: &[&str]) -> Vec<Item> {
        names.iter().map(|name| Item { name: (*name).to_owned(), content: name.as_bytes().to_vec() }).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("there")
            .flatten()
            .map(|e| e.file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_letter_is_not_written_through_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine").expect("made");
        let outbox = Outbox::open(&folder.path().join("outbox"), "owner").expect("made");
        std::os::unix::fs::symlink(&victim, folder.path().join("outbox/.owner~a.eml.tmp")).expect("made");
        outbox.leave(&items(&["a.eml"])).expect("room");
        assert_eq!(fs::read(&victim).expect("there"), b"mine");
        assert_eq!(fs::read(folder.path().join("outbox/a.eml")).expect("there"), b"a.eml");
    }

    #[test]
    fn each_is_there_once_and_one_that_is_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("new/outbox");
        let outbox = Outbox::open(&folder, "owner").expect("made");
        outbox.leave(&items(&["a.eml", "b.eml"])).expect("room");
        fs::write(folder.join("a.eml"), "other").expect("there");
        outbox.leave(&items(&["a.eml", "c.json"])).expect("room");
        assert_eq!(names(&folder), ["a.eml", "b.eml", "c.json"]);
        assert_eq!(fs::read(folder.join("a.eml")).expect("there"), b"other");
        assert_eq!(fs::read(folder.join("c.json")).expect("there"), b"c.json");
        outbox.leave(&items(&["d.eml", "d.eml", "d.eml", "d.eml", "d.eml"])).expect("one of them is left");
        outbox.leave(&[]).expect("nothing to do");
    }

    #[test]
    fn many_are_left_by_several_threads() {
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(folder.path(), "owner").expect("made");
        let all: Vec<String> = (0..333).map(|n| format!("{n:03}")).collect();
        outbox.leave(&items(&all.iter().map(String::as_str).collect::<Vec<_>>())).expect("room");
        assert_eq!(names(folder.path()), all);
    }

    #[test]
    fn what_was_begun_is_removed_and_nobody_elses() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [".owner~a.eml.tmp", ".owner-2~a.eml.tmp", ".owner.lock", "owner~a.tmp", "b.eml"] {
            fs::write(folder.path().join(name), "half").expect("there");
        }
        let outbox = Outbox::open(folder.path(), "owner").expect("there");
        assert_eq!(names(folder.path()), [".owner-2~a.eml.tmp", ".owner.lock", "b.eml", "owner~a.tmp"]);
        outbox.leave(&items(&["a.eml"])).expect("room");
        assert_eq!(fs::read(folder.path().join("a.eml")).expect("there"), b"a.eml");
    }

    #[test]
    fn a_failure_leaves_nothing_half() {
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = Outbox::open(folder.path(), "owner").expect("made");
        outbox.leave(&items(&["no/such/folder"])).expect_err("no such folder");
        assert!(names(folder.path()).is_empty());
    }
}
