//! A copy of what a user has on disk after a clone, with the scripts, for tests of these.

use super::command::{Run, binaries_dir, source_dir};
use super::machine::jars;
use super::ports::free_port;
use super::process::Exit;
use super::reaper;
use super::scratch::Scratch;
use super::wait::LONG;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A directory in which `start.sh` runs the programs under test, on a broker port of its own.
/// Whatever a test started there ends with it.
pub(crate) struct House {
    scratch: Scratch,
    broker_port: u16,
}

impl House {
    pub(crate) fn new() -> House {
        let scratch = Scratch::new("house");
        for part in ["start.sh", "stop.sh", "scripts", "broker", "Cargo.toml"] {
            let copied = Command::new("cp").arg("-R").arg(source_dir().join(part)).arg(scratch.path()).status();
            assert!(copied.is_ok_and(|status| status.success()), "{part} is copied");
        }
        std::fs::create_dir(scratch.join(".broker")).expect("the copy is ours");
        symlink(jars(), scratch.join(".broker/jars")).expect("the copy is ours");
        reaper::holds_pid_files(scratch.path());
        House { scratch, broker_port: free_port() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.scratch.path()
    }

    pub(crate) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.broker_port)
    }

    /// One of the two scripts.
    pub(crate) fn script(&self, name: &str) -> Run {
        self.tool(name, self.scratch.join(name))
    }

    /// Any program, run where a user stands, with what the scripts must know of this house.
    pub(crate) fn tool(&self, name: &str, path: impl AsRef<OsStr>) -> Run {
        Run::new(name, path, &self.scratch)
            .env("ORDERTRAIL_BIN_DIR", binaries_dir())
            .env("ORDERTRAIL_BROKER_PORT", self.broker_port.to_string())
    }

    /// `start.sh`, and its end.
    pub(crate) fn start(&self, arguments: &[&str]) -> Exit {
        let _one_at_a_time = one_start_at_a_time();
        self.script("start.sh").args(arguments).finish_within(LONG)
    }

    /// `stop.sh`, and its end.
    pub(crate) fn stop(&self, arguments: &[&str]) -> Exit {
        self.script("stop.sh").args(arguments).finish_within(LONG)
    }

    /// What a PID file names; none when there is no such file.
    #[track_caller]
    pub(crate) fn pid(&self, name: &str) -> Option<u32> {
        let text = std::fs::read_to_string(self.scratch.join(&format!("{name}.pid"))).ok()?;
        let number = text.strip_suffix('\n').expect("a PID file ends with LF");
        Some(number.parse().expect("a PID file holds a number, nothing else"))
    }

    /// The PID files there are.
    pub(crate) fn pid_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).expect("the house stands");
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".pid"))
            .collect();
        names.sort();
        names
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if self.pid_files().is_empty() {
            return;
        }
        let stopped = self.script("stop.sh").finish_within(LONG);
        if stopped.code != Some(0) {
            eprintln!("stop.sh: {stopped:?}");
        }
    }
}

/// All houses of a machine share the port of the tracker's page. start.sh does without when it is
/// taken, but two that look at the same instant both find it free.
pub(crate) fn one_start_at_a_time() -> File {
    // A lock of a file, because the documents' commands are run by another process.
    let lock = File::create(start_lock()).expect("a file can be made under target/tmp");
    lock.lock().expect("a lock can be had under target/tmp");
    lock
}

/// The file that is locked while a start is under way.
pub(crate) fn start_lock() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-start-at-a-time.lock")
}

/// Whether a process runs; a dead one that nobody has asked for yet does not.
pub(crate) fn runs(pid: u32) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output();
    let state = state.expect("ps is there").stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}
