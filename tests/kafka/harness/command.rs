//! Starting the programs under test.

use super::cluster::Cluster;
use super::process::{Exit, Process};
use super::scratch::Scratch;
use super::wait::SHORT;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

/// Where the sources lie, the scripts among them.
pub(crate) fn source_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the built programs lie.
pub(crate) fn binaries_dir() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tracker")).parent().expect("a program lies in a directory")
}

/// A command to be started in a directory of the test's own.
pub(crate) struct Run {
    name: String,
    command: Command,
    out_dir: PathBuf,
    /// What [`Run::under`] put aside.
    inner: Option<Command>,
}

/// One of our programs, with nothing in its environment that would change what it does.
pub(crate) fn program(name: &str, scratch: &Scratch) -> Run {
    Run::new(name, binaries_dir().join(name), scratch)
}

impl Run {
    pub(crate) fn new(name: &str, path: impl AsRef<OsStr>, scratch: &Scratch) -> Run {
        let mut command = Command::new(path);
        command.current_dir(scratch.path()).stdin(Stdio::null());
        for name in ["KAFKA_BOOTSTRAP_SERVERS", "TOPIC_PREFIX", "KAFKA_HOME", "NO_COLOR"] {
            command.env_remove(name);
        }
        let out_dir = scratch.join("said");
        std::fs::create_dir_all(&out_dir).expect("a directory for the output can be made");
        Run { name: name.to_owned(), command, out_dir, inner: None }
    }

    pub(crate) fn cluster(self, cluster: &Cluster) -> Run {
        self.args(["--brokers", cluster.bootstrap()])
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Run {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<I: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = I>) -> Run {
        self.command.args(arguments);
        self
    }

    /// Lets another program run this one; the arguments up to [`Run::then`] are that program's.
    pub(crate) fn under(mut self, wrapper: &str) -> Run {
        let mut outer = Command::new(wrapper);
        outer.stdin(Stdio::null());
        self.inner = Some(std::mem::replace(&mut self.command, outer));
        self
    }

    /// Puts this program and its arguments behind those of the one that runs it.
    pub(crate) fn then(mut self) -> Run {
        let inner = self.inner.take().expect("it is under another program");
        self.command.arg(inner.get_program()).args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => self.command.env(name, value),
                None => self.command.env_remove(name),
            };
        }
        if let Some(dir) = inner.get_current_dir() {
            self.command.current_dir(dir);
        }
        self
    }

    /// A librdkafka property.
    pub(crate) fn property(self, setting: &str) -> Run {
        self.args(["-X", setting])
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    pub(crate) fn in_dir(mut self, dir: &Path) -> Run {
        self.command.current_dir(dir);
        self
    }

    pub(crate) fn stdin(mut self, from: Stdio) -> Run {
        self.command.stdin(from);
        self
    }

    /// Starts it with its standard output in a pipe.
    pub(crate) fn start_piped(self) -> (Process, ChildStdout) {
        Process::start_piped(&self.name, self.command, &self.out_dir)
    }

    pub(crate) fn start(self) -> Process {
        Process::start(&self.name, self.command, &self.out_dir)
    }

    /// Starts it and waits for its end.
    pub(crate) fn finish(self) -> Exit {
        self.finish_within(SHORT)
    }

    pub(crate) fn finish_within(self, deadline: Duration) -> Exit {
        self.start().wait(deadline)
    }
}
