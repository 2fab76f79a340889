//! Files that grow, shrink, move and vanish, and pages through them.

mod following;
mod paging;
mod searching;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{Change, Checked, Cursor, Pages, Tail};

/// A folder with a followed file in it.
struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("file")
    }

    fn append(&self, bytes: &[u8]) {
        append(&self.file(), bytes);
    }

    fn rotate(&self, number: u64) {
        fs::rename(self.file(), self.path(&format!("file.{number}"))).unwrap();
    }

    fn truncate(&self, length: u64) {
        fs::OpenOptions::new().write(true).open(self.file()).unwrap().set_len(length).unwrap();
    }

    /// A tail that has looked once.
    fn tail(&self) -> Tail {
        let mut tail = Tail::open(&self.file());
        tail.look(0);
        tail
    }
}

fn append(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// A pipe that nobody writes to.
fn make_pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// What it gives, if it does not wait for good.
fn at_once<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || sender.send(look()));
    receiver.recv_timeout(Duration::from_secs(20)).unwrap()
}

/// Follows from the very first line on.
struct Follower {
    tail: Tail,
    cursor: Cursor,
}

impl Follower {
    fn new(folder: &Folder) -> Self {
        let tail = folder.tail();
        let cursor = Cursor::new(tail.pages(), tail.pages().first().unwrap()).unwrap();
        Self { tail, cursor }
    }

    /// What a look found, and the lines that came.
    fn look(&mut self) -> (Change, Checked, Vec<String>) {
        let change = self.tail.look(0);
        let checked = self.cursor.check(self.tail.pages()).unwrap();
        let lines = if checked == Checked::Same { self.read() } else { Vec::new() };
        (change, checked, lines)
    }

    fn read(&mut self) -> Vec<String> {
        read(&mut self.cursor, self.tail.pages())
    }
}

fn read(cursor: &mut Cursor, pages: &Pages) -> Vec<String> {
    let mut lines = Vec::new();
    cursor
        .read(pages, None, u64::MAX, &mut |line| lines.push(String::from_utf8_lossy(line.bytes).into_owned()))
        .unwrap();
    lines
}
