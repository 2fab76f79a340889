//! What stands beside the trail: the seal, the newest checkpoint, and whose process it is.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::doors::audit::read::{newest_checkpoint, read_seal};
use crate::logic::monitor::{CheckpointSeen, Model, ProcessState, SealSeen};
use crate::tools::durable::beside;
use crate::tools::regular::open_regular;

/// How often it is looked at.
const EVERY_MS: i64 = 1_000;

/// So much of the file with the process id is read at most: any file may have its name.
const PID_BYTES: u64 = 64 << 10;

/// A file as it was: its number, its length, and when it was changed.
type Version = Option<(u64, u64, i64, i64)>;

/// What stands beside the trail, as it was when it was last looked at.
#[derive(Debug)]
pub(super) struct Beside {
    events: PathBuf,
    looked_ms: Option<i64>,
    seal: Version,
    checkpoints: Version,
    process: ProcessState,
}

impl Beside {
    pub(super) fn new(events: &Path) -> Self {
        Self {
            events: events.to_owned(),
            looked_ms: None,
            seal: None,
            checkpoints: None,
            process: ProcessState::Unknown,
        }
    }

    /// Tells the model what changed, at most once a second.
    pub(super) fn look(&mut self, model: &mut Model, now_ms: i64) -> bool {
        // A clock that was set back counts as well.
        if self.looked_ms.is_some_and(|then| (now_ms - then).abs() < EVERY_MS) {
            return false;
        }
        self.looked_ms = Some(now_ms);
        let mut has_changed = false;
        if has_another_version(&mut self.seal, &beside(&self.events, ".seal")) {
            has_changed = true;
            model.set_seal(read_seal(&self.events).ok().map(|seal| SealSeen {
                lines: seal.lines,
                sealed_ms: seal.sealed_ms,
                is_clean: seal.clean,
                topic: seal.topic,
            }));
        }
        if has_another_version(&mut self.checkpoints, &beside(&self.events, ".checkpoints")) {
            has_changed = true;
            model.set_checkpoint(newest_checkpoint(&self.events).map(|newest| CheckpointSeen {
                number: None,
                lines: newest.lines,
                time_ms: newest.time_s.and_then(|time_s| i64::try_from(time_s).ok()?.checked_mul(1_000)),
            }));
        }
        let process = process(&self.events.with_file_name("tracker.pid"));
        if process != self.process {
            has_changed = true;
            self.process = process;
            model.set_process(process);
        }
        has_changed
    }
}

fn has_another_version(known: &mut Version, path: &Path) -> bool {
    let now = fs::metadata(path).ok().map(|it| (it.ino(), it.len(), it.mtime(), it.mtime_nsec()));
    std::mem::replace(known, now) != now
}

/// What a file with a process id says; the id alone does not say that it is a tracker's.
fn process(path: &Path) -> ProcessState {
    let text = first_bytes(path).unwrap_or_default();
    let first = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let number = std::str::from_utf8(first).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let Some(pid) = number.filter(|pid| *pid > 0) else { return ProcessState::Unknown };
    match lives(pid) {
        Some(true) => ProcessState::Running { pid },
        Some(false) => ProcessState::NotRunning { pid },
        None => ProcessState::Unknown,
    }
}

/// As much of the beginning of the file with the process id as is looked at.
fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(PID_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a process runs; `None` when it cannot be told.
fn lives(pid: u32) -> Option<bool> {
    let proc = Path::new("/proc");
    // A process sees at least itself there, or there is no such thing here.
    fs::metadata(proc.join("self")).ok()?;
    match fs::read_to_string(proc.join(pid.to_string()).join("stat")) {
        // The state stands behind the name, which may hold anything. A zombie has ended.
        Ok(stat) => stat.rsplit_once(") ").map(|(_, rest)| !rest.starts_with(['Z', 'X'])),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
        Err(_) => None,
    }
}
