//! Who decides orders now: how a run of `process` names itself, and whether another one is known to be dead.

use std::fmt;

use rustix::process::{Pid, test_kill_process};
use uuid::Uuid;

/// One run of `process`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// The host, and the process numbers' space on it: the same number means the same process only there.
    space: String,
    pid: u32,
    run: String,
}

impl Owner {
    /// This run.
    pub(super) fn this_run() -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().replace(' ', "_");
        let numbers = std::fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned());
        let space = format!("{host}/{}", numbers.unwrap_or_default());
        Self { space, pid: std::process::id(), run: Uuid::new_v4().to_string() }
    }

    /// Reads what [`Owner`] writes; `None` for anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (space, rest) = text.split_once(" pid ")?;
        let (pid, run) = rest.split_once(" run ")?;
        Some(Self { space: space.to_owned(), pid: pid.parse().ok()?, run: run.to_owned() })
    }

    /// Whether it can be seen from here that this run has ended. One on another host may have, too.
    pub(super) fn is_dead(&self, ours: &Self) -> bool {
        if self.space != ours.space {
            return false;
        }
        if self.pid == ours.pid {
            // Two processes never have one number at a time.
            return true;
        }
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} pid {} run {}", self.space, self.pid, self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_read_as_it_was_written_and_only_the_dead_are_dead() {
        let ours = Owner::this_run();
        assert_eq!(Owner::read(&ours.to_string()), Some(ours.clone()));
        assert_eq!(Owner::read("nobody"), None);
        let parent = Owner { pid: std::os::unix::process::parent_id(), ..ours.clone() };
        assert!(!parent.is_dead(&ours));
        let mut child = std::process::Command::new("true").spawn().expect("started");
        let dead = Owner { pid: child.id(), ..ours.clone() };
        child.wait().expect("ended");
        assert!(dead.is_dead(&ours));
        let elsewhere = Owner { space: "elsewhere".to_owned(), ..dead };
        assert!(!elsewhere.is_dead(&ours));
        let before = Owner { run: "an earlier run of the same number".to_owned(), ..ours.clone() };
        assert!(before.is_dead(&ours));
    }
}
