//! Directories of their own for tests.

use super::reaper;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A directory that is gone with the test. `ORDERTRAIL_KEEP=1` keeps all of them for a look.
pub(crate) struct Scratch {
    dir: Option<TempDir>,
    path: PathBuf,
}

impl Scratch {
    /// Under the target directory, not in `/tmp`: that is often memory, and a trail belongs on disk.
    pub(crate) fn new(name: &str) -> Scratch {
        let dir = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a directory can be made under target/tmp");
        if std::env::var_os("ORDERTRAIL_KEEP").is_some() {
            let path = dir.keep();
            eprintln!("kept: {}", path.display());
            return Scratch { dir: None, path };
        }
        reaper::made(dir.path());
        let path = dir.path().to_path_buf();
        Scratch { dir: Some(dir), path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file into it and says where it is.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, content).expect("a scratch file can be written");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(dir) = self.dir.take()
            && let Err(error) = dir.close()
        {
            eprintln!("{} stays: {error}", self.path.display());
        }
    }
}
