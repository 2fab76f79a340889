//! One running program: started, watched, signalled, and never left behind.

use super::reaper;
use super::wait::wait_until;
use rustix::io::Errno;
pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A child whose standard output and error go to files, so that it can never block on us.
pub(crate) struct Process {
    name: String,
    child: Child,
    status: Option<ExitStatus>,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// How a process ended, and what it said.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts `command` in a process group of its own, with its output in files in `out_dir`.
    pub(crate) fn start(name: &str, command: Command, out_dir: &Path) -> Process {
        Process::start_into(name, command, out_dir, None)
    }

    /// The same with its standard output in a pipe, which the test may close.
    pub(crate) fn start_piped(name: &str, command: Command, out_dir: &Path) -> (Process, ChildStdout) {
        let mut process = Process::start_into(name, command, out_dir, Some(Stdio::piped()));
        let pipe = process.child.stdout.take().expect("it is a pipe");
        (process, pipe)
    }

    fn start_into(name: &str, mut command: Command, out_dir: &Path, into: Option<Stdio>) -> Process {
        let number = std::fs::read_dir(out_dir).map_or(0, Iterator::count);
        let stdout = out_dir.join(format!("{name}-{number}.stdout"));
        let stderr = out_dir.join(format!("{name}-{number}.stderr"));
        let to_file = |path| File::create(path).expect("an output file can be made");
        let child = command
            .stdout(into.unwrap_or_else(|| to_file(&stdout).into()))
            .stderr(to_file(&stderr))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        reaper::started(child.id());
        Process { name: name.to_owned(), child, status: None, stdout, stderr }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn take_stdin(&mut self) -> std::process::ChildStdin {
        self.child.stdin.take().expect("standard input is a pipe")
    }

    pub(crate) fn stdout(&self) -> String {
        text_of(&self.stdout)
    }

    pub(crate) fn stderr(&self) -> String {
        text_of(&self.stderr)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("our own child can be asked");
            if self.status.is_some() {
                reaper::ended(self.child.id());
            }
        }
        self.status.is_none()
    }

    /// Sends a signal, if the process still runs.
    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.is_running() {
            send_signal(self.child.id(), signal);
        }
    }

    /// Waits for its end by itself; panics, with what it said, when it takes longer.
    pub(crate) fn wait(&mut self, deadline: Duration) -> Exit {
        let what = format!("{} (pid {}) ends", self.name, self.child.id());
        wait_until(&what, deadline, || (!self.is_running()).then_some(()));
        let status = self.status.expect("it has ended");
        Exit { code: status.code(), signal: status.signal(), stdout: self.stdout(), stderr: self.stderr() }
    }

    /// SIGTERM, then its end. One that was started just now is let come to its first lines: before, the signal would
    /// kill it, and tell nothing of how it stops.
    pub(crate) fn terminate(&mut self, deadline: Duration) -> Exit {
        let what = format!("{} (pid {}) listens to SIGTERM", self.name, self.child.id());
        wait_until(&what, deadline, || (!self.is_running() || listens(self.child.id(), Signal::TERM)).then_some(()));
        self.signal(Signal::TERM);
        self.wait(deadline)
    }

    /// SIGKILL, then its end.
    pub(crate) fn kill_nine(&mut self) {
        self.signal(Signal::KILL);
        self.wait(Duration::from_secs(30));
    }

    /// Waits until a text stands on its standard output or error; panics when it ends before.
    pub(crate) fn wait_for_output(&mut self, text: &str, deadline: Duration) {
        let what = format!("{} says {text:?}", self.name);
        wait_until(&what, deadline, || {
            let running = self.is_running();
            if self.stdout().contains(text) || self.stderr().contains(text) {
                return Some(());
            }
            assert!(running, "{} ended before it said {text:?}", self.name);
            None
        });
    }
}

/// Sends a signal to a process that is ours, though perhaps not our child.
pub(crate) fn send_signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).expect("a PID is an i32");
    let sent = kill_process(Pid::from_raw(pid).expect("a PID is not 0"), signal);
    assert!(sent.is_ok() || sent == Err(Errno::SRCH), "{pid} cannot be signalled: {sent:?}");
}

/// Whether a process has a handler for a signal; taken for granted where the system does not tell.
fn listens(pid: u32, signal: Signal) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { return true };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
    let caught = caught.map(|mask| u64::from_str_radix(mask, 16).expect("a mask in hexadecimal digits"));
    caught.is_none_or(|mask| mask >> (signal.as_raw() - 1) & 1 == 1)
}

fn text_of(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// The last lines of a text, for messages of failed tests.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n    ")
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "--- {} (pid {}) said at the end, standard output:\n    {}\n  standard error:\n    {}",
                self.name,
                self.child.id(),
                tail(&self.stdout()),
                tail(&self.stderr()),
            );
        }
        if self.is_running() && self.child.kill().is_ok() && self.child.wait().is_ok() {
            reaper::ended(self.child.id());
        }
    }
}

impl Exit {
    /// The last line of standard output.
    pub(crate) fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Exit {
        assert_eq!(
            self.code,
            Some(code),
            "exit code (signal {:?})\n  standard output: {}\n  standard error: {}",
            self.signal,
            tail(&self.stdout),
            tail(&self.stderr),
        );
        self
    }

    /// Every text must stand in the messages on standard error.
    #[track_caller]
    pub(crate) fn expect_message(&self, texts: &[&str]) -> &Exit {
        for text in texts {
            assert!(self.stderr.contains(text), "the message should say {text:?}, it says:\n{}", self.stderr);
        }
        self
    }
}
